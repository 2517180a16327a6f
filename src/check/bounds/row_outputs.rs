//! Bounds of the auxiliary outputs of a row of logits, of [`RowOutputs`](crate::reference::RowOutputs).

use super::{FLUSHED, Spread, U, by_target, finite, of_log, of_lse, of_probability};
use crate::reference::{CrossEntropy, Statistic, Target, Targets, pairwise_sum, rows_of};

/// Returns the bounds of the [log-probabilities of the targets](crate::reference::RowOutputs::target_log_probs), one a row: those
/// of a log-probability, and 0 for an ignored row.
pub fn target_log_prob<'a>(
    cross_entropy: &CrossEntropy,
    logits: &[f32],
    targets: impl Into<Targets<'a>>,
) -> Vec<f64> {
    by_target(
        cross_entropy,
        logits,
        targets,
        |cross_entropy, row, target, statistic| {
            let log_prob = cross_entropy.target_log_prob(row, target, statistic);
            match target {
                Target::Ignored => 0.0,
                _ => of_log(log_prob, cross_entropy.columns()),
            }
        },
    )
}

/// Returns the bounds of the [log-probabilities of given classes](CrossEntropy::log_probs_of), `rows x count`: those of a
/// log-probability.
pub fn log_probs_of(
    cross_entropy: &CrossEntropy,
    logits: &[f32],
    classes: &[i64],
    count: usize,
) -> Vec<f64> {
    let log_probs = cross_entropy.log_probs_of(logits, classes, count);
    // The scale of a row is in its log-probabilities.
    let bound = |w| of_log(w, cross_entropy.columns());
    log_probs.into_iter().map(bound).collect()
}

/// Returns the bounds of the [largest probabilities](crate::reference::RowOutputs::max_probs), one a row: those of a probability.
pub fn max_prob(cross_entropy: &CrossEntropy, logits: &[f32]) -> Vec<f64> {
    let of_row = |(n, row)| {
        let of = cross_entropy.for_row(n);
        let statistic = of.statistic(row);
        of_probability(statistic, statistic.max, of.columns())
    };
    let rows = rows_of(logits, cross_entropy.cols).enumerate();
    rows.map(of_row).collect()
}

/// True if `class` may be found as the [argmax](crate::reference::RowOutputs::argmax) of a row: without a softcap only the right
/// class; with a softcap `C`, under which different logits may become equal, any class whose capped logit is within `4 C u` of
/// the largest. Scales of rows do not count, and the classes that are kept are those of the first row.
pub fn may_be_argmax(cross_entropy: &CrossEntropy, row: &[f32], class: Option<usize>) -> bool {
    let columns = cross_entropy.columns();
    let expected = cross_entropy.argmax(row, cross_entropy.statistic(row));
    let read = cross_entropy.read(row);
    let z = |class: usize| (class < row.len()).then(|| read(class));
    match (columns.softcap, class.and_then(z), expected.and_then(z)) {
        (Some(cap), Some(found), Some(largest)) => largest - found <= 4.0 * cap * U,
        _ => class == expected,
    }
}

/// Returns the bounds of the [entropies](crate::reference::RowOutputs::entropies), one a row:
///
/// `(12 max(1, H) + 2 ln N + sum_c p_c abs(w_c + H) (2 abs(d_c) + 4 C)) u`
///
/// A kernel forms `H = ln s + A / s` with `A = sum_c exp(d_c) abs(d_c)`, where no term is negative and nothing cancels: the
/// nested sums, the logarithm, the division and the last sum are errors relative to `H` and to `ln s`. Each exponential
/// is off by `2 abs(d_c) + 4 C` in `u`, as for a probability, in `s` and `A` alike. That acts as an error of the logit,
/// by which the derivative of `H` is `-p_c (w_c + H)`. Where probabilities are equal it is 0.
pub fn entropy(cross_entropy: &CrossEntropy, logits: &[f32]) -> Vec<f64> {
    let of_row = |(n, row)| {
        let of = cross_entropy.for_row(n);
        of_entropy(&of, row, of.statistic(row))
    };
    let rows = rows_of(logits, cross_entropy.cols).enumerate();
    rows.map(of_row).collect()
}

/// Returns the bounds of the [z-losses](crate::reference::RowOutputs::z_losses), one a row: the z-loss's part of
/// [`row_loss`](super::row_loss).
pub fn z_loss<'a>(
    cross_entropy: &CrossEntropy,
    logits: &[f32],
    targets: impl Into<Targets<'a>>,
) -> Vec<f64> {
    by_target(
        cross_entropy,
        logits,
        targets,
        |cross_entropy, _, target, statistic| match target.is_valid() {
            true => finite(of_z_loss(cross_entropy, statistic)),
            false => 0.0,
        },
    )
}

pub(super) fn of_z_loss(cross_entropy: &CrossEntropy, statistic: Statistic) -> f64 {
    if cross_entropy.loss.z_loss == 0.0 {
        return 0.0;
    }
    let (lse, bound) = (statistic.lse(), of_lse(statistic, cross_entropy.columns()));
    let square = 2.0 * lse.abs() * bound + bound * bound;
    f64::from(cross_entropy.loss.z_loss).abs() * (square + 4.0 * U * lse * lse) + FLUSHED
}

fn of_entropy(cross_entropy: &CrossEntropy, row: &[f32], statistic: Statistic) -> f64 {
    let columns = cross_entropy.columns();
    if statistic.poisoned() || columns.count == 1 {
        return 0.0;
    }
    let (entropy, spread) = (cross_entropy.entropy(row, statistic), Spread::from(columns));
    let read = cross_entropy.read(row);
    let of_exponential = |class: usize| {
        let z = read(class);
        match statistic.probability(z) {
            0.0 => 0.0,
            p => {
                let derivative = p * (statistic.log_probability(z) + entropy).abs();
                derivative * (spread.logits - 2.0 * statistic.distance(z))
            }
        }
    };
    let exponentials = pairwise_sum(row.len(), of_exponential);
    (12.0 * entropy.max(1.0) + spread.sum() + exponentials) * U
}
