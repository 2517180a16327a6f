//! Inputs that are drawn for a case, and the results of the reference.

use crate::check::{Inputs, bounds, inputs, of_rows, of_sinks, result_of};
use crate::device::described::Element;
use crate::reference::{Columns, CrossEntropy, Linear, Masked, Targets, rows_of};
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::dtype::DType;
use crate::spec::linear::LinearCrossEntropySpec;
use crate::spec::loss::{LossOptions, Reduction};
use crate::spec::mask::{Mask, MaskKind};
use crate::spec::softmax::SoftmaxSpec;
use crate::spec::target_type::TargetType;
use crate::variant::Operation;

/// The value and the bound of each element of an output.
type Result = (&'static str, Vec<f64>, Vec<f64>);

/// Inputs by what they are, rows one after the other, and the results.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    /// Logits, probabilities, log-probabilities, or hidden.
    first: Vec<f32>,
    /// Weight and bias of a linear layer.
    layer: [Vec<f32>; 2],
    upstream: Vec<f32>,
    /// Elements of an additive mask.
    added: Vec<f32>,
    /// Elements of a boolean mask.
    kept: Vec<u8>,
    /// The same for each logit of a loss.
    each_kept: Vec<bool>,
    sinks: Vec<f32>,
    /// Probabilities of sinks that a backward pass reads.
    sink_probs: Vec<f32>,
    ids: Vec<i64>,
    probs: Vec<f32>,
    weight: Vec<f32>,
    row_weight: Vec<f32>,
    row_scale: Vec<f32>,
    pairs: Vec<f32>,
    candidates: Vec<i64>,
    pub(super) results: Vec<Result>,
}

impl Drawn {
    /// Draws the inputs of an operation without targets.
    pub(super) fn of_rows(op: Operation, spec: &SoftmaxSpec, logits: Inputs, seed: u64) -> Self {
        let (rows, cols) = (spec.rows as usize, spec.cols as usize);
        let rounded = |values| rounded(spec.dtype, values);
        let logits = rounded(logits.logits(rows, cols, seed));
        let (first, upstream) = match op {
            Operation::SoftmaxBackward => (
                rounded(inputs::probs(&logits, cols)),
                rounded(inputs::upstream(rows * cols, seed)),
            ),
            Operation::LogSoftmaxBackward => (
                rounded(inputs::log_probs(&logits, cols)),
                rounded(inputs::upstream(rows * cols, seed)),
            ),
            Operation::LogSumExpBackward => (logits, inputs::upstream(rows, seed)),
            _ => (logits, Vec::new()),
        };
        let mut drawn = Self {
            first,
            upstream,
            ..Self::default()
        };
        let (added, kept) = drawn.masks(spec, seed);
        let columns = Columns::new(cols).scale(spec.scale);
        let mut masked = Masked::new(columns).empty_rows(spec.empty_rows);
        if !added.is_empty() {
            masked = masked.additive(&added);
        }
        if !kept.is_empty() {
            masked = masked.kept(&kept);
        }
        if let Some(sinks) = spec.sinks {
            drawn.sinks = inputs::upstream(sinks.heads as usize, seed + 1);
            let any = inputs::upstream(rows, seed + 2).into_iter();
            drawn.sink_probs = any.map(|x| 1.0 / (1.0 + x.abs())).collect();
            masked = masked.sinks(&drawn.sinks, sinks.queries as usize);
        }
        let given = (&drawn.first[..], &drawn.upstream[..]);
        let (values, allowed) = of_rows(op, given, masked);
        let mut results = vec![(result_of(op), values, allowed)];
        if spec.sinks.is_some() {
            results.push(of_sinks(op, given, &drawn.sink_probs, masked));
        }
        Self { results, ..drawn }
    }

    /// Draws a mask. Returns what is added to each logit, and which logits are kept: nothing where none is added, or all are kept.
    fn mask(&mut self, mask: Option<Mask>, seed: u64) -> (Vec<f32>, Vec<bool>) {
        let Some(mask) = mask else {
            return (Vec::new(), Vec::new());
        };
        let of_row = |row| (0..mask.cols()).map(move |col| mask.element(row, col) as usize);
        let each = || (0..mask.rows()).flat_map(of_row);
        let elements = inputs::upstream(mask.elements() as usize, seed).into_iter();
        match mask.kind() {
            MaskKind::Additive => {
                let excluded = |x: f32| if x > 1.5 { f32::NEG_INFINITY } else { x };
                self.added = elements.map(excluded).collect();
                (each().map(|at| self.added[at]).collect(), Vec::new())
            }
            MaskKind::Boolean => {
                self.kept = elements.map(|x| u8::from(x < 0.5)).collect();
                (Vec::new(), each().map(|at| self.kept[at] != 0).collect())
            }
        }
    }

