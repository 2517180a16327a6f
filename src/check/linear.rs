//! Check of the cross-entropy of a linear layer: each tile of its products on each storage type, over a few distributions of
//! hidden, with shapes on which every level of the nested sums is reached and options that take turns.

use std::ops::ControlFlow;

use super::execute::{Outcome, counts};
use super::expected::Expected;
use super::kinds::{Kind, ids};
use super::matrices::{Output, upload};
use super::{Depth, Group, Inputs, bounds, inputs, judge};
use crate::error::Error;
use crate::gpu::Gpu;
use crate::ops::cross_entropy::{
    CrossEntropyExtras, LinearCrossEntropyBuffers, LinearGradients, Status,
};
use crate::reference::{CrossEntropy, Linear};
use crate::spec::dtype::DType;
use crate::spec::linear::LinearCrossEntropySpec;
use crate::spec::loss::{LossOptions, Reduction};
use crate::spec::mask::{Mask, MaskKind};
use crate::spec::target_type::TargetType;
use crate::variant::{Access, Family, Operation, Reduce, Tile, Variant};

/// Rows, features, classes, and rows of a chunk: of several chunks and tiles, and of more than 256 terms in each of the three products,
/// whether features are a multiple of four or not.
const SHAPES: [[usize; 4]; 7] = [
    [37, 45, 130, 16],
    [70, 260, 130, 70],
    [3, 601, 21, 2],
    [2, 5, 700, 2],
    [3, 8, 701, 2],
    [300, 6, 9, 300],
    [300, 8, 9, 300],
];

const DISTRIBUTIONS: [Inputs; 3] = [Inputs::Flat, Inputs::PlantedOutliers, Inputs::Special];

/// One invocation a row: a kernel of the loss that serves any row, so that few are compiled.
const LOSS: Variant = Variant {
    family: Family::Streamed,
    reduce: Reduce::Invocation,
    lanes: 1,
    workgroup: 64,
    access: Access::Words,
    int64: false,
    groups: 0,
};

/// Runs of the products with one tile on one storage type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) dtype: DType,
    tile: Tile,
}

/// Returns the entries for a device: of a quick check, those with the tile that it prefers.
pub(super) fn entries(gpu: &Gpu, depth: Depth) -> Vec<Entry> {
    let abilities = gpu.planner().abilities();
    let preferred = Tile::of(abilities);
    let tiles = Tile::ALL.into_iter().filter(|tile| match depth {
        Depth::Quick => *tile == preferred,
        _ => tile.fits(abilities),
    });
    tiles
        .flat_map(|tile| DType::ALL.map(|dtype| Entry { dtype, tile }))
        .collect()
}

impl Entry {
    /// Returns the number of groups: one a distribution.
    pub(super) const fn groups(&self) -> usize {
        DISTRIBUTIONS.len()
    }

