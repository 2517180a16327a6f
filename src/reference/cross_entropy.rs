use super::{Statistic, pairwise_sum, rows_of};
use crate::Reduction;

/// Cross-entropy of logits `rows x cols` with one class id a row. The row's loss is
/// `(max - x_t) + ln(sum exp(x - max))` for target `t`, its gradient `p_i - delta_it`.
///
/// The rules are PyTorch's `cross_entropy`, made total:
///
/// - The ignored id is tested before the range, and may lie inside or outside it. An ignored row
///   has loss and gradient exactly 0, whatever its logits.
/// - Any other id outside `0..cols` is *bad*: the row's loss and gradient are NaN, and with them
///   the mean and the sum. It is not among the valid rows.
/// - A target at a logit of `-inf` has loss `+inf`, and gradient -1 there.
/// - A row without probabilities (see [`softmax`](super::softmax)) has loss and gradient NaN.
/// - The mean divides by the valid rows; over none it is NaN. The sum over none is 0.
///
/// ```
/// use wgpu_softmax::reference::CrossEntropy;
///
/// let result = CrossEntropy::new(2).ignore_index(-100).losses(&[0.0, 0.0, 3.0, 1.0], &[1, -100]);
/// assert_eq!(result.row_losses, [2_f64.ln(), 0.0]);
/// assert_eq!(result.loss, Some(2_f64.ln()));
/// ```
#[derive(Clone, Debug)]
pub struct CrossEntropy {
    cols: usize,
    ignore_index: Option<i64>,
    reduction: Reduction,
    grad_loss: f64,
}

/// What [`CrossEntropy::losses`] returns.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CrossEntropyResult {
    /// The loss of every row.
    pub row_losses: Vec<f64>,
    /// The mean or sum of the losses, or `None` with [`Reduction::None`].
    pub loss: Option<f64>,
    /// How many rows have a target in `0..cols` that is not ignored.
    pub valid_rows: usize,
    /// How many rows have a target that is neither ignored nor in `0..cols`.
    pub bad_targets: usize,
    /// The first of them.
    pub first_bad_row: Option<usize>,
    /// How many valid rows have a loss of NaN.
    pub nan_rows: usize,
    /// The logsumexp of every row, ignored and bad ones included.
    pub lse: Vec<f64>,
}

/// What a row's class id asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Ignored,
    Bad,
    Class(usize),
}

impl CrossEntropy {
    /// Over `cols` classes, with no ignored id, the mean, and an upstream gradient of 1.
    pub fn new(cols: usize) -> Self {
        Self {
            cols,
            ignore_index: None,
            reduction: Reduction::default(),
            grad_loss: 1.0,
        }
    }

    /// The class id of rows to leave out.
    #[must_use]
    pub fn ignore_index(mut self, ignore_index: i64) -> Self {
        self.ignore_index = Some(ignore_index);
        self
    }

    /// How the losses of the rows become the result.
    #[must_use]
    pub fn reduction(mut self, reduction: Reduction) -> Self {
        self.reduction = reduction;
        self
    }

    /// The upstream gradient, of the reduced loss or of every row's loss alike. One that is not
    /// finite makes the gradient of every valid row NaN.
    #[must_use]
    pub fn grad_loss(mut self, grad_loss: f64) -> Self {
        self.grad_loss = grad_loss;
        self
    }

    /// The losses of logits `rows x cols` with one target a row.
    ///
    /// # Panics
    ///
    /// When `cols` is 0 or does not divide the number of logits, or there is not one target a row.
    pub fn losses(&self, logits: &[f32], targets: &[i64]) -> CrossEntropyResult {
        let mut row_losses = Vec::with_capacity(targets.len());
        let mut lse = Vec::with_capacity(targets.len());
        let mut nan_rows = 0;
        for (row, target) in self.rows(logits, targets) {
            let statistic = Statistic::of(row);
            let loss = row_loss(statistic, row, target);
            nan_rows += usize::from(loss.is_nan() && target != Target::Bad);
            row_losses.push(loss);
            lse.push(statistic.lse());
        }
        let bad = |&target: &i64| self.target(target) == Target::Bad;
        let valid_rows = self.valid_rows(targets);
        CrossEntropyResult {
            loss: self.reduce(&row_losses, valid_rows),
            valid_rows,
            bad_targets: targets.iter().filter(|target| bad(target)).count(),
            first_bad_row: targets.iter().position(bad),
            nan_rows,
            row_losses,
            lse,
        }
    }