    /// Draws the mask of a spec, as [`mask`](Self::mask), and excludes the later keys of causal rows.
    fn masks(&mut self, spec: &SoftmaxSpec, seed: u64) -> (Vec<f32>, Vec<bool>) {
        let (rows, cols) = (spec.rows, spec.cols);
        let (added, mut kept) = self.mask(spec.mask, seed);
        if let Some(queries) = spec.queries {
            let places = (0..rows).flat_map(move |row| (0..cols).map(move |col| (row, col)));
            let counts = |(row, col): (u64, u64)| col + queries <= row % queries + cols;
            let otherwise = kept.into_iter().chain(std::iter::repeat(true));
            kept = places
                .map(counts)
                .zip(otherwise)
                .map(|(is, and)| is && and)
                .collect();
        }
        (added, kept)
    }

    /// Draws the mask of a loss, and moves the targets to classes that are kept.
    fn mask_of_loss(&mut self, mask: Option<Mask>, cols: usize, seed: u64) {
        (_, self.each_kept) = self.mask(mask, seed);
        let targets = (&mut self.ids[..], &mut self.probs[..]);
        inputs::keep_targets(&self.each_kept, cols, targets, |_| false);
    }

    /// Draws the inputs of a cross-entropy, those that are optional where they are bound.
    pub(super) fn of_loss(
        spec: &CrossEntropySpec,
        is_bound: impl Fn(&'static str) -> bool,
        logits: Inputs,
        seed: u64,
    ) -> Self {
        let (rows, cols) = (spec.rows as usize, spec.classes as usize);
        let losses = match spec.loss.reduction {
            Reduction::None => rows,
            _ => 1,
        };
        let ids = inputs::targets(rows, cols, seed, spec.loss.ignore_index);
        let bound = |name, values: Vec<f32>| if is_bound(name) { values } else { Vec::new() };
        let classes = i64::try_from(spec.classes).unwrap_or(i64::MAX);
        let candidates = (0..).map(|n: i64| n * 7919 % classes);
        let mut drawn = Self {
            first: rounded(spec.dtype, logits.logits(rows, cols, seed)),
            upstream: bound("grad_losses", inputs::upstream(losses, seed + 1)),
            ids: ids.into_iter().map(i64::from).collect(),
            probs: rounded(spec.dtype, inputs::sparse_probs(rows, cols, seed)),
            weight: bound("weight", inputs::weights(cols, seed)),
            row_weight: bound("row_weight", inputs::weights(rows, seed + 2)),
            row_scale: bound("row_scale", inputs::scales(rows, seed + 3)),
            candidates: candidates
                .take(rows * spec.row_outputs.log_probs_of as usize)
                .collect(),
            ..Self::default()
        };
        drawn.mask_of_loss(spec.mask, cols, seed);
        let of = drawn.reference(cols, spec.loss);
        let pair = |(n, row)| {
            let statistic = of.for_row(n).statistic(row);
            match statistic.poisoned() {
                true => [statistic.lse() as f32, f32::NAN],
                false => [statistic.max as f32, (1.0 / statistic.sum) as f32],
            }
        };
        drawn.pairs = rows_of(&drawn.first, cols)
            .enumerate()
            .flat_map(pair)
            .collect();
        let targets: Targets<'_> = match spec.targets {
            TargetType::Probs => (&drawn.probs).into(),
            _ => (&drawn.ids).into(),
        };
        let x = &drawn.first;
        let result = of.losses(x, targets);
        let losses = match (result.loss, bounds::loss(&of, x, targets)) {
            (Some(loss), Some(allowed)) => (vec![loss], vec![allowed]),
            _ => (result.row_losses, bounds::row_loss(&of, x, targets)),
        };
        let (gradient, allowed) = (
            of.gradient(x, targets),
            bounds::loss_gradient(&of, x, targets),
        );
        drawn.results = vec![
            ("losses", losses.0, losses.1),
            ("lse", result.lse, bounds::row_lse(&of, x)),
            ("grad_logits", gradient, allowed),
        ];
        drawn
    }

