mod evaluate;
mod row_outputs;
mod targets;

#[cfg(feature = "check")]
pub(crate) use evaluate::Counts;
pub use row_outputs::RowOutputs;
pub use targets::Targets;
pub(crate) use targets::{Target, TargetDistribution};

use std::borrow::Cow;
use std::sync::Arc;

use super::{Columns, Real};
use crate::spec::loss::{LossOptions, Reduction, ZeroValid, loss_setters};

/// Scales of rows, times that of all rows: 2^-100 and 2^126.
const LEAST_SCALE: f32 = 7.888_609e-31;
const MOST_SCALE: f32 = 8.507_059e37;

/// Cross-entropy of logits `rows x cols` with one class id a row, or with a probability for every
/// logit ([`Targets`]). The row's loss is
///
/// `-sum_c t_c log p_c + L lse^2`
///
/// with the target weights `t_c = w_c ((1 - e) q_c + e / C)`: class weights `w`, label smoothing `e` over `C` classes, and `q`
/// the target's probabilities, 1 at a class id and 0 elsewhere. Without options that is `(max - x_t) + ln(sum exp(x - max))` for
/// target `t`, with gradient `p_i - delta_it`.
///
/// The rules are PyTorch's `cross_entropy`, made total; z-loss and softcap are those of
/// Liger-Kernel:
///
/// - The ignored id is tested before the range, and may lie inside or outside it. An ignored row
///   has loss and gradient exactly 0, whatever its logits.
/// - Any other id outside `0..cols` is *bad*: the row's loss and gradient are NaN, and with them
///   the mean and the sum. It is not among the valid rows.
/// - A target weight of exactly 0 contributes nothing, also at a logit of `-inf`; any other target weight makes the loss infinite
///   there, and `-t_i` of the gradient. So does smoothing, whatever the target. A class weight or a probability of 0 makes a
///   target weight of 0 whatever it is multiplied by.
/// - A row without probabilities (see [`softmax`](super::softmax)) has loss and gradient NaN, and so
///   has one that uses a class weight or a probability that is NaN.
/// - An infinite class weight makes the loss infinite, or NaN where the loss is 0; with smoothing or probabilities it makes the
///   loss infinite whatever the log-probability, and so does an infinite probability. Infinities of both signs make NaN. The
///   row's gradient is NaN, and so is that of one whose upstream gradient is not finite.
/// - The mean divides by the sum of the weights of the valid rows' target classes, smoothing or not; without weights, by the
///   number of valid rows. With probabilities it divides by the number of rows. The z-loss has no weights, and its mean divides
///   by the number of valid rows.
/// - A mean over nothing, or over weights that sum to exactly 0, is set by [`ZeroValid`]; over weights whose sum is NaN it is
///   NaN, with the gradient of every valid row. Over weights whose sum is infinite it is NaN, too, and the gradient 0 in the rows
///   whose own weight is finite. The sum over nothing is 0.
/// - A weight of the row multiplies its cross-entropy and the gradient of that, whatever the target distribution, and the weight
///   that the row has in the mean; with probabilities the mean then divides by the sum of the rows' weights. The z-loss has no
///   weights. A row of weight exactly 0 is ignored, whatever its target. An infinite one makes the loss infinite, or NaN where the
///   loss is 0; NaN makes it NaN; the row's gradient is NaN with both.
/// - Weights and probabilities may be negative.
/// - An excluded class ([`kept`](CrossEntropy::kept)) is one whose logit is `-inf`, whatever the logit and the softcap are. But the
///   gradient by it is exactly 0, also where it has a target weight; it is NaN in a row that is NaN.
///
/// ```
/// use wgpu_softmax::reference::CrossEntropy;
///
/// let result = CrossEntropy::new(2).ignore_index(-100).losses(&[0.0, 0.0, 3.0, 1.0], &[1, -100]);
/// assert_eq!(result.row_losses, [2_f64.ln(), 0.0]);
/// assert_eq!(result.loss, Some(2_f64.ln()));
///
/// let soft = CrossEntropy::new(2).losses(&[0.0, 0.0], &[0.25, 0.75]);
/// assert_eq!(soft.row_losses, [2_f64.ln()]);
/// ```
///
/// # Panics
///
/// Methods that set an option panic where a number is outside its range.
#[derive(Clone, Debug)]
pub struct CrossEntropy {
    pub(crate) cols: usize,
    /// Options, but for the divisors of a mean.
    pub(crate) loss: LossOptions,
    mean_over: Option<(f64, f64)>,
    weight: Option<Vec<f64>>,
    row_weight: Option<Vec<f64>>,
    row_scale: Option<Vec<f32>>,
    kept: Option<Kept>,
    /// True for a row whose scale is out of range.
    spoilt: bool,
    grad_loss: f64,
    grad_losses: Option<Vec<f64>>,
}

