//! A linear layer with its loss, whose options are set alike for the kernels and for the reference.

use wgpu_softmax::check::{bounds, compare_as, inputs};
use wgpu_softmax::reference::{CrossEntropy, CrossEntropyResult, Linear};
use wgpu_softmax::wgpu::Buffer;
use wgpu_softmax::{
    Bound, CrossEntropyExtras, DType, Gpu, LinearCrossEntropyBuffers, LinearCrossEntropyPlan,
    LinearCrossEntropySpec, LinearGradients, LossOptions, Mask, MaskKind, Reduction, Status,
};

use crate::common::POISON;

/// The class id that is ignored.
pub(crate) const IGNORED: i64 = -100;

#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) rows: usize,
    pub(crate) features: usize,
    pub(crate) classes: usize,
    pub(crate) dtype: DType,
    pub(crate) loss: LossOptions,
    pub(crate) chunk_rows: Option<u64>,
    pub(crate) hidden: Vec<f32>,
    pub(crate) weight: Vec<f32>,
    /// None if empty, and so for what follows.
    pub(crate) bias: Vec<f32>,
    pub(crate) ids: Vec<i64>,
    pub(crate) class_weight: Vec<f32>,
    pub(crate) grad_losses: Vec<f32>,
    /// A mask of the classes, or of all logits.
    pub(crate) mask: Vec<bool>,
}

/// What a run gave.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) losses: Vec<f32>,
    pub(crate) hidden: Vec<f32>,
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    pub(crate) status: Status,
}

/// Draws numbers of which the products with as many others have about unit variance.
fn drawn(dtype: DType, len: usize, seed: u64, scale: f32) -> Vec<f32> {
    let values = inputs::upstream(len, seed).into_iter();
    values.map(|value| dtype.round(value * scale)).collect()
}

impl Problem {
    pub(crate) fn new((rows, features, classes): (usize, usize, usize), seed: u64) -> Self {
        let dtype = DType::F32;
        let ids = inputs::targets(rows, classes, seed, Some(-100));
        Self {
            rows,
            features,
            classes,
            dtype,
            loss: LossOptions::default(),
            chunk_rows: None,
            hidden: drawn(dtype, rows * features, 3 * seed + 1, 1.0),
            weight: drawn(
                dtype,
                classes * features,
                3 * seed + 2,
                4.0 / (features as f32).sqrt(),
            ),
            bias: Vec::new(),
            ids: ids.into_iter().map(i64::from).collect(),
            class_weight: Vec::new(),
            grad_losses: Vec::new(),
            mask: Vec::new(),
        }
        .ignoring()
    }

    fn ignoring(mut self) -> Self {
        self.loss.ignore_index = Some(IGNORED);
        self
    }

    pub(crate) fn with_bias(mut self, seed: u64) -> Self {
        self.bias = drawn(DType::F32, self.classes, seed, 1.0);
        self
    }

    /// Sets the storage type: the values are those that it holds.
    pub(crate) fn dtype(mut self, dtype: DType) -> Self {
        self.dtype = dtype;
        for values in [&mut self.hidden, &mut self.weight] {
            values
                .iter_mut()
                .for_each(|value| *value = dtype.round(*value));
        }
        self
    }

    pub(crate) fn loss(mut self, set: impl Fn(&mut LossOptions)) -> Self {
        set(&mut self.loss);
        self
    }

    pub(crate) fn chunk_rows(mut self, chunk_rows: u64) -> Self {
        self.chunk_rows = Some(chunk_rows);
        self
    }

    pub(crate) fn spec(&self) -> LinearCrossEntropySpec {
        let extents = [self.rows, self.features, self.classes].map(|extent| extent as u64);
        let spec = LinearCrossEntropySpec::new(extents[0], extents[1], extents[2])
            .dtype(self.dtype)
            .loss(self.loss);
        let spec = self.chunk_rows.map_or(spec, |rows| spec.chunk_rows(rows));
        if self.mask.is_empty() {
            return spec;
        }
        let of = [self.mask.len() as u64 / extents[2], extents[2]];
        let mask = Mask::new(MaskKind::Boolean, &[extents[0], extents[2]], 1, &of);
        spec.mask(mask.expect("a mask"))
    }

    pub(crate) fn mask(mut self, mask: Vec<bool>) -> Self {
        self.mask = mask;
        self
    }

    pub(crate) fn plan(&self, gpu: &Gpu) -> LinearCrossEntropyPlan {
        gpu.planner()
            .linear_cross_entropy(self.spec())
            .expect("a plan")
    }