    /// Draws the inputs of a linear layer's cross-entropy, those that are optional where they are bound.
    pub(super) fn of_linear(
        spec: &LinearCrossEntropySpec,
        is_bound: impl Fn(&'static str) -> bool,
        hidden: Inputs,
        seed: u64,
    ) -> Self {
        let [rows, features, classes] =
            [spec.rows, spec.features, spec.classes].map(|extent| extent as usize);
        let bound = |name, values: Vec<f32>| if is_bound(name) { values } else { Vec::new() };
        let flat = |rows, cols, seed| Inputs::Flat.logits(rows, cols, seed);
        let mut weight = flat(classes, features, seed + 1);
        let factor = 2.0 / (features as f32).sqrt();
        weight.iter_mut().for_each(|weight| *weight *= factor);
        let losses = spec.losses() as usize;
        let ids = inputs::targets(rows, classes, seed, spec.loss.ignore_index);
        let mut drawn = Self {
            first: rounded(spec.dtype, hidden.logits(rows, features, seed)),
            layer: [
                rounded(spec.dtype, weight),
                bound("bias", flat(1, classes, seed + 2)),
            ],
            upstream: bound("grad_losses", inputs::upstream(losses, seed + 1)),
            ids: ids.into_iter().map(i64::from).collect(),
            weight: bound("class_weight", inputs::weights(classes, seed)),
            row_weight: bound("row_weight", inputs::weights(rows, seed + 2)),
            ..Self::default()
        };
        drawn.mask_of_loss(spec.mask, classes, seed);
        let of = &drawn.reference(classes, spec.loss);
        let [weight, bias] = &drawn.layer;
        let mut layer = Linear::new(&drawn.first, weight, features);
        if !bias.is_empty() {
            layer = layer.bias(bias);
        }
        let ids = &drawn.ids;
        let result = of.linear_losses(layer, ids);
        let losses = match (result.loss, bounds::linear_loss(of, layer, ids)) {
            (Some(loss), Some(allowed)) => (vec![loss], vec![allowed]),
            _ => (result.row_losses, bounds::linear_row_loss(of, layer, ids)),
        };
        let gradients = of.linear_gradients(layer, ids);
        let chunks = spec.rows.div_ceil(spec.chunk_rows.unwrap_or(spec.rows));
        let allowed = bounds::linear_gradients(of, layer, ids, chunks as usize);
        let results = vec![
            ("losses", losses.0, losses.1),
            ("grad_hidden", gradients.hidden, allowed.hidden),
            ("grad_weight", gradients.weight, allowed.weight),
            ("grad_bias", gradients.bias, allowed.bias),
        ];
        Self { results, ..drawn }
    }

    fn reference(&self, classes: usize, loss: LossOptions) -> CrossEntropy {
        let mut of = CrossEntropy::new(classes).loss(loss);
        if !self.weight.is_empty() {
            of = of.weight(self.weight.clone());
        }
        if !self.row_weight.is_empty() {
            of = of.row_weight(self.row_weight.clone());
        }
        if !self.row_scale.is_empty() {
            of = of.row_scale(self.row_scale.clone());
        }
        if !self.each_kept.is_empty() {
            of = of.kept(&self.each_kept[..]);
        }
        match (self.upstream.as_slice(), loss.reduction) {
            ([], _) => of,
            (_, Reduction::None) => of.grad_losses(self.upstream.clone()),
            (of_loss, _) => of.grad_loss(of_loss[0].into()),
        }
    }

    /// Returns the words of a buffer by its name, the values of a matrix put `in_order`.
    pub(super) fn words(
        &self,
        name: &str,
        element: Element,
        in_order: impl Fn(&[f32]) -> Vec<f32>,
    ) -> Vec<u32> {
        let floats = |values: &[f32]| {
            let dtype = element.floats().unwrap_or(DType::F32);
            let values = in_order(values).into_iter();
            let bits = values.map(|value| dtype.encode(value).to_le_bytes());
            words(bits, element.bytes())
        };
        let ids = |ids: &[i64]| words(ids.iter().map(|id| id.to_le_bytes()), element.bytes());
        match (name, element) {
            ("logits" | "probs" | "log_probs" | "hidden", _) => floats(&self.first),
            ("weight", _) if !self.layer[0].is_empty() => floats(&self.layer[0]),
            ("bias", _) => floats(&self.layer[1]),
            ("mask", Element::U8) => words(self.kept.iter().map(|byte| [*byte]), 1),
            ("mask", _) => floats(&self.added),
            ("sinks", _) => floats(&self.sinks),
            ("sink_probs", _) => floats(&self.sink_probs),
            ("weight" | "class_weight", _) => floats(&self.weight),
            ("row_weight", _) => floats(&self.row_weight),
            ("row_scale", _) => floats(&self.row_scale),
            ("pairs", _) => floats(&self.pairs),
            ("candidates", _) => ids(&self.candidates),
            ("targets", of) if of.floats().is_none() => ids(&self.ids),
            ("targets", _) => floats(&self.probs),
            _ => floats(&self.upstream),
        }
    }
}

/// Rounds values as storage does.
fn rounded(dtype: DType, values: Vec<f32>) -> Vec<f32> {
    values.into_iter().map(|value| dtype.round(value)).collect()
}

/// Packs the lowest `size` bytes of each value into words, zeros behind the last one.
fn words<const N: usize>(values: impl Iterator<Item = [u8; N]>, size: u64) -> Vec<u32> {
    let bytes: Vec<u8> = values
        .flat_map(|value| value.into_iter().take(size as usize))
        .collect();
    let word = |bytes: &[u8]| {
        let mut whole = [0; 4];
        whole[..bytes.len()].copy_from_slice(bytes);
        u32::from_le_bytes(whole)
    };
    bytes.chunks(4).map(word).collect()
}
