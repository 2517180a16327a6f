//! A cross-entropy whose options are set alike for the kernels and for the reference.

use wgpu_softmax::check::{Inputs, inputs};
use wgpu_softmax::reference::{self, CrossEntropy};
use wgpu_softmax::variant::Operation;
use wgpu_softmax::{
    CrossEntropySpec, DType, Layout, Mask, MaskKind, Reduction, RowOutputs, TargetType, ZeroValid,
};

use super::place::{Place, stored};
use super::wide;

/// The class id that is ignored in rows that are drawn.
pub const IGNORED: i64 = -100;

/// Number of candidates a row.
pub const CANDIDATES: usize = 3;

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
    /// Row weights; none if empty.
    pub row_weight: Vec<f32>,
    /// Row scales; none if empty.
    pub row_scale: Vec<f32>,
    /// Elements of a mask; none if empty.
    pub mask: Vec<bool>,
    /// The same for every logit.
    pub kept: Vec<bool>,
    /// Upstream gradients of the rows; all 1 if empty.
    pub grad_losses: Vec<f32>,
    pub dtype: DType,
    /// Places of logits, probabilities and gradient.
    pub places: [Place; 3],
    /// True if the gradient lies over the logits.
    pub in_place: bool,
    /// Outputs of each row besides its loss.
    pub outputs: RowOutputs,
    /// Classes whose log-probabilities may be asked for. Some are out of range.
    pub candidates: Vec<i64>,
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
        let candidate = |n: i64| (n * n + 3 * n) % (class_of(cols) + 1) - i64::from(n % 7 == 6);
        Self {
            spec: CrossEntropySpec::new(rows as u64, cols as u64).targets(target_type),
            of: CrossEntropy::new(cols),
            rows,
            cols,
            logits,
            targets,
            target_type,
            weight: Vec::new(),
            row_weight: Vec::new(),
            row_scale: Vec::new(),
            mask: Vec::new(),
            kept: Vec::new(),
            grad_losses: Vec::new(),
            dtype: DType::F32,
            places: [Place::contiguous(cols); 3],
            in_place: false,
            outputs: RowOutputs::default(),
            candidates: (0..).take(rows * CANDIDATES).map(candidate).collect(),
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

    /// Draws the mean over rows with class ids, of which every fifth is [`IGNORED`], by the seeds of logits and ids.
    pub fn drawn(inputs: Inputs, (rows, cols): (usize, usize), seeds: [u64; 2]) -> Self {
        let ids = wide(&inputs::targets(rows, cols, seeds[1], Some(IGNORED)));
        Self::of_ids(cols, inputs.logits(rows, cols, seeds[0]), &ids).ignore_index(IGNORED)
    }

    /// Draws the mean over rows with probabilities, of which some are 0, by the seeds of logits and probabilities.
    pub fn drawn_probs(inputs: Inputs, (rows, cols): (usize, usize), seeds: [u64; 2]) -> Self {
        let probs = inputs::sparse_probs(rows, cols, seeds[1]);
        Self::of_probs(cols, inputs.logits(rows, cols, seeds[0]), probs)
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
        if target_type == TargetType::U32 {
            self.candidates.iter_mut().for_each(|id| *id = id.abs());
        }
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

    pub fn row_weight(mut self, weight: Vec<f32>) -> Self {
        self.of = self.of.row_weight(weight.clone());
        self.row_weight = weight;
        self
    }

    pub fn row_scale(mut self, scale: Vec<f32>) -> Self {
        self.of = self.of.row_scale(scale.clone());
        self.row_scale = scale;
        self
    }

    /// Excludes classes by a mask of `[rows or 1, cols or 1]`: of rows on a strided axis, by one of the same elements for all of a
    /// slice. Set the inner extent before.
    pub fn mask(mut self, [rows, cols]: [usize; 2], mask: Vec<bool>) -> Self {
        let inner = self.places[0].inner();
        let wide = |shape: [usize; 3]| shape.map(|extent| extent as u64);
        let logits = wide([self.rows / inner, self.cols, inner]);
        let own = wide([rows, cols, 1]);
        let mask_of = Mask::new(MaskKind::Boolean, &logits, 1, &own).expect("a mask");
        let element = |row, col| mask_of.element(row as u64, col as u64) as usize;
        let places = (0..self.rows).flat_map(|row| (0..self.cols).map(move |col| (row, col)));
        self.kept = places.map(|(row, col)| mask[element(row, col)]).collect();
        self.of = self.of.kept(&self.kept[..]);
        self.spec = self.spec.mask(mask_of);
        self.mask = mask;
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

    pub fn giving(mut self, outputs: RowOutputs) -> Self {
        self.spec = self.spec.row_outputs(outputs);
        self.outputs = outputs;
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
        self.places = places;
        self.layouts(places.map(Place::layout))
    }

    /// Sets the number of elements before every matrix in its buffer.
    pub fn offset(mut self, offset: usize) -> Self {
        self.places
            .iter_mut()
            .for_each(|place| place.offset = offset);
        self.layouts([Layout::CONTIGUOUS.offset(offset as u64); 3])
    }

    fn layouts(mut self, [logits, probs, grad]: [Layout; 3]) -> Self {
        self.spec = self
            .spec
            .logits_layout(logits)
            .targets_layout(probs)
            .grad_layout(grad);
        self
    }

    /// Puts the rows on a strided axis on the device. Here they stand one after the other.
    pub fn inner(mut self, inner: usize) -> Self {
        self.spec = self.spec.inner(inner as u64);
        self.places = self.places.map(|place| place.strided(inner));
        self
    }

    /// Writes the gradient over the logits.
    pub fn in_place(mut self) -> Self {
        self.spec = self.spec.in_place();
        self.in_place = true;
        self
    }

    /// True if every class may have a target weight.
    pub fn is_dense(&self) -> bool {
        let problem = self.spec.problem(Operation::CrossEntropy);
        problem.expect("a good spec").options.is_dense()
    }
}
