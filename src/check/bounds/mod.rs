//! Allowed absolute error of every element of an f32 result, relative to the [reference](crate::reference) on the same stored
//! inputs.
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
//! | entropy `H` | `(12 max(1, H) + 2 ln N + sum p abs(w + H) (2 abs(d) + 4 C)) u` |
//! | with a softcap `C` | `4 C u` more inside each bound |
//! | with a sink, and a scale that is no power of 2 | `u abs(S max)` more inside each bound, `max` the largest logit |
//! | gradient of a sink, `p_k` its probability | `u p_k (8 + 2 ln N) A`, `A` the sum of the terms' magnitudes |
//! | with an additive mask | `u (abs(z) + abs(max))` more inside each bound, `z = x + mask` and `max` the largest |
//! | [stored] as f16 / bf16 | the f32 bound `+ max(2^-11 abs(y), 2^-25)` / `+ 2^-8 abs(y)` |
//!
//! The terms that the options of a cross-entropy add are derived from these at [`row_loss`] and [`loss_gradient`], and the
//! entropy's bound at [`entropy`]. With a scale, the formulas see `S x`, and gradients are multiplied: `S` times the bound, and
//! one rounding of the product. A mask that is added to `S x` brings two more roundings of `S x`. The errors of the logits
//! themselves, in the rows of softcap and mask, are a factor of the probability: beyond a few percent, that of the exponential
//! function.
//!
//! A sink is one more of the `N` columns, and takes part in the maximum. It is compared with the scaled maximum of the others, which is
//! a product of f32: if that is rounded, so is the sink's distance from all of them. From there on it is a logit: its weight, and
//! that of the maximum where the sink is above it, are one more exponential function of a rounded distance each.
//!
//! An allowed error of 0 asks for the exact value: one column gives probability 1 and loss 0; a logit of `-inf` gives probability
//! and gradient 0; an ignored row gives zeros. The allowed error is also 0 at every NaN and infinity, which no error measures.
//!
//! Adapters may flush results below 1.2e-38 to 0: the product of such a result and a gradient is then off by as much times the
//! gradient.
//!
//! # Panics
//!
//! As the functions of the reference on the same arguments.

mod backward;
mod cross_entropy;
mod linear;
mod loss_gradient;
mod row_outputs;
mod softmax;

pub use backward::{
    log_softmax_backward, log_softmax_grad_sinks, logsumexp_backward, logsumexp_grad_sinks,
    softmax_backward, softmax_grad_sinks,
};
pub use cross_entropy::{loss, row_loss, row_lse};
pub use linear::{linear_gradients, linear_logits, linear_loss, linear_row_loss};
pub use loss_gradient::loss_gradient;
pub use row_outputs::{entropy, log_probs_of, max_prob, may_be_argmax, target_log_prob, z_loss};
pub use softmax::{jacobian, log_probability, lse, probability, sink_probs};

use crate::reference::{Columns, CrossEntropy, Masked, Statistic, Target, Targets, rows_of};
use crate::spec::dtype::DType;

/// Half a step of f32 at 1: the error of one rounding, relative.
const U: f64 = 1.0 / (1 << 24) as f64;

/// A result below this may be flushed to 0.
const FLUSHED: f64 = 1.2e-38;

/// WGSL's accuracy of a division, 2.5 steps, as a relative error.
const DIVISION: f64 = 5.0 * U;

/// Largest distance from 1 of the f32 probabilities of a row, added up exactly, for up to 262,144 columns.
pub const ROW_SUM: f64 = 1e-6;

/// Returns the bounds of values once they are stored, from their f32 bounds `allowed`: the bound of the f32 value and one
/// rounding to nearest, `max(2^-11 abs(y), 2^-25)` for f16 and `2^-8 abs(y)` for bf16.
///
/// A value that is exact, and that the type holds, stays exact. A value beyond the type's range is infinite: see
/// [`compare_as`](crate::check::compare_as).
///
/// # Panics
///
/// When the lengths differ.
pub fn stored(dtype: DType, allowed: &[f64], expected: &[f64]) -> Vec<f64> {
    assert_eq!(allowed.len(), expected.len(), "allowed and expected");
    let held = |y: f64| !y.is_finite() || f64::from(dtype.round(y as f32)) == y;
    let bound = |(&allowed, &y): (&f64, &f64)| match allowed {
        0.0 if held(y) => 0.0,
        _ if y.is_finite() => allowed + rounding(dtype, y),
        _ => allowed,
    };
    allowed.iter().zip(expected).map(bound).collect()
}

