//! Options of the loss of a cross-entropy, which the kernels, the reference and the command line share.

/// Reduction of the rows' losses to the result of a cross-entropy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reduction {
    /// One loss a row.
    None,
    /// The sum of the losses divided by the number of valid rows, or by the sum of their targets'
    /// class weights.
    #[default]
    Mean,
    /// The sum of the losses.
    Sum,
}

/// Value of a mean that divides by nothing: no valid row, or class weights that sum to 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ZeroValid {
    /// NaN, as in PyTorch.
    #[default]
    Nan,
    /// 0, with a gradient of 0.
    Zero,
}

impl ZeroValid {
    /// Returns the mean `sum / over`, where `over` is the number of valid rows or the sum of their weights.
    ///
    /// Division by 0 gives the value of `self`, but a NaN stays NaN.
    #[cfg(feature = "reference")]
    pub fn mean(self, sum: f64, over: f64) -> f64 {
        match over {
            0.0 if self == Self::Zero && !sum.is_nan() => 0.0,
            0.0 => f64::NAN,
            _ => sum / over,
        }
    }
}

/// Options of the loss of a cross-entropy. Those that are buffers, class weights and an upstream gradient, are given
/// where buffers are.
///
/// ```
/// use wgpu_softmax::{CrossEntropySpec, LossOptions, Reduction, reference::CrossEntropy};
///
/// let mut loss = LossOptions::default();
/// loss.reduction = Reduction::Sum;
/// loss.label_smoothing = 0.1;
/// let spec = CrossEntropySpec::new(8192, 50257).loss(loss); // for kernels
/// let reference = CrossEntropy::new(50257).loss(loss); // in f64
/// # let _ = (spec, reference);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct LossOptions {
    /// Class id of ignored rows, any i64: their loss and gradient are exactly 0, and they are left out of the mean. Not with
    /// probabilities as targets, where a row of [weight](crate::CrossEntropyExtras::row_weight) 0 is ignored.
    pub ignore_index: Option<i64>,
    /// Reduction of the losses of the rows.
    pub reduction: Reduction,
    /// Divisors of a mean of which these rows are a part: the weight sum, finite and not negative, and the valid rows.
    pub mean_over: Option<(f32, u32)>,
    /// Value of a mean over nothing.
    pub zero_valid: ZeroValid,
    /// Label smoothing `e`, from 0 to 1: the target keeps `1 - e + e / C` of `C` classes, every other class has `e / C`.
    pub label_smoothing: f32,
    /// Factor of the square of the logsumexp, which is added to the loss of every valid row: finite.
    pub z_loss: f32,
    /// Cap of the scaled logits, `softcap * tanh(x / softcap)`: finite and above 0.
    pub softcap: Option<f32>,
    /// Factor of the logits, before anything else: finite and above 0.
    pub scale: f32,
}

impl LossOptions {
    /// The mean of the losses, and no option.
    pub const PLAIN: Self = Self {
        ignore_index: None,
        reduction: Reduction::Mean,
        mean_over: None,
        zero_valid: ZeroValid::Nan,
        label_smoothing: 0.0,
        z_loss: 0.0,
        softcap: None,
        scale: 1.0,
    };
}

impl Default for LossOptions {
    /// [`PLAIN`](Self::PLAIN).
    fn default() -> Self {
        Self::PLAIN
    }
}

/// Declares the setters of single options of the loss, for a type with a field `loss`: const or not, and with what is called
/// at the end of each.
macro_rules! loss_setters {
    ($($constness:ident)?; $($checked:tt)*) => {
        /// Sets the class id of ignored rows: their loss and gradient are exactly 0, and they are left out of the mean. The
        /// id is tested before the range and may lie outside it. Not with probabilities, where rows of weight 0 are ignored.
        #[must_use]
        pub $($constness)? fn ignore_index(mut self, ignore_index: i64) -> Self {
            self.loss.ignore_index = Some(ignore_index);
            self
        }

        /// Sets how the losses of the rows are reduced.
        #[must_use]
        pub $($constness)? fn reduction(mut self, reduction: Reduction) -> Self {
            self.loss.reduction = reduction;
            self
        }

        /// Sets the value of a mean over nothing.
        #[must_use]
        pub $($constness)? fn zero_valid(mut self, zero_valid: ZeroValid) -> Self {
            self.loss.zero_valid = zero_valid;
            self
        }

        /// Sets the label smoothing `e`, from 0 to 1: the target keeps `1 - e + e / C`, every other class has `e / C`.
        #[must_use]
        pub $($constness)? fn label_smoothing(mut self, label_smoothing: f32) -> Self {
            self.loss.label_smoothing = label_smoothing;
            self $($checked)*
        }

        /// Adds `z_loss * lse^2` to the loss of every valid row, whatever its class weight. `z_loss` is finite.
        #[must_use]
        pub $($constness)? fn z_loss(mut self, z_loss: f32) -> Self {
            self.loss.z_loss = z_loss;
            self $($checked)*
        }

        /// Caps logits `x` to `softcap * tanh(x / softcap)`, after the scale. `softcap` is finite and above 0. The gradient
        /// carries the factor. Infinite logits become `+-softcap`, with gradient 0; NaN stays NaN.
        #[must_use]
        pub $($constness)? fn softcap(mut self, softcap: f32) -> Self {
            self.loss.softcap = Some(softcap);
            self $($checked)*
        }

        /// Multiplies logits by `scale` before anything else, 1 / temperature. `scale` is finite and above 0. The gradient
        /// carries the factor.
        #[must_use]
        pub $($constness)? fn scale(mut self, scale: f32) -> Self {
            self.loss.scale = scale;
            self $($checked)*
        }
    };
}
pub(crate) use loss_setters;
