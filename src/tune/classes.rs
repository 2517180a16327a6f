//! Classes of problems that a measured kernel serves.

use super::Outcome;
use crate::device::tuning::TunedKernel;

/// Rows from which on every device has work.
const MANY_ROWS: u64 = 1024;

/// Returns the kernels that replace the preferred ones, each for the class of problems about its subject.
pub(super) fn kernels(outcomes: &[Outcome]) -> Vec<TunedKernel> {
    let replacing = outcomes.iter().filter(|outcome| outcome.replaces());
    replacing
        .filter_map(|outcome| kernel(outcome, outcomes))
        .collect()
}

fn kernel(outcome: &Outcome, outcomes: &[Outcome]) -> Option<TunedKernel> {
    let subject = &outcome.subject;
    let class = |of: &Outcome| (of.subject.operation, of.subject.dtype, of.subject.inner > 1);
    let alike = || {
        let others = outcomes.iter().map(|other| (class(other), &other.subject));
        others
            .filter(|(of, _)| *of == class(outcome))
            .map(|(_, other)| other)
    };
    let cols = alike().map(|other| other.cols);
    let cols = range(subject.cols, std::f64::consts::SQRT_2, cols);
    let as_long = alike().filter(|other| other.cols == subject.cols);
    let mut rows = range(subject.rows, 2.0, as_long.clone().map(|other| other.rows));
    let is_most = as_long.map(|other| other.rows).max() == Some(subject.rows);
    if subject.rows >= MANY_ROWS && is_most {
        rows.1 = u64::from(u32::MAX);
    }
    let mut kernel = TunedKernel::new(subject.problem().ok()?, outcome.best.variant);
    kernel.cols = (cols.0.try_into().ok()?, cols.1.try_into().ok()?);
    kernel.rows = rows;
    kernel.measured = format!(
        "{:.2} times as fast as {} at {}",
        outcome.ratio.median,
        outcome.preferred.variant,
        subject.shape()
    );
    Some(kernel)
}

/// Returns the range about `at`, by the factor `width` to each side, that ends midway to the nearest of `others`.
fn range(at: u64, width: f64, others: impl Iterator<Item = u64>) -> (u64, u64) {
    let middle = |other: u64| (at as f64 * other as f64).sqrt();
    let (mut least, mut most) = (at as f64 / width, at as f64 * width);
    for other in others {
        if other < at {
            // The middle itself belongs to the lower one.
            least = least.max(middle(other).floor() + 1.0);
        } else if other > at {
            most = most.min(middle(other));
        }
    }
    (least.ceil() as u64, most.floor() as u64)
}