    /// Runs the entry and tells of its groups, one a distribution, until `on_group` breaks off.
    pub(super) async fn check(
        &self,
        gpu: &Gpu,
        on_group: &mut impl FnMut(Group) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Error> {
        let operation = Operation::LinearCrossEntropy;
        for (turn, inputs) in DISTRIBUTIONS.into_iter().enumerate() {
            let mut group =
                Group::new(operation, self.dtype, &self.tile.to_string(), inputs.name());
            for (place, shape) in SHAPES.into_iter().enumerate() {
                let case = Case::new(shape, self.dtype, inputs, turn + place);
                let [rows, features, classes, chunk] = shape;
                let options = (turn + place) % 4;
                let at = format!(
                    "{rows} x {features} x {classes}, chunks of {chunk}, options {options}"
                );
                let outcome = case.execute(gpu, self.tile).await?;
                judge::add(&mut group, &case.expected(), &outcome, &at);
            }
            if on_group(group).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Draws a mask that excludes a few.
fn kept(elements: usize, seed: u64) -> Vec<bool> {
    let drawn = inputs::upstream(elements, seed + 5).into_iter();
    drawn.map(|x| x > -1.0).collect()
}

/// One shape, distribution and set of options.
struct Case {
    shape: [usize; 4],
    dtype: DType,
    kind: Kind,
    loss: LossOptions,
    hidden: Vec<f32>,
    weight: Vec<f32>,
    ids: Vec<i64>,
    /// Empty where there is none, and so for what follows.
    bias: Vec<f32>,
    class_weight: Vec<f32>,
    row_weight: Vec<f32>,
    row_scale: Vec<f32>,
    grad_losses: Vec<f32>,
    /// Elements of a mask of the classes, or of all logits.
    mask: Vec<bool>,
}

impl Case {
    fn new(shape: [usize; 4], dtype: DType, distribution: Inputs, turn: usize) -> Self {
        let [rows, features, classes, _] = shape;
        let seed = turn as u64;
        let stored = |values: Vec<f32>, factor: f32| -> Vec<f32> {
            let values = values.into_iter();
            values.map(|value| dtype.round(value * factor)).collect()
        };
        let kind = match turn % 2 {
            0 => Kind::Ignoring(TargetType::I32),
            _ => Kind::Ids(TargetType::I32),
        };
        let flat = |rows, cols, seed| Inputs::Flat.logits(rows, cols, seed);
        let mut case = Self {
            shape,
            dtype,
            kind,
            loss: LossOptions::default(),
            hidden: stored(distribution.logits(rows, features, seed), 1.0),
            weight: stored(
                flat(classes, features, seed + 1),
                2.0 / (features as f32).sqrt(),
            ),
            ids: ids(kind, rows, classes, seed),
            bias: Vec::new(),
            class_weight: Vec::new(),
            row_weight: Vec::new(),
            row_scale: Vec::new(),
            grad_losses: Vec::new(),
            mask: Vec::new(),
        };
        case.set_options(turn % 4, seed);
        case
    }

    /// Sets the options whose turn it is: none; all but a mask; those with a value a row, and a mask of all logits; and weights and
    /// scales of a mean over some classes.
    fn set_options(&mut self, turn: usize, seed: u64) {
        let [rows, _, classes, _] = self.shape;
        self.loss.ignore_index = self.kind.ignored();
        if turn > 0 {
            self.bias = Inputs::Flat.logits(1, classes, seed + 2);
        }
        if turn % 2 == 1 {
            self.class_weight = inputs::weights(classes, seed);
            self.row_weight = inputs::weights(rows, seed + 3);
            self.row_scale = inputs::scales(rows, seed + 4);
        }
        match turn {
            1 => {
                self.loss.reduction = Reduction::Sum;
                self.loss.label_smoothing = 0.1;
                self.loss.z_loss = 1e-2;
                self.loss.softcap = Some(5.0);
                self.loss.scale = 0.5;
                self.grad_losses = inputs::upstream(1, seed);
            }
            2 => {
                self.loss.reduction = Reduction::None;
                self.grad_losses = inputs::upstream(rows, seed);
                self.mask = kept(rows * classes, seed);
            }
            3 => {
                self.mask = kept(classes, seed);
                // The mean is that of targets that are kept.
                let targets = self.ids.iter().filter_map(|&id| usize::try_from(id).ok());
                targets
                    .filter(|&class| class < classes)
                    .for_each(|class| self.mask[class] = true);
            }
            _ => {}
        }
    }

    /// Returns the mask, if there is one.
    fn mask(&self) -> Option<Mask> {
        let [rows, _, classes, _] = self.shape.map(|extent| extent as u64);
        let of = [self.mask.len() as u64 / classes, classes];
        let mask = Mask::new(MaskKind::Boolean, &[rows, classes], 1, &of);
        mask.ok().filter(|_| !self.mask.is_empty())
    }

    fn layer(&self) -> Linear<'_> {
        let layer = Linear::new(&self.hidden, &self.weight, self.shape[1]);
        match self.bias.is_empty() {
            true => layer,
            false => layer.bias(&self.bias),
        }
    }

    fn reference(&self) -> CrossEntropy {
        let mut of = CrossEntropy::new(self.shape[2]).loss(self.loss);
        if !self.class_weight.is_empty() {
            of = of.weight(self.class_weight.clone());
        }
        if !self.row_weight.is_empty() {
            of = of.row_weight(self.row_weight.clone());
        }
        if !self.row_scale.is_empty() {
            of = of.row_scale(self.row_scale.clone());
        }
        if !self.mask.is_empty() {
            let of_all = self.mask.iter().copied().cycle();
            of = of.kept(
                of_all
                    .take(self.shape[0] * self.shape[2])
                    .collect::<Vec<_>>(),
            );
        }
        match (self.grad_losses.as_slice(), self.loss.reduction) {
            ([], _) => of,
            (all, Reduction::None) => of.grad_losses(all.to_vec()),
            (all, _) => of.grad_loss(all[0].into()),
        }
    }

    /// Number of elements of the loss.
    const fn losses(&self) -> usize {
        match self.loss.reduction {
            Reduction::None => self.shape[0],
            _ => 1,
        }
    }

    /// Returns the expected outputs, in the order of those of [`execute`](Self::execute).
    fn expected(&self) -> Vec<Expected> {
        let [rows, features, _, chunk] = self.shape;
        let (of, layer) = (&self.reference(), self.layer());
        let result = of.linear_losses(layer, &self.ids);
        let status = Expected::status(&result, 0.0);
        let gradients = of.linear_gradients(layer, &self.ids);
        let allowed = bounds::linear_gradients(of, layer, &self.ids, rows.div_ceil(chunk));
        let (losses, of_losses) = match (result.loss, bounds::linear_loss(of, layer, &self.ids)) {
            (Some(loss), Some(allowed)) => (vec![loss], vec![allowed]),
            _ => (
                result.row_losses,
                bounds::linear_row_loss(of, layer, &self.ids),
            ),
        };
        let output = |name, values: Vec<f64>, allowed: Vec<f64>, cols, dtype| Expected {
            name,
            allowed: bounds::stored(dtype, &allowed, &values),
            values,
            cols,
            dtype,
        };
        let f32s = DType::F32;
        vec![
            output("losses", losses, of_losses, 1, f32s),
            output(
                "grad_hidden",
                gradients.hidden,
                allowed.hidden,
                features,
                self.dtype,
            ),
            output(
                "grad_weight",
                gradients.weight,
                allowed.weight,
                features,
                f32s,
            ),
            output("grad_bias", gradients.bias, allowed.bias, 1, f32s),
            status,
        ]
    }

    async fn execute(&self, gpu: &Gpu, tile: Tile) -> Result<Outcome, Error> {
        let [rows, features, classes, chunk] = self.shape;
        let some = |name, values: &[f32]| match values {
            [] => Ok(None),
            values => gpu.upload(name, values).map(Some),
        };
        let ids: Vec<i32> = self.ids.iter().map(|&id| id as i32).collect();
        let hidden = upload(gpu, "hidden", &self.hidden, self.dtype)?;
        let weight = upload(gpu, "weight", &self.weight, self.dtype)?;
        let targets = gpu.upload("targets", &ids)?;
        let bias = some("bias", &self.bias)?;
        let class_weight = some("class_weight", &self.class_weight)?;
        let row_weight = some("row_weight", &self.row_weight)?;
        let row_scale = some("row_scale", &self.row_scale)?;
        let grad_losses = some("grad_losses", &self.grad_losses)?;
        let mask = self.mask();
        let elements = mask.map(|_| gpu.upload("mask", &self.mask)).transpose()?;
        let output = |name, len, dtype| Output::new(gpu, name, len, dtype);
        let losses = output("losses", self.losses(), DType::F32)?;
        let by_hidden = output("grad_hidden", rows * features, self.dtype)?;
        let by_weight = output("grad_weight", classes * features, DType::F32)?;
        let by_bias = output("grad_bias", classes, DType::F32)?;
        let status = output("status", size_of::<Status>() / 4, DType::F32)?;
        let buffers = LinearCrossEntropyBuffers {
            hidden: &hidden,
            weight: &weight,
            bias: bias.as_ref(),
            targets: &targets,
            losses: &losses.buffer,
            gradients: LinearGradients {
                hidden: Some(&by_hidden.buffer),
                weight: Some(&by_weight.buffer),
                bias: Some(&by_bias.buffer),
            },
        };
        let extras = CrossEntropyExtras {
            weight: class_weight.as_ref(),
            row_weight: row_weight.as_ref(),
            row_scale: row_scale.as_ref(),
            mask: elements.as_ref(),
            grad_losses: grad_losses.as_ref(),
            status: Some(&status.buffer),
            ..CrossEntropyExtras::default()
        };
        let extents = [rows, features, classes].map(|extent| extent as u64);
        let spec = LinearCrossEntropySpec::new(extents[0], extents[1], extents[2])
            .dtype(self.dtype)
            .loss(self.loss)
            .chunk_rows(chunk as u64);
        let spec = mask.map_or(spec, |mask| spec.mask(mask));
        let planner = gpu.planner().with_variant(LOSS);
        let bound = planner
            .linear_in_tiles(spec, tile)?
            .bind_with(extents[0], buffers, extras)?;
        let outputs = [&losses, &by_hidden, &by_weight, &by_bias, &status];
        let what = "check of linear-cross-entropy";
        let mut outcome = Outcome::of(gpu, &[bound], &outputs, what).await?;
        outcome.outputs[4] = counts(&outcome.outputs[4]);
        Ok(outcome)
    }
}