/// Returns the error of one rounding to `dtype`, 0 for f32.
pub(super) fn rounding(dtype: DType, y: f64) -> f64 {
    match dtype {
        DType::F32 => 0.0,
        DType::F16 => (y.abs() / 2048.0).max(2_f64.powi(-25)),
        DType::Bf16 => y.abs() / 256.0,
    }
}

/// Terms that every bound of a row contains, in `u`.
#[derive(Clone, Copy)]
struct Spread {
    columns: usize,
    /// Error of the logits, before anything is computed from them.
    logits: f64,
}

impl Spread {
    /// Returns the spread for a logit `z` of the row `number`, whose statistic is `row`. With a mask that is added, both `z` and the
    /// maximum are rounded sums, each of a rounded product; and a sink is compared with a rounded product.
    fn masked(
        masked: Masked<'_>,
        logits: &[f32],
        number: usize,
        row: Statistic,
    ) -> impl Fn(f64) -> Self + use<> {
        let rounded = masked.rounded(logits, number);
        let (columns, of_sink) = (masked.terms(), masked.rounded_height(logits, number));
        move |z| {
            let sums = |products| row.scaled(z).abs() + row.height().abs() + 2.0 * products;
            Self {
                columns,
                logits: of_sink + rounded.map_or(0.0, sums),
            }
        }
    }

    /// Returns the term of the sum over the columns: `2 ln N`.
    fn sum(self) -> f64 {
        two_ln(self.columns)
    }

    fn total(self) -> f64 {
        self.sum() + self.logits
    }
}

impl From<Columns> for Spread {
    fn from(columns: Columns) -> Self {
        Self {
            columns: columns.count,
            logits: 4.0 * columns.softcap.unwrap_or(0.0),
        }
    }
}

fn of_probability(row: Statistic, z: f64, spread: impl Into<Spread>) -> f64 {
    let (p, d, spread) = (row.probability(z), row.distance(z), spread.into());
    let factor = |relative: f64| {
        let largest = (row.log_probability(z) + relative).exp().min(1.0);
        largest * -(-relative).exp_m1()
    };
    match p {
        _ if p.is_nan() || spread.columns == 1 || z == f64::NEG_INFINITY => 0.0,
        _ if p < 1e-30 => 1e-35 + factor(spread.logits * U),
        _ => (8.0 + 2.0 * d.abs() + spread.sum()) * U * p + factor(spread.logits * U),
    }
}

fn of_log(w: f64, spread: impl Into<Spread>) -> f64 {
    let spread = spread.into();
    match w {
        _ if spread.columns == 1 || !w.is_finite() => 0.0,
        _ => (8.0 * w.abs().max(1.0) + spread.total()) * U,
    }
}

fn of_lse(row: Statistic, spread: impl Into<Spread>) -> f64 {
    match row {
        _ if row.poisoned() => 0.0,
        _ => (8.0 * row.height().abs().max(row.sum.ln()).max(1.0) + spread.into().total()) * U,
    }
}

/// Returns the part of the gradient's bound that is proportional to `p`.
fn of_gradient(row: Statistic, z: f64, spread: impl Into<Spread>) -> f64 {
    match row.probability(z) {
        0.0 => 0.0,
        p => (10.0 + 4.0 * row.log_probability(z).abs() + spread.into().total()) * p * U,
    }
}

fn two_ln(cols: usize) -> f64 {
    2.0 * (cols as f64).ln()
}

/// Evaluates `of_row(of, row, target, statistic)` for every row, where `of` computes that row.
fn by_target<'a, T>(
    cross_entropy: &CrossEntropy,
    logits: &[f32],
    targets: impl Into<Targets<'a>>,
    of_row: impl Fn(&CrossEntropy, &[f32], Target<'_>, Statistic) -> T,
) -> Vec<T> {
    let targets = cross_entropy.targets(logits, targets);
    let rows = rows_of(logits, cross_entropy.cols).zip(targets).enumerate();
    rows.map(|(n, (row, target))| {
        let of = cross_entropy.for_row(n);
        of_row(&of, row, target, of.statistic(row))
    })
    .collect()
}

/// Returns the error that flushing adds to a result, one of whose factors may have been flushed before it was multiplied by
/// `scale`.
fn flushed(scale: f64) -> f64 {
    FLUSHED * scale.max(1.0)
}

/// Returns `bound`, or 0 where a NaN or an infinity leaves no error to bound.
fn finite(bound: f64) -> f64 {
    if bound.is_finite() { bound } else { 0.0 }
}

/// True for a finite value that is infinite in f32.
fn beyond_f32(value: f64) -> bool {
    value.is_finite() && (value as f32).is_infinite()
}
