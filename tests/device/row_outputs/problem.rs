//! A cross-entropy with row outputs, in the buffers of a device.

use wgpu_softmax::reference::{self, CrossEntropy};
use wgpu_softmax::variant::Variant;
use wgpu_softmax::wgpu::Buffer;
use wgpu_softmax::{
    Bound, CrossEntropyBuffers, CrossEntropyExtras, CrossEntropySpec, DType, Gpu, Planner,
    Reduction, RowLayout, RowOutputs, TargetType,
};

use crate::common::place::stored;
use crate::common::{Output, download, gpu, upload};

/// Number of candidates a row.
pub const CANDIDATES: usize = 3;

/// Returns all row outputs that exist where targets are class ids.
pub fn everything() -> RowOutputs {
    of_probs().target_log_prob().hit()
}

/// Returns all row outputs that exist where targets are probabilities.
pub fn of_probs() -> RowOutputs {
    let count = u32::try_from(CANDIDATES).expect("few");
    RowOutputs::default()
        .log_probs_of(count)
        .entropy()
        .argmax()
        .max_prob()
        .z_loss()
}

/// Targets of the rows.
#[derive(Debug, Clone)]
pub enum Given {
    Ids(Vec<i64>),
    Probs(Vec<f32>),
}

impl Given {
    pub fn of_reference(&self) -> reference::Targets<'_> {
        match self {
            Self::Ids(ids) => ids.into(),
            Self::Probs(probs) => probs.into(),
        }
    }
}

/// Cross-entropy whose rows stand one after the other here, and on the device on a strided axis where `inner` is above 1.
#[derive(Debug, Clone)]
pub struct Problem {
    pub spec: CrossEntropySpec,
    pub of: CrossEntropy,
    pub rows: usize,
    pub cols: usize,
    pub inner: usize,
    pub logits: Vec<f32>,
    pub targets: Given,
    pub target_type: TargetType,
    pub candidates: Vec<i64>,
    pub outputs: RowOutputs,
    pub weight: Vec<f32>,
    pub dtype: DType,
    /// Number of elements before the first row.
    pub offset: usize,
    /// True if the gradient lies over the logits.
    pub in_place: bool,
}

/// Outputs that were written.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub layout: RowLayout,
    pub words: Vec<u32>,
    pub losses: Vec<u32>,
    pub pairs: Vec<u32>,
    pub lse: Vec<u32>,
    /// Gradient, where it was requested and is stored as f32.
    pub grad: Option<Vec<f32>>,
}

impl Found {
    /// Returns one word of every row.
    pub fn column(&self, place: u32) -> Vec<u32> {
        let rows = self.words.chunks_exact(self.layout.words as usize);
        rows.map(|row| row[place as usize]).collect()
    }

    pub fn floats(&self, place: u32) -> Vec<f32> {
        self.column(place).into_iter().map(f32::from_bits).collect()
    }

    pub fn argmax(&self) -> Vec<u32> {
        self.column(self.layout.argmax.expect("asked for"))
    }
}

/// Declares the setters that the spec and the reference have in common.
macro_rules! setters {
    ($($name:ident: $type:ty,)*) => {
        $(pub fn $name(mut self, $name: $type) -> Self {
            self.spec = self.spec.$name($name);
            self.of = self.of.$name($name);
            self
        })*
    };
}

impl Problem {
    fn new(cols: usize, logits: Vec<f32>, targets: Given, target_type: TargetType) -> Self {
        let rows = logits.len() / cols;
        let spec = CrossEntropySpec::new(rows as u64, cols as u64);
        let limit = i64::try_from(cols).expect("few columns");
        let candidate = |n: i64| (n * n + 3 * n) % (limit + 1) - i64::from(n % 7 == 6);
        let problem = Self {
            spec: spec.targets(target_type).reduction(Reduction::None),
            of: CrossEntropy::new(cols).reduction(Reduction::None),
            rows,
            cols,
            inner: 1,
            logits,
            targets,
            target_type,
            candidates: (0..).take(rows * CANDIDATES).map(candidate).collect(),
            outputs: RowOutputs::default(),
            weight: Vec::new(),
            dtype: DType::F32,
            offset: 0,
            in_place: false,
        };
        problem.giving(match target_type {
            TargetType::Probs => of_probs(),
            _ => everything(),
        })
    }

    /// Creates the losses of rows with class ids, which are i32, and all row outputs. Some of the candidates are out of range.
    pub fn of_ids(cols: usize, logits: Vec<f32>, ids: &[i64]) -> Self {
        Self::new(cols, logits, Given::Ids(ids.to_vec()), TargetType::I32)
    }

    /// Creates the same with probabilities.
    pub fn of_probs(cols: usize, logits: Vec<f32>, probs: Vec<f32>) -> Self {
        Self::new(cols, logits, Given::Probs(probs), TargetType::Probs)
    }

    setters! {
        ignore_index: i64,
        reduction: Reduction,
        label_smoothing: f32,
        z_loss: f32,
        softcap: f32,
        scale: f32,
    }

    pub fn giving(mut self, outputs: RowOutputs) -> Self {
        self.spec = self.spec.row_outputs(outputs);
        self.outputs = outputs;
        self
    }

    pub fn ids_as(mut self, target_type: TargetType) -> Self {
        self.spec = self.spec.targets(target_type);
        self.target_type = target_type;
        if target_type == TargetType::U32 {
            self.candidates.iter_mut().for_each(|id| *id = id.abs());
        }
        self
    }

