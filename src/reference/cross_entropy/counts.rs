use super::{CrossEntropy, Target};
use crate::reference::{Real, pairwise_sum};
use crate::spec::reduction::Reduction;

/// Counts of rows, and the sums that a mean divides by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub(crate) valid_rows: usize,
    pub(crate) bad_targets: usize,
    pub(crate) first_bad_row: Option<usize>,
    /// Sum of the weights of the valid rows' target classes; the number of valid rows where there are no weights, or where
    /// targets are probabilities.
    pub(crate) weight_sum: f64,
}

impl CrossEntropy {
    /// Counts targets, one a row.
    pub(crate) fn counts<X: Real>(&self, targets: &[Target<'_, X>]) -> Counts {
        Counts {
            valid_rows: targets.iter().filter(|target| target.is_valid()).count(),
            bad_targets: targets.iter().filter(|target| target.is_bad()).count(),
            first_bad_row: targets.iter().position(|target| target.is_bad()),
            weight_sum: pairwise_sum(targets.len(), |row| self.row_weight(targets[row])),
        }
    }

    /// Returns the contribution of a row to the sum of weights.
    pub(crate) fn row_weight<X>(&self, target: Target<'_, X>) -> f64 {
        match (target, &self.weight) {
            (Target::Class(class), Some(weight)) => weight[class],
            (Target::Class(_) | Target::Probs(_), _) => 1.0,
            (Target::Ignored | Target::Bad, _) => 0.0,
        }
    }

    /// Reduces two values a row, the cross-entropy and the z-loss. A mean divides the latter by the number of valid rows whatever
    /// their weights.
    pub(crate) fn reduce(&self, losses: &[f64], z_losses: &[f64], counts: &Counts) -> Option<f64> {
        let sum = |values: &[f64]| pairwise_sum(values.len(), |row| values[row]);
        match self.reduction {
            Reduction::None => None,
            Reduction::Sum => Some(sum(losses) + sum(z_losses)),
            Reduction::Mean => {
                let (weight_sum, valid_rows) = self.divisors(counts);
                let mean = self.zero_valid.mean(sum(losses), weight_sum);
                Some(mean + self.zero_valid.mean(sum(z_losses), valid_rows))
            }
        }
    }

    /// Returns the upstream gradients of the cross-entropy and of the z-loss of a row, made of its upstream gradient `g`.
    pub(crate) fn upstream(&self, row: usize, counts: &Counts) -> (f64, f64) {
        let g_row = self.grad_losses.as_ref().map_or(1.0, |g| g[row]);
        let g = match self.grad_loss * g_row {
            g if self.grad_loss.is_finite() && g_row.is_finite() => g,
            _ => f64::NAN,
        };
        if self.mean_over.is_none() && self.reduction != Reduction::Mean {
            return (g, g);
        }
        let (weight_sum, valid_rows) = self.divisors(counts);
        let divided = |over| self.zero_valid.mean(g, over);
        (divided(weight_sum), divided(valid_rows))
    }

    /// Returns the divisors of the mean of the cross-entropy and of the z-loss.
    fn divisors(&self, counts: &Counts) -> (f64, f64) {
        let counted = (counts.weight_sum, counts.valid_rows as f64);
        self.mean_over.unwrap_or(counted)
    }
}
