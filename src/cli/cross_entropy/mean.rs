//! Reduction of the losses of rows to the loss: sums in f64, in the order of the rows, and the divisor of a mean.

use super::settings::{Computed, Settings};
use super::targets::Targets;
use wgpu_softmax::Reduction;

/// Number of the rows that count in the whole file, and the sum of their weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Counts {
    pub(super) valid_rows: usize,
    /// Sum of the weights of the rows that count, each times that of its target's class, if there are class ids; their number without
    /// weights.
    pub(super) weight_sum: f64,
}

/// Factor by which even the sum of more f32 than there can be becomes one that f32 holds.
const SMALL: f64 = 1.0 / (1_u64 << 40) as f64;

impl Counts {
    pub(super) fn of(
        targets: &Targets,
        weight: Option<&[f64]>,
        row_weight: Option<&[f64]>,
        rows: usize,
    ) -> Self {
        let of_row = |row: usize| row_weight.map_or(1.0, |weight| weight[row]);
        let of_class = |id: usize| weight.map_or(1.0, |weight| weight[id]);
        let counted = |row| match targets {
            Targets::Ids { ids, .. } => {
                Some(of_row(row) * of_class(usize::try_from(ids[row]).ok()?))
            }
            Targets::Probs(_) => Some(of_row(row)).filter(|weight| *weight != 0.0),
        };
        let none = Self {
            valid_rows: 0,
            weight_sum: 0.0,
        };
        (0..rows)
            .filter_map(counted)
            .fold(none, |so_far, weight| Self {
                valid_rows: so_far.valid_rows + 1,
                weight_sum: so_far.weight_sum + weight,
            })
    }

    /// Returns weights with which the gradient of the mean is the same, and their sum, which f32 holds and which is not
    /// negative. The sum of the given ones may be negative, infinite or NaN where weights are: a finite weight over an
    /// infinite sum is 0.
    pub(super) fn divided(self, weight: &[f64]) -> (Vec<f64>, f64) {
        let sum = self.weight_sum;
        let sign = if sum < 0.0 { -1.0 } else { 1.0 };
        let fits = (sum as f32).is_finite();
        let factor = if fits { sign } else { sign * SMALL };
        let divided = |&weight: &f64| match sum.is_infinite() {
            _ if sum.is_nan() => f64::NAN,
            true if weight.is_finite() => 0.0,
            true => weight,
            false => weight * factor,
        };
        let divided_sum = if sum.is_finite() { sum * factor } else { 1.0 };
        (weight.iter().map(divided).collect(), divided_sum)
    }
}

/// Sums over the rows so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    losses: f64,
    /// Sum of the z-losses, where they are not in the losses.
    z_losses: f64,
}

impl Settings {
    /// Adds the rows of a block to the sums.
    pub(super) fn add(&self, sums: &mut Sums, valid: &[bool], block: &Computed) {
        for (row, (loss, valid)) in block.losses.iter().zip(valid).enumerate() {
            sums.losses += loss;
            if self.apart && *valid {
                sums.z_losses += f64::from(self.loss.z_loss) * block.lse[row] * block.lse[row];
            }
        }
    }

    /// Returns the loss of all rows, if it is one value. The z-loss has no weights: its mean divides by the rows.
    pub(super) fn reduced(&self, sums: Sums) -> Option<f32> {
        let mean = |sum, over| self.loss.zero_valid.mean(sum, over);
        let valid_rows = self.counts.valid_rows as f64;
        let loss = match self.loss.reduction {
            Reduction::Mean => {
                mean(sums.losses, self.counts.weight_sum) + mean(sums.z_losses, valid_rows)
            }
            Reduction::Sum => sums.losses + sums.z_losses,
            _ => return None,
        };
        Some(loss as f32)
    }
}
