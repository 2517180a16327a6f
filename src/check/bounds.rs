//! How far an f32 result may be from the [reference](mod@reference) on the same stored inputs:
//! for every element the allowed absolute error.
//!
//! With `u = 2^-24`, `d = x - max`, `w` a log-probability, `s` the sum of `exp(d)`, `N` columns:
//!
//! | value | within |
//! | --- | --- |
//! | probability `p` | `(8 + 2 abs(d) + 2 ln N) u p` where `p >= 1e-30`, below that `1e-35` |
//! | log-probability, row loss | `(8 max(1, abs(w)) + 2 ln N) u` |
//! | logsumexp | `(8 max(1, abs(max), ln s) + 2 ln N) u` |
//! | gradient of the row loss | `((10 + 4 abs(w) + 2 ln N) p + 2 at the target) u`, times `abs(upstream)` |
//! | softmax backward, `A = sum p abs(g)` | `u p (4 abs(g) + (8 + 2 ln N) A) + 1e-37` |
//! | log-softmax backward | `u (2 abs(g) + exp(w) (8 + 2 abs(w) + 2 ln N) sum abs(g))` |
//! | mean and sum of losses | the mean (sum) of the rows' bounds, and 8 u times that of `abs(loss)` |
//!
//! An allowed error of 0 asks for the exact value: one column gives probability 1 and loss 0; a
//! logit of `-inf` gives probability and gradient 0; an ignored row gives zeros. It also stands
//! beside every NaN and infinity, which no error measures.
//!
//! Adapters may flush results below 1.2e-38 to 0, and so what is a product of such a result and a
//! gradient is off by as much times the gradient.
//!
//! # Panics
//!
//! As the functions of the reference on the same arguments.

use crate::reference::{
    self, CrossEntropy, Statistic, Target, from_statistic, pairwise_sum, rows_of,
};

/// Half a step of f32 at 1: the error of one rounding, relative.
const U: f64 = 1.0 / (1 << 24) as f64;

/// A result below this may be flushed to 0.
const FLUSHED: f64 = 1.2e-38;

/// WGSL's accuracy of a division, 2.5 steps, as a relative error.
const DIVISION: f64 = 5.0 * U;

/// How far the f32 probabilities of a row, added up exactly, may be from 1, for up to 262,144
/// columns.
pub const ROW_SUM: f64 = 1e-6;

/// Of [`softmax`](reference::softmax), `rows x cols`.
pub fn probability(logits: &[f32], cols: usize) -> Vec<f64> {
    from_statistic(logits, cols, |row, x| of_probability(row, x, cols))
}

/// Of [`log_softmax`](reference::log_softmax), `rows x cols`.
pub fn log_probability(logits: &[f32], cols: usize) -> Vec<f64> {
    from_statistic(logits, cols, |row, x| of_log(row.log_probability(x), cols))
}

/// Of [`logsumexp`](reference::logsumexp), one a row.
pub fn lse(logits: &[f32], cols: usize) -> Vec<f64> {
    let bound = |row: Statistic| match row {
        _ if row.poisoned() => 0.0,
        _ => (8.0 * row.max.abs().max(row.sum.ln()).max(1.0) + two_ln(cols)) * U,
    };
    rows_of(logits, cols)
        .map(|row| bound(Statistic::of(row)))
        .collect()
}

/// Of [`softmax_backward`](reference::softmax_backward), `rows x cols`. A probability of 0 gives
/// exactly 0.
pub fn softmax_backward(probs: &[f32], grad_probs: &[f32], cols: usize) -> Vec<f64> {
    by_rows(probs, grad_probs, cols, |p, g| {
        let total = pairwise_sum(cols, |i| (f64::from(p[i]) * f64::from(g[i])).abs());
        move |p: f64, g: f64| match p {
            0.0 => 0.0,
            _ => U * p.abs() * (4.0 * g.abs() + (8.0 + two_ln(cols)) * total) + 1e-37,
        }
    })
}

