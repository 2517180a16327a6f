//! Bounds of losses: one a row, and reduced.

use super::row_outputs::of_z_loss;
use super::{FLUSHED, U, beyond_f32, by_target, finite, of_log, of_lse, two_ln};
use crate::reference::{Counts, CrossEntropy, Statistic, Target, Targets, pairwise_sum, rows_of};

/// Returns the bounds of the [logsumexp](crate::reference::CrossEntropyResult::lse) returned with the losses, one a row.
pub fn row_lse(cross_entropy: &CrossEntropy, logits: &[f32]) -> Vec<f64> {
    let of_row = |(n, row)| {
        let of = cross_entropy.for_row(n);
        of_lse(of.statistic(row), of.columns())
    };
    let rows = rows_of(logits, cross_entropy.cols).enumerate();
    rows.map(of_row).collect()
}

/// Returns the bounds of the [row losses](crate::reference::CrossEntropyResult::row_losses), one a row.
///
/// With `l_c = -log p_c`, `b_c` the bound of a log-probability, `B` that of the logsumexp, and `abs(t_c)` the target weight with
/// every factor of it made positive:
///
/// | loss | within |
/// | --- | --- |
/// | class ids | `b_t`; with class weights `abs(w_t) b_t`, and `u` of the product |
/// | smoothing, or probabilities | `sum_c abs(t_c) (b_c + (8 + 2 ln N) u l_c)`: the target weights take 8 roundings, the nested sum over classes `2 ln N` |
/// | z-loss `L` | `abs(L) (2 abs(lse) B + B^2 + 4 u lse^2)` more: the square of an inexact number and its roundings; and `u` of the sum |
///
/// A weight of the row multiplies the bound of its cross-entropy, and adds `u` of the product.
///
/// A target weight that may be flushed adds that much times `l_c`. Where the products, all made positive, or a loss without the
/// weight of its row, add up to more than f32 holds, or where either the loss or the z-loss exceeds f32 and both have to be added,
/// every value but NaN is allowed.
pub fn row_loss<'a>(
    cross_entropy: &CrossEntropy,
    logits: &[f32],
    targets: impl Into<Targets<'a>>,
) -> Vec<f64> {
    let rows = RowLoss::of_rows(cross_entropy, logits, targets);
    rows.iter().map(RowLoss::bound).collect()
}

/// Returns the bound of the [mean or sum](crate::reference::CrossEntropyResult::loss), or `None` where there is none.
///
/// The mean of the cross-entropy divides by a nested sum of the weights, which is within 8 u of the
/// sum of their absolute values; 9 u with weights of rows, where each is a product. That of the z-loss divides by a count.
///
/// Where the losses, all made positive, add up to more than f32 holds, every value but NaN is allowed: the order of the partial
/// sums, and so which of them overflow, is up to the kernel.
pub fn loss<'a>(
    cross_entropy: &CrossEntropy,
    logits: &[f32],
    targets: impl Into<Targets<'a>>,
) -> Option<f64> {
    let targets = targets.into();
    let rows = RowLoss::of_rows(cross_entropy, logits, targets);
    let targets = cross_entropy.targets(logits, targets);
    let counts = cross_entropy.counts(&targets);
    let reduced = |loss: &dyn Fn(&RowLoss) -> f64, z_loss: &dyn Fn(&RowLoss) -> f64| {
        let [losses, z_losses] = [loss, z_loss].map(|of| rows.iter().map(of).collect::<Vec<_>>());
        cross_entropy.reduce(&losses, &z_losses, &counts)
    };
    let term = |value: f64, bound: f64| finite(bound + 8.0 * U * value.abs());
    let bound = reduced(&|row| term(row.loss, row.loss_bound), &|_| 0.0)?.abs();
    let z_bound = reduced(&|_| 0.0, &|row| term(row.z_loss, row.z_bound))?.abs();
    let quotient = weight_sum_error(cross_entropy, &targets, &counts)
        * reduced(&|row| row.loss, &|_| 0.0)?.abs();
    let overflows = rows.iter().any(|row| row.bound() == f64::INFINITY)
        || beyond_f32(pairwise_sum(rows.len(), |n| rows[n].magnitude()));
    let bound = finite(bound + z_bound + quotient);
    Some(if overflows { f64::INFINITY } else { bound })
}

