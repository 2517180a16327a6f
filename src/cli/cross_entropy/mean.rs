//! Reduction of the losses of rows to the loss: sums in f64, in the order of the rows, and the divisor of a mean.

use super::targets::{IGNORED, Targets};
use wgpu_softmax::{Reduction, ZeroValid};

/// Number of the rows that count in the whole file, and the sum of their target weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Counts {
    pub(super) valid_rows: usize,
    /// Sum of the target weights of the rows that count; their number without weights, or with probabilities.
    pub(super) weight_sum: f64,
}

impl Counts {
    pub(super) fn of(targets: &Targets, weight: Option<&[f64]>, rows: usize) -> Self {
        let Targets::Ids { ids, .. } = targets else {
            return Self::of_rows(rows);
        };
        let valid = || ids.iter().filter(|&&id| id != IGNORED);
        let valid_rows = valid().count();
        let Some(weight) = weight else {
            return Self::of_rows(valid_rows);
        };
        let weights = valid().filter_map(|&id| usize::try_from(id).ok());
        let weights = weights.map(|id| weight[id]);
        Self {
            valid_rows,
            weight_sum: weights.fold(0.0, |sum, weight| sum + weight),
        }
    }

    /// Returns weights with which the gradient of the mean is the same, and their sum, which f32 holds and which is not
    /// negative. The sum of the given ones may be negative, infinite or NaN where weights are: a finite weight over an
    /// infinite sum is 0.
    pub(super) fn divided(self, weight: &[f64]) -> (Vec<f64>, f64) {
        let sum = self.weight_sum;
        let each = |of: &dyn Fn(f64) -> f64| weight.iter().map(|&weight| of(weight)).collect();
        if sum.is_nan() {
            return (each(&|_| f64::NAN), 1.0);
        }
        if sum.is_infinite() {
            return (each(&|w| if w.is_finite() { 0.0 } else { w }), 1.0);
        }
        let sign = if sum < 0.0 { -1.0 } else { 1.0 };
        let unit = if (sum as f32).is_infinite() {
            SMALL
        } else {
            1.0
        };
        (each(&|w| w * sign * unit), sum * sign * unit)
    }

    fn of_rows(rows: usize) -> Self {
        Self {
            valid_rows: rows,
            weight_sum: rows as f64,
        }
    }
}

/// Factor by which even the sum of more f32 than there can be becomes one that f32 holds.
const SMALL: f64 = 1.0 / (1_u64 << 40) as f64;

/// Sums over the rows so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    losses: f64,
    /// Sum of the z-losses, where they are not in the losses.
    z_losses: f64,
}

impl Sums {
    pub(super) fn add(&mut self, loss: f64, z_loss: f64) {
        self.losses += loss;
        self.z_losses += z_loss;
    }

    /// Returns the loss, if it is one value. The z-loss has no weights: its mean divides by the rows.
    pub(super) fn loss(
        self,
        reduction: Reduction,
        zero_valid: ZeroValid,
        counts: Counts,
    ) -> Option<f64> {
        let mean = |sum, over| zero_valid.mean(sum, over);
        match reduction {
            Reduction::Mean => Some(
                mean(self.losses, counts.weight_sum)
                    + mean(self.z_losses, counts.valid_rows as f64),
            ),
            Reduction::Sum => Some(self.losses + self.z_losses),
            _ => None,
        }
    }
}