    pub fn weight(mut self, weight: Vec<f32>) -> Self {
        self.of = self.of.weight(weight.clone());
        self.weight = weight;
        self
    }

    pub fn inner(mut self, inner: usize) -> Self {
        self.spec = self.spec.inner(inner as u64);
        self.inner = inner;
        self
    }

    /// Sets another storage type: the values are rounded to it.
    pub fn dtype(mut self, dtype: DType) -> Self {
        self.spec = self.spec.dtype(dtype);
        self.dtype = dtype;
        self.logits = stored(dtype, self.logits);
        if let Given::Probs(probs) = self.targets {
            self.targets = Given::Probs(stored(dtype, probs));
        }
        self
    }

    /// Sets the number of elements before every matrix in its buffer.
    pub fn offset(mut self, offset: usize) -> Self {
        let layout = wgpu_softmax::Layout::CONTIGUOUS.offset(offset as u64);
        self.spec = self
            .spec
            .logits_layout(layout)
            .targets_layout(layout)
            .grad_layout(layout);
        self.offset = offset;
        self
    }

    /// Writes the gradient over the logits.
    pub fn in_place(mut self) -> Self {
        self.spec = self.spec.in_place();
        self.in_place = true;
        self
    }

    /// Returns the place of an element on the device.
    fn place(&self, index: usize) -> usize {
        let (row, column) = (index / self.cols, index % self.cols);
        let slice = row / self.inner * self.cols + column;
        self.offset + slice * self.inner + row % self.inner
    }

    /// Lays a matrix out as on the device.
    fn placed(&self, values: &[f32]) -> Vec<f32> {
        let mut placed = vec![f32::NAN; (self.offset + values.len()).next_multiple_of(2) + 4];
        for (index, &value) in values.iter().enumerate() {
            placed[self.place(index)] = value;
        }
        placed
    }

    /// Reads a matrix from its layout on the device.
    fn taken(&self, placed: &[f32]) -> Vec<f32> {
        let elements = 0..self.logits.len();
        elements.map(|index| placed[self.place(index)]).collect()
    }

    fn upload_matrix(&self, gpu: &Gpu, values: &[f32]) -> Buffer {
        let placed = self.placed(values);
        match self.dtype {
            DType::F32 => upload(gpu, &placed),
            dtype => {
                let halves = placed.iter().map(|&value| dtype.encode(value) as u16);
                upload(gpu, &halves.collect::<Vec<_>>())
            }
        }
    }

    fn upload_ids(&self, gpu: &Gpu, ids: &[i64]) -> Buffer {
        match self.target_type {
            TargetType::I64 => upload(gpu, ids),
            _ => upload(gpu, &ids.iter().map(|&id| id as i32).collect::<Vec<_>>()),
        }
    }

    pub fn run(&self, planner: &Planner, with_gradient: bool) -> Found {
        self.run_on(gpu(), planner, with_gradient)
    }

    /// Returns the outputs computed by `gpu`.
    pub fn run_on(&self, gpu: &Gpu, planner: &Planner, with_gradient: bool) -> Found {
        let plan = planner.cross_entropy(self.spec).expect("a plan");
        let layout = plan.row_layout();
        let losses = Output::new(gpu, self.spec.losses() as usize);
        let outputs = Output::new(gpu, self.rows * layout.words as usize);
        let [pairs, lse] = [2, 1].map(|words| Output::new(gpu, words * self.rows));
        let logits = self.upload_matrix(gpu, &self.logits);
        let targets = match &self.targets {
            Given::Ids(ids) => self.upload_ids(gpu, ids),
            Given::Probs(probs) => self.upload_matrix(gpu, probs),
        };
        let candidates = self.upload_ids(gpu, &self.candidates);
        let weight = (!self.weight.is_empty()).then(|| upload(gpu, &self.weight));
        let elements = self.placed(&self.logits).len();
        let apart = upload(gpu, &vec![0_u32; elements]);
        let grad = if self.in_place { &logits } else { &apart };

        let mut extras = CrossEntropyExtras::default()
            .pairs(&pairs.buffer)
            .lse(&lse.buffer);
        extras.weight = weight.as_ref();
        extras.row_outputs = (layout.words > 0).then_some(&outputs.buffer);
        extras.candidates = (self.outputs.log_probs_of > 0).then_some(&candidates);
        let buffers = CrossEntropyBuffers {
            logits: &logits,
            targets: &targets,
            losses: &losses.buffer,
            grad_logits: with_gradient.then_some(grad),
        };
        let bound: Bound = plan
            .bind_with(self.rows as u64, buffers, extras)
            .expect("bound");
        gpu.run(&bound, "row outputs").expect("runs");
        Found {
            words: outputs.words(gpu),
            layout,
            losses: losses.words(gpu),
            pairs: pairs.words(gpu),
            lse: lse.words(gpu),
            grad: (with_gradient && self.dtype == DType::F32)
                .then(|| self.taken(&download(gpu, grad, elements))),
        }
    }

    /// Returns the outputs computed by `variant`, or by the preferred one.
    pub fn by(&self, variant: Option<Variant>, with_gradient: bool) -> Found {
        let planner = gpu().planner();
        let forced = variant.map(|variant| planner.with_variant(variant));
        self.run(forced.as_ref().unwrap_or(planner), with_gradient)
    }
}
