//! A cross-entropy whose options are set alike for the kernels and for the reference: the results of the kernels, in one call and
//! in two, and those of the reference.

use wgpu_softmax::reference::{self, CrossEntropy};
use wgpu_softmax::variant::Operation;
use wgpu_softmax::{CrossEntropySpec, DType, Reduction, TargetType, ZeroValid};

use crate::common::gpu;
use crate::common::place::{Place, stored};
use crate::common::results::kernels;
use crate::options::device::Found;
use crate::options::expected::Expected;

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

#[derive(Debug, Clone)]
pub struct Problem {
    pub spec: CrossEntropySpec,
    pub of: CrossEntropy,
    pub rows: usize,
    pub cols: usize,
    pub logits: Vec<f32>,
    pub targets: Given,
    pub target_type: TargetType,
    /// Class weights; none if empty.
    pub weight: Vec<f32>,
    /// Upstream gradients of the rows; all 1 if empty.
    pub grad_losses: Vec<f32>,
    pub dtype: DType,
    /// Places of logits, probabilities and gradient.
    pub places: [Place; 3],
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

/// Returns the class of a column.
pub fn class_of(column: usize) -> i64 {
    i64::try_from(column).expect("few columns")
}

impl Problem {
    fn new(cols: usize, logits: Vec<f32>, targets: Given, target_type: TargetType) -> Self {
        let rows = logits.len() / cols;
        Self {
            spec: CrossEntropySpec::new(rows as u64, cols as u64).targets(target_type),
            of: CrossEntropy::new(cols),
            rows,
            cols,
            logits,
            targets,
            target_type,
            weight: Vec::new(),
            grad_losses: Vec::new(),
            dtype: DType::F32,
            places: [Place::contiguous(cols); 3],
        }
    }

    /// Creates the mean over rows with class ids, which are i32.
    pub fn of_ids(cols: usize, logits: Vec<f32>, ids: &[i64]) -> Self {
        Self::new(cols, logits, Given::Ids(ids.to_vec()), TargetType::I32)
    }

    /// Creates the mean over rows with probabilities.
    pub fn of_probs(cols: usize, logits: Vec<f32>, probs: Vec<f32>) -> Self {
        Self::new(cols, logits, Given::Probs(probs), TargetType::Probs)
    }

    setters! {
        ignore_index: i64,
        reduction: Reduction,
        zero_valid: ZeroValid,
        label_smoothing: f32,
        z_loss: f32,
        softcap: f32,
        scale: f32,
    }

    /// Sets the type in which ids are stored.
    pub fn ids_as(mut self, target_type: TargetType) -> Self {
        self.spec = self.spec.targets(target_type);
        self.target_type = target_type;
        self
    }

    pub fn mean_over(mut self, weight_sum: f32, valid_rows: u32) -> Self {
        self.spec = self.spec.mean_over(weight_sum, valid_rows);
        self.of = self.of.mean_over(weight_sum.into(), valid_rows as usize);
        self
    }

    pub fn weight(mut self, weight: Vec<f32>) -> Self {
        self.of = self.of.weight(weight.clone());
        self.weight = weight;
        self
    }

    /// Sets the upstream gradient: one a row where the reduction is already none, else one.
    pub fn upstream(mut self, values: Vec<f32>) -> Self {
        self.of = match values[..] {
            [one] => self.of.grad_loss(one.into()),
            _ => self.of.grad_losses(values.clone()),
        };
        self.grad_losses = values;
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

    /// Sets the places of logits, probabilities and gradient.
    pub fn places(mut self, places: [Place; 3]) -> Self {
        let [logits, probs, grad] = places.map(Place::layout);
        self.spec = self
            .spec
            .logits_layout(logits)
            .targets_layout(probs)
            .grad_layout(grad);
        self.places = places;
        self
    }

    /// True if every class may have a target weight.
    pub fn is_dense(&self) -> bool {
        let problem = self.spec.problem(Operation::CrossEntropy);
        problem.expect("a good spec").options.is_dense()
    }

    /// Runs `check` on the results of every kind of kernel, and of the preferred one: twice each, with loss and gradient of one
    /// call, and with the gradient of a second one.
    #[track_caller]
    pub fn on_every_kernel(&self, check: impl Fn(&Found, &str)) {
        let kinds = kernels(self.rows, self.cols).into_iter().map(Some);
        for variant in kinds.chain([None]) {
            let name = variant.map_or("the preferred kernel".into(), |variant| variant.to_string());
            check(&self.fused(gpu(), variant), &format!("fused, {name}"));
            check(&self.apart(gpu(), variant), &format!("apart, {name}"));
        }
    }

    /// Fails unless every kind of kernel keeps the bounds.
    #[track_caller]
    pub fn assert_on_every_kernel(&self) {
        let expected = Expected::of(self);
        self.on_every_kernel(|found, kernel| expected.assert(found, kernel));
    }
}