/// Of [`log_softmax_backward`](reference::log_softmax_backward), `rows x cols`. A gradient of 0 at
/// a log-probability of `-inf` gives exactly 0.
pub fn log_softmax_backward(log_probs: &[f32], grad_log_probs: &[f32], cols: usize) -> Vec<f64> {
    by_rows(log_probs, grad_log_probs, cols, |_, g| {
        let total = pairwise_sum(cols, |i| f64::from(g[i]).abs());
        move |w: f64, g: f64| match (w, g) {
            (f64::NEG_INFINITY, 0.0) => 0.0,
            (f64::NEG_INFINITY, _) => U * 2.0 * g.abs() + flushed(total),
            _ => {
                let probability = w.exp() * (8.0 + 2.0 * w.abs() + two_ln(cols)) * total;
                U * (2.0 * g.abs() + probability) + flushed(total)
            }
        }
    })
}

/// Of [`logsumexp_backward`](reference::logsumexp_backward), `rows x cols`: the bound of the
/// probability times `abs(g)`, and one rounding of the product.
pub fn logsumexp_backward(logits: &[f32], grad_lse: &[f32], cols: usize) -> Vec<f64> {
    let expected = reference::logsumexp_backward(logits, grad_lse, cols);
    let mut allowed = probability(logits, cols);
    for (i, allowed) in allowed.iter_mut().enumerate() {
        let g = f64::from(grad_lse[i / cols]).abs();
        *allowed = match *allowed {
            0.0 if expected[i] == 0.0 => 0.0,
            bound => finite(g * bound + U * expected[i].abs() + FLUSHED),
        };
    }
    allowed
}

/// Of [`jacobian`](reference::jacobian), `rows x cols x cols`.
///
/// With `b_i` the bound of the probability `p_i`, the entry `p_i (delta_ij - p_j)` inherits
/// `b_i abs(delta_ij - p_j) + (p_i + b_i) b_j`, and adds one rounding of the difference and one of
/// the product. An exact probability, 0 or 1, makes its entries exactly 0.
pub fn jacobian(logits: &[f32], cols: usize) -> Vec<f64> {
    let probs = reference::softmax(logits, cols);
    let bounds = probability(logits, cols);
    let mut allowed = Vec::with_capacity(logits.len() * cols);
    for (probs, bounds) in probs.chunks_exact(cols).zip(bounds.chunks_exact(cols)) {
        for (i, (p_i, b_i)) in probs.iter().zip(bounds).enumerate() {
            allowed.extend(probs.iter().zip(bounds).enumerate().map(|(j, (p_j, b_j))| {
                let difference = (f64::from(u8::from(i == j)) - p_j).abs();
                let inherited = b_i * difference + (p_i + b_i) * b_j;
                match b_i * b_j {
                    0.0 => 0.0,
                    _ => inherited + 2.0 * U * p_i * difference + FLUSHED,
                }
            }));
        }
    }
    allowed
}

/// Of the [row losses](reference::CrossEntropyResult::row_losses), one a row.
pub fn row_loss(cross_entropy: &CrossEntropy, logits: &[f32], targets: &[i64]) -> Vec<f64> {
    let cols = cross_entropy.cols();
    let bound = |(row, target): (&[f32], Target)| match target {
        Target::Ignored | Target::Bad => 0.0,
        Target::Class(class) => of_log(Statistic::of(row).log_probability(row[class]), cols),
    };
    cross_entropy.rows(logits, targets).map(bound).collect()
}

/// Of the [mean or sum](reference::CrossEntropyResult::loss), or `None` where there is none.
///
/// Where the losses add up to more than f32 holds, every value but NaN is allowed: which of the
/// partial sums overflow is the kernel's own affair.
pub fn loss(cross_entropy: &CrossEntropy, logits: &[f32], targets: &[i64]) -> Option<f64> {
    let result = cross_entropy.losses(logits, targets);
    let terms: Vec<f64> = row_loss(cross_entropy, logits, targets)
        .iter()
        .zip(&result.row_losses)
        .map(|(bound, loss)| finite(bound + 8.0 * U * loss.abs()))
        .collect();
    let total = pairwise_sum(targets.len(), |row| result.row_losses[row].abs());
    let overflows = total.is_finite() && total > f64::from(f32::MAX);
    let bound = cross_entropy.reduce(&terms, result.valid_rows)?;
    Some(if overflows {
        f64::INFINITY
    } else {
        finite(bound)
    })
}