/// The classes that are kept: those of all rows, and the first of the row that is computed.
#[derive(Clone, Debug)]
struct Kept {
    all: Arc<[bool]>,
    first: usize,
}

/// Result of [`CrossEntropy::losses`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CrossEntropyResult {
    /// The loss of every row, z-loss included.
    pub row_losses: Vec<f64>,
    /// The mean or sum of the losses, or `None` with [`Reduction::None`].
    pub loss: Option<f64>,
    /// Number of rows that are not ignored and whose target is in `0..cols`, or is probabilities.
    pub valid_rows: usize,
    /// Divisor of the mean of the cross-entropy: the sum of the weights of the valid rows, each times that of its target class, or
    /// the number of valid rows.
    pub weight_sum: f64,
    /// Number of rows whose target is neither ignored nor in `0..cols`.
    pub bad_targets: usize,
    /// The first row with a bad target.
    pub first_bad_row: Option<usize>,
    /// Number of valid rows whose loss is NaN.
    pub nan_rows: usize,
    /// The logsumexp of every row's scaled and capped logits, ignored and bad rows included.
    pub lse: Vec<f64>,
}

impl CrossEntropy {
    /// Creates a cross-entropy over `cols` classes: the mean, an upstream gradient of 1, and no option.
    pub fn new(cols: usize) -> Self {
        Self {
            cols,
            loss: LossOptions::PLAIN,
            mean_over: None,
            weight: None,
            row_weight: None,
            row_scale: None,
            kept: None,
            spoilt: false,
            grad_loss: 1.0,
            grad_losses: None,
        }
    }

    loss_setters!(; .checked());

    /// Sets all options of the loss at once.
    #[must_use]
    pub fn loss(mut self, loss: LossOptions) -> Self {
        let wide = |(weight_sum, valid_rows): (f32, u32)| (weight_sum.into(), valid_rows.into());
        self.mean_over = loss.mean_over.map(wide);
        self.loss = loss;
        self.checked()
    }

    /// Panics where a number is outside its range. The columns look at scale and softcap.
    fn checked(self) -> Self {
        let (smoothing, z_loss) = (self.loss.label_smoothing, self.loss.z_loss);
        assert!((0.0..=1.0).contains(&smoothing), "smoothing of {smoothing}");
        assert!(z_loss.is_finite(), "a z-loss of {z_loss}");
        self.columns();
        self
    }

    /// Sets the divisors of a mean that were counted elsewhere, for rows that are a part of a batch: the gradient is that of the
    /// mean of the batch. The cross-entropy is divided by `weight_sum`, the z-loss by `valid_rows`. So is a loss that is a mean;
    /// others stay undivided.
    #[must_use]
    pub fn mean_over(mut self, weight_sum: f64, valid_rows: usize) -> Self {
        self.mean_over = Some((weight_sum, valid_rows as f64));
        self
    }

    /// Sets one weight a class.
    ///
    /// # Panics
    ///
    /// When there is not one weight a class.
    #[must_use]
    pub fn weight(mut self, weight: Vec<impl Real>) -> Self {
        assert_eq!(weight.len(), self.cols, "one weight a class");
        self.weight = Some(weight.into_iter().map(Into::into).collect());
        self
    }