    pub(crate) fn layer(&self) -> Linear<'_> {
        let layer = Linear::new(&self.hidden, &self.weight, self.features);
        match self.bias.is_empty() {
            true => layer,
            false => layer.bias(&self.bias),
        }
    }

    pub(crate) fn reference(&self) -> CrossEntropy {
        let mut of = CrossEntropy::new(self.classes).loss(self.loss);
        if !self.class_weight.is_empty() {
            of = of.weight(self.class_weight.clone());
        }
        if !self.mask.is_empty() {
            let of_all = self.mask.iter().copied().cycle();
            of = of.kept(of_all.take(self.rows * self.classes).collect::<Vec<_>>());
        }
        match (self.grad_losses.as_slice(), self.loss.reduction) {
            ([], _) => of,
            (all, Reduction::None) => of.grad_losses(all.to_vec()),
            (all, _) => of.grad_loss(all[0].into()),
        }
    }

    /// Runs the loss, with its gradients or without.
    pub(crate) fn run(&self, gpu: &Gpu, has_gradients: bool) -> Found {
        let buffers = Buffers::new(self, gpu);
        gpu.run(&buffers.bound(self, gpu, has_gradients), "a test")
            .expect("a run");
        let some = |is_some: bool, len: usize| if is_some { len } else { 0 };
        let read = |buffer: &Buffer, len| gpu.download::<f32>(buffer, len).expect("a result");
        let [losses, by_hidden, by_weight, by_bias, status] = &buffers.outputs;
        let hidden = some(has_gradients, self.rows * self.features);
        Found {
            losses: read(losses, self.losses()),
            hidden: download(gpu, by_hidden, self.dtype, hidden),
            weight: read(by_weight, some(has_gradients, self.classes * self.features)),
            bias: read(by_bias, some(has_gradients, self.classes)),
            status: gpu.download(status, 1).expect("a status")[0],
        }
    }

    /// Binds buffers for the loss and all gradients.
    pub(crate) fn bound(&self, gpu: &Gpu) -> Bound {
        Buffers::new(self, gpu).bound(self, gpu, true)
    }

    fn losses(&self) -> usize {
        match self.loss.reduction {
            Reduction::None => self.rows,
            _ => 1,
        }
    }

    /// Runs the loss with and without gradients, and compares everything with the reference.
    pub(crate) fn assert(&self, gpu: &Gpu) -> f64 {
        let found = self.run(gpu, true);
        let only = self.run(gpu, false);
        assert_eq!(only.status.valid_rows, found.status.valid_rows);
        let (of, layer) = (&self.reference(), self.layer());
        let expected = of.linear_losses(layer, &self.ids);
        self.assert_losses(&expected, &found);
        self.assert_losses(&expected, &only);
        let gradients = of.linear_gradients(layer, &self.ids);
        let chunks = self.rows.div_ceil(self.plan(gpu).chunk_rows() as usize);
        let bounds = bounds::linear_gradients(of, layer, &self.ids, chunks);
        let all = [
            (
                "grad_hidden",
                self.dtype,
                &found.hidden,
                &gradients.hidden,
                &bounds.hidden,
            ),
            (
                "grad_weight",
                DType::F32,
                &found.weight,
                &gradients.weight,
                &bounds.weight,
            ),
            (
                "grad_bias",
                DType::F32,
                &found.bias,
                &gradients.bias,
                &bounds.bias,
            ),
        ];
        let mut worst = 0.0_f64;
        for (name, dtype, found, expected, allowed) in all {
            let allowed = bounds::stored(dtype, allowed, expected);
            let comparison = compare_as(dtype, found, expected, &allowed, self.features);
            assert!(comparison.passed(), "{name}: {comparison}: {self}");
            worst = worst.max(comparison.worst_share);
        }
        worst
    }

    fn assert_losses(&self, expected: &CrossEntropyResult, found: &Found) {
        let (of, layer) = (&self.reference(), self.layer());
        let (values, allowed) = match expected.loss {
            Some(loss) => {
                let allowed = bounds::linear_loss(of, layer, &self.ids).expect("reduced");
                (vec![loss], vec![allowed])
            }
            None => (
                expected.row_losses.clone(),
                bounds::linear_row_loss(of, layer, &self.ids),
            ),
        };
        let comparison = compare_as(DType::F32, &found.losses, &values, &allowed, 1);
        assert!(comparison.passed(), "losses: {comparison}: {self}");
        let counts = (
            found.status.valid_rows as usize,
            found.status.bad_targets as usize,
        );
        assert_eq!(
            counts,
            (expected.valid_rows, expected.bad_targets),
            "{self}"
        );
    }
}