/// Returns the relative error of the sum of weights that a mean divides by: 0 for a count, and for divisors that were given.
pub(super) fn weight_sum_error(
    cross_entropy: &CrossEntropy,
    targets: &[Target<'_>],
    counts: &Counts,
) -> f64 {
    let weighted = |&target: &Target<'_>| match target {
        Target::Class(_) => cross_entropy.distribution(target).weighted(),
        _ => false,
    };
    let weighted = targets.iter().any(weighted) || cross_entropy.weighs_rows();
    let counted = cross_entropy.counts_divisors() && weighted;
    if !counted || counts.weight_sum == 0.0 {
        return 0.0;
    }
    // A product of two is one rounding more.
    let roundings = if cross_entropy.weighs_rows() {
        9.0
    } else {
        8.0
    };
    let magnitude = |row: usize| cross_entropy.mean_weight(row, targets[row]).abs();
    roundings * U * pairwise_sum(targets.len(), magnitude) / counts.weight_sum.abs()
}

/// Cross-entropy and z-loss of a row with their bounds.
struct RowLoss {
    loss: f64,
    z_loss: f64,
    loss_bound: f64,
    z_bound: f64,
    /// True if the loss is infinite or NaN.
    is_open: bool,
}

impl RowLoss {
    fn of_rows<'a>(
        cross_entropy: &CrossEntropy,
        logits: &[f32],
        targets: impl Into<Targets<'a>>,
    ) -> Vec<Self> {
        let rows = by_target(
            cross_entropy,
            logits,
            targets,
            |cross_entropy, row, target, statistic| {
                let (loss, z_loss) = cross_entropy.row_loss(row, target, statistic);
                let (loss_bound, z_bound) = match target {
                    Target::Ignored | Target::Bad => (0.0, 0.0),
                    _ => (
                        of_row(cross_entropy, row, target, statistic),
                        of_z_loss(cross_entropy, statistic),
                    ),
                };
                let columns = cross_entropy.columns();
                let class = cross_entropy.distribution(target).only();
                let surprise = class.map(|c| statistic.surprise(cross_entropy.read(row)(c)));
                Self {
                    loss,
                    z_loss,
                    loss_bound,
                    z_bound,
                    // An infinite weight times a log-probability that may be 0 in f32.
                    is_open: loss.is_infinite()
                        && surprise.is_some_and(|l| l.is_finite() && l <= of_log(l, columns)),
                }
            },
        );
        let weights = (0..).map(|row| cross_entropy.weight_of_row(row));
        let rows = rows.into_iter().zip(weights);
        rows.map(|(row, weight)| row.weighted(weight)).collect()
    }

    /// Returns the row with its weight. One of weight 0 is ignored.
    fn weighted(self, weight: f64) -> Self {
        if weight == 1.0 || weight == 0.0 {
            return self;
        }
        let loss = weight * self.loss;
        let product = match loss {
            0.0 => 0.0,
            loss => U * loss.abs() + FLUSHED,
        };
        Self {
            loss,
            loss_bound: match beyond_f32(self.loss) {
                true => f64::INFINITY,
                false => weight.abs() * self.loss_bound + product,
            },
            // An infinite weight times a loss that may be 0 in f32.
            is_open: self.is_open
                || weight.is_infinite() && loss.is_infinite() && self.loss.abs() <= self.loss_bound,
            ..self
        }
    }

    fn magnitude(&self) -> f64 {
        self.loss.abs() + self.z_loss.abs()
    }

    /// Returns the bound of cross-entropy and z-loss together.
    fn bound(&self) -> f64 {
        let sum = match self.z_loss {
            0.0 => 0.0,
            _ => U * self.magnitude(),
        };
        let overflows = beyond_f32(self.loss) || beyond_f32(self.z_loss);
        match (self.loss + self.z_loss).is_finite() {
            true if self.z_loss != 0.0 && overflows => f64::INFINITY,
            true => self.loss_bound + self.z_bound + sum,
            false if self.is_open => f64::INFINITY,
            false => 0.0,
        }
    }
}

fn of_row(
    cross_entropy: &CrossEntropy,
    row: &[f32],
    target: Target<'_>,
    statistic: Statistic,
) -> f64 {
    let (distribution, columns) = (cross_entropy.distribution(target), cross_entropy.columns());
    let z = cross_entropy.read(row);
    let surprise = |c: usize| statistic.surprise(z(c));
    let flushed = |c: usize, l: f64| FLUSHED * distribution.weight(c).abs().max(1.0) * l.max(1.0);
    let products = match distribution.only() {
        Some(class) if !distribution.weighted() => return of_log(surprise(class), columns),
        Some(_) => U,
        None if beyond_f32(distribution.sum(|c| distribution.magnitude(c) * surprise(c))) => {
            return f64::INFINITY;
        }
        None => (8.0 + two_ln(columns.count)) * U,
    };
    distribution.sum(|c| match surprise(c) {
        0.0 if columns.count == 1 => 0.0,
        l => distribution.magnitude(c) * (of_log(l, columns) + products * l) + flushed(c, l),
    })
}