    /// The gradient of the result by the logits, `g (p_i - delta_it)`: `rows x cols`.
    ///
    /// `g` is the upstream gradient, for the mean divided by the valid rows: over none there is
    /// nothing left but zeros of ignored rows and NaN of bad ones.
    ///
    /// # Panics
    ///
    /// When `cols` is 0 or does not divide the number of logits, or there is not one target a row.
    pub fn gradient(&self, logits: &[f32], targets: &[i64]) -> Vec<f64> {
        let upstream = self.upstream(self.valid_rows(targets));
        let mut gradient = Vec::with_capacity(logits.len());
        for (row, target) in self.rows(logits, targets) {
            match target {
                Target::Ignored => gradient.resize(gradient.len() + self.cols, 0.0),
                Target::Bad => gradient.resize(gradient.len() + self.cols, f64::NAN),
                Target::Class(class) => {
                    let statistic = Statistic::of(row);
                    let start = gradient.len();
                    gradient.extend(row.iter().map(|&x| statistic.probability(x)));
                    gradient[start + class] -= 1.0;
                    gradient[start..].iter_mut().for_each(|g| *g *= upstream);
                }
            }
        }
        gradient
    }

    /// The rows, each with what its target asks for.
    pub(crate) fn rows<'a>(
        &'a self,
        logits: &'a [f32],
        targets: &'a [i64],
    ) -> impl Iterator<Item = (&'a [f32], Target)> {
        let rows = rows_of(logits, self.cols);
        assert_eq!(rows.len(), targets.len(), "one target a row");
        rows.zip(targets.iter().map(|&target| self.target(target)))
    }

    /// How many targets are class ids to count.
    pub(crate) fn valid_rows(&self, targets: &[i64]) -> usize {
        let valid = |&&target: &&i64| matches!(self.target(target), Target::Class(_));
        targets.iter().filter(valid).count()
    }

    /// The upstream gradient of every valid row's loss.
    pub(crate) fn upstream(&self, valid_rows: usize) -> f64 {
        match self.reduction {
            _ if !self.grad_loss.is_finite() => f64::NAN,
            Reduction::Mean => self.grad_loss / valid_rows as f64,
            Reduction::None | Reduction::Sum => self.grad_loss,
        }
    }

    /// The reduction of one value a row. 0 / 0 is the NaN of a mean over no valid row.
    pub(crate) fn reduce(&self, values: &[f64], valid_rows: usize) -> Option<f64> {
        let sum = pairwise_sum(values.len(), |row| values[row]);
        match self.reduction {
            Reduction::None => None,
            Reduction::Sum => Some(sum),
            Reduction::Mean => Some(sum / valid_rows as f64),
        }
    }

    /// The number of classes.
    pub(crate) fn cols(&self) -> usize {
        self.cols
    }

    /// Whether the result is a mean.
    pub(crate) fn is_mean(&self) -> bool {
        self.reduction == Reduction::Mean
    }

    fn target(&self, target: i64) -> Target {
        if self.ignore_index == Some(target) {
            return Target::Ignored;
        }
        match usize::try_from(target) {
            Ok(class) if class < self.cols => Target::Class(class),
            _ => Target::Bad,
        }
    }
}

fn row_loss(statistic: Statistic, row: &[f32], target: Target) -> f64 {
    match target {
        Target::Ignored => 0.0,
        Target::Bad => f64::NAN,
        Target::Class(_) if statistic.poisoned() => f64::NAN,
        Target::Class(class) => (statistic.max - f64::from(row[class])) + statistic.sum.ln(),
    }
}