    /// Sets one weight a row: a factor of its cross-entropy. A row of weight 0 is ignored.
    #[must_use]
    pub fn row_weight(mut self, weight: Vec<impl Real>) -> Self {
        self.row_weight = Some(weight.into_iter().map(Into::into).collect());
        self
    }

    /// Sets one scale a row: the logits are multiplied by its product with the [scale](Self::scale), rounded to f32. A row whose
    /// product is not between 2^-100 and 2^126 is spoilt, as by NaN.
    #[must_use]
    pub fn row_scale(mut self, scale: Vec<f32>) -> Self {
        self.row_scale = Some(scale);
        self
    }

    /// Sets the classes that are kept, `rows x cols`. The others are excluded.
    #[must_use]
    pub fn kept(mut self, kept: impl Into<Arc<[bool]>>) -> Self {
        self.kept = Some(Kept {
            all: kept.into(),
            first: 0,
        });
        self
    }

    /// Returns what computes one row by itself: with the row's scale for that of all rows, and the classes that the row keeps.
    pub(crate) fn for_row(&self, row: usize) -> Cow<'_, Self> {
        if self.row_scale.is_none() && self.kept.is_none() {
            return Cow::Borrowed(self);
        }
        let scale = self.row_scale.as_ref().map_or(1.0, |scales| scales[row]);
        let scale = self.loss.scale * scale;
        let fits = self.row_scale.is_none() || (LEAST_SCALE..=MOST_SCALE).contains(&scale);
        let mut loss = self.loss;
        loss.scale = if fits { scale } else { 1.0 };
        let of_row = |kept: &Kept| Kept {
            first: row * self.cols,
            ..kept.clone()
        };
        // Weights and upstream gradients of rows are not of one row by itself.
        Cow::Owned(Self {
            loss,
            weight: self.weight.clone(),
            kept: self.kept.as_ref().map(of_row),
            spoilt: !fits,
            ..Self::new(self.cols)
        })
    }

    /// Returns true if the row that is computed keeps a class.
    pub(crate) fn keeps(&self, class: usize) -> bool {
        let kept = self.kept.as_ref();
        kept.is_none_or(|kept| kept.all[kept.first + class])
    }

    /// Returns the numbers that the formulas see for the logits of the row that is computed, a function of the class.
    pub(crate) fn read<'a, X: Real>(&'a self, row: &'a [X]) -> impl Fn(usize) -> f64 + Copy + 'a {
        let columns = self.columns();
        move |class| match self.keeps(class) {
            true => columns.read(row[class]),
            false => f64::NEG_INFINITY,
        }
    }

    /// Sets the upstream gradient, of the reduced loss or of every row's loss alike. One that is not finite makes the gradient of
    /// every valid row NaN.
    #[must_use]
    pub fn grad_loss(mut self, grad_loss: f64) -> Self {
        self.grad_loss = grad_loss;
        self
    }

    /// Sets one upstream gradient a row, multiplied by [`grad_loss`](Self::grad_loss). One that is not finite makes the gradient
    /// of its row NaN, if valid.
    #[must_use]
    pub fn grad_losses(mut self, grad_losses: Vec<impl Real>) -> Self {
        self.grad_losses = Some(grad_losses.into_iter().map(Into::into).collect());
        self
    }

    /// Returns the columns of a row, as they are read.
    pub(crate) fn columns(&self) -> Columns {
        let columns = Columns::new(self.cols).scale(self.loss.scale);
        self.loss
            .softcap
            .map_or(columns, |cap| columns.softcap(cap))
    }

    /// True if rows have weights.
    #[cfg(feature = "check")]
    pub(crate) fn weighs_rows(&self) -> bool {
        self.row_weight.is_some()
    }

    /// True if the gradient is that of a mean.
    pub(crate) fn has_gradient_of_mean(&self) -> bool {
        self.mean_over.is_some() || self.loss.reduction == Reduction::Mean
    }

    /// True if the divisors of a mean are counted here, and not given.
    #[cfg(feature = "check")]
    pub(crate) fn counts_divisors(&self) -> bool {
        self.mean_over.is_none() && self.loss.reduction == Reduction::Mean
    }
}