/// Of [`CrossEntropy::gradient`], `rows x cols`. The mean's upstream gradient is itself a quotient,
/// and adds the accuracy of WGSL's division.
pub fn loss_gradient(cross_entropy: &CrossEntropy, logits: &[f32], targets: &[i64]) -> Vec<f64> {
    let cols = cross_entropy.cols();
    let upstream = cross_entropy
        .upstream(cross_entropy.valid_rows(targets))
        .abs();
    let quotient = if cross_entropy.is_mean() {
        DIVISION
    } else {
        0.0
    };
    let mut allowed = Vec::with_capacity(logits.len());
    for (row, target) in cross_entropy.rows(logits, targets) {
        let statistic = Statistic::of(row);
        allowed.extend(row.iter().enumerate().map(|(class, &x)| match target {
            Target::Class(target) => {
                let onehot = f64::from(u8::from(class == target));
                let share = of_gradient(statistic, x, cols) + 2.0 * onehot * U;
                let gradient = (statistic.probability(x) - onehot).abs();
                match x {
                    f32::NEG_INFINITY if onehot == 0.0 => 0.0,
                    _ => finite((share + quotient * gradient) * upstream + flushed(upstream)),
                }
            }
            Target::Ignored | Target::Bad => 0.0,
        }));
    }
    allowed
}

fn of_probability(row: Statistic, x: f32, cols: usize) -> f64 {
    let p = row.probability(x);
    let d = f64::from(x) - row.max;
    match p {
        _ if p.is_nan() || cols == 1 || x == f32::NEG_INFINITY => 0.0,
        _ if p < 1e-30 => 1e-35,
        _ => (8.0 + 2.0 * d.abs() + two_ln(cols)) * U * p,
    }
}

fn of_log(w: f64, cols: usize) -> f64 {
    match w {
        _ if cols == 1 || !w.is_finite() => 0.0,
        _ => (8.0 * w.abs().max(1.0) + two_ln(cols)) * U,
    }
}

/// The part of the gradient's bound that goes with `p`.
fn of_gradient(row: Statistic, x: f32, cols: usize) -> f64 {
    match row.probability(x) {
        0.0 => 0.0,
        p => (10.0 + 4.0 * row.log_probability(x).abs() + two_ln(cols)) * p * U,
    }
}

fn two_ln(cols: usize) -> f64 {
    2.0 * (cols as f64).ln()
}

/// What flushing costs a result, one of whose factors may have been flushed before it was
/// multiplied by `scale`.
fn flushed(scale: f64) -> f64 {
    FLUSHED * scale.max(1.0)
}

/// 0 where a NaN or an infinity leaves no error to bound.
fn finite(bound: f64) -> f64 {
    if bound.is_finite() { bound } else { 0.0 }
}

/// The bound that `of_row` makes for each row, at each of its elements.
fn by_rows<Bound: Fn(f64, f64) -> f64>(
    outputs: &[f32],
    gradients: &[f32],
    cols: usize,
    of_row: impl Fn(&[f32], &[f32]) -> Bound,
) -> Vec<f64> {
    assert_eq!(outputs.len(), gradients.len(), "one gradient an output");
    let mut allowed = Vec::with_capacity(outputs.len());
    for (y, g) in rows_of(outputs, cols).zip(rows_of(gradients, cols)) {
        let bound = of_row(y, g);
        let bound = |(&y, &g): (&f32, &f32)| finite(bound(f64::from(y), f64::from(g)));
        allowed.extend(y.iter().zip(g).map(bound));
    }
    allowed
}