/// Inputs, and outputs that are poisoned.
struct Buffers {
    hidden: Buffer,
    weight: Buffer,
    targets: Buffer,
    /// Bias, class weights, upstream gradients and mask.
    others: [Option<Buffer>; 4],
    /// Losses, the gradients, status.
    outputs: [Buffer; 5],
}

impl Buffers {
    fn new(of: &Problem, gpu: &Gpu) -> Self {
        let some = |name: &str, values: &[f32]| match values {
            [] => None,
            values => Some(gpu.upload(name, values).expect("memory")),
        };
        let poisoned = |name: &str, words: usize| {
            gpu.upload(name, &vec![POISON; words.max(1)])
                .expect("memory")
        };
        let mut ids: Vec<_> = of.ids.iter().map(|&id| id as i32).collect();
        ids.resize(ids.len().max(1), 0);
        let elements = of.rows * of.features;
        let hidden_words = (elements * of.dtype.bytes() as usize).div_ceil(4);
        // A product reads beyond the last row, and must make nothing of it.
        let beyond = vec![f32::NAN; 64 * of.features];
        Self {
            hidden: upload(gpu, "hidden", of.dtype, &[&of.hidden[..], &beyond].concat()),
            weight: upload(gpu, "weight", of.dtype, &of.weight),
            targets: gpu.upload("targets", &ids).expect("memory"),
            others: [
                some("bias", &of.bias),
                some("class_weight", &of.class_weight),
                some("grad_losses", &of.grad_losses),
                (!of.mask.is_empty()).then(|| gpu.upload("mask", &of.mask).expect("memory")),
            ],
            outputs: [
                poisoned("losses", of.losses()),
                poisoned("grad_hidden", hidden_words),
                poisoned("grad_weight", of.classes * of.features),
                poisoned("grad_bias", of.classes),
                poisoned("status", size_of::<Status>() / 4),
            ],
        }
    }

    fn bound(&self, of: &Problem, gpu: &Gpu, has_gradients: bool) -> Bound {
        let [losses, by_hidden, by_weight, by_bias, status] = &self.outputs;
        let [bias, class_weight, grad_losses, mask] = &self.others;
        let wanted = |buffer| has_gradients.then_some(buffer);
        let buffers = LinearCrossEntropyBuffers {
            hidden: &self.hidden,
            weight: &self.weight,
            bias: bias.as_ref(),
            targets: &self.targets,
            losses,
            gradients: LinearGradients {
                hidden: wanted(by_hidden),
                weight: wanted(by_weight),
                bias: wanted(by_bias),
            },
        };
        let mut extras = CrossEntropyExtras::default().status(status);
        (extras.weight, extras.grad_losses) = (class_weight.as_ref(), grad_losses.as_ref());
        extras.mask = mask.as_ref();
        of.plan(gpu)
            .bind_with(of.rows as u64, buffers, extras)
            .expect("bound")
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            rows,
            features,
            classes,
            dtype,
            loss,
            chunk_rows,
            ..
        } = self;
        let (bias, weighted, upstream) = (
            !self.bias.is_empty(),
            !self.class_weight.is_empty(),
            !self.grad_losses.is_empty(),
        );
        write!(
            f,
            "{rows} x {features} x {classes} {dtype}, chunks of {chunk_rows:?}, bias {bias}, "
        )?;
        write!(f, "weighted {weighted}, upstream {upstream}, {loss:?}")
    }
}

fn upload(gpu: &Gpu, name: &str, dtype: DType, values: &[f32]) -> Buffer {
    let mut values = values.to_vec();
    values.resize(values.len().next_multiple_of(2).max(2), 0.0);
    match dtype {
        DType::F32 => gpu.upload(name, &values).expect("memory"),
        _ => {
            let half = |value: &f32| dtype.encode(*value) as u16;
            let halves: Vec<u16> = values.iter().map(half).collect();
            gpu.upload(name, &halves).expect("memory")
        }
    }
}

fn download(gpu: &Gpu, buffer: &Buffer, dtype: DType, len: usize) -> Vec<f32> {
    match dtype {
        DType::F32 => gpu.download(buffer, len).expect("a result"),
        _ => {
            let halves: Vec<u16> = gpu.download(buffer, len).expect("a result");
            halves
                .into_iter()
                .map(|half| dtype.decode(half.into()))
                .collect()
        }
    }
}
