//! Options of the loss of a cross-entropy, which the kernels, the reference and the command line share.

use crate::spec::reduction::{Reduction, ZeroValid};

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
    /// probabilities as targets.
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
