//! How far an f32 result may be from the [reference](crate::reference) on the same stored inputs:
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
//! | with a softcap `C` | `4 C u` more inside each bound |
//! | [stored] as f16 / bf16 | the f32 bound `+ max(2^-11 abs(y), 2^-25)` / `+ 2^-8 abs(y)` |
//!
//! What the options of a cross-entropy add is derived from these at [`row_loss`] and
//! [`loss_gradient`]. With a scale, the formulas see `S x`, and gradients are multiplied: `S` times
//! the bound, and one rounding of the product.
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

mod backward;
mod cross_entropy;
mod loss_gradient;
mod softmax;
mod storage;

pub use backward::{log_softmax_backward, logsumexp_backward, softmax_backward};
pub use cross_entropy::{loss, row_loss, row_lse};
pub use loss_gradient::loss_gradient;
pub use softmax::{jacobian, log_probability, lse, probability};
pub use storage::stored;

use crate::reference::{Columns, Statistic};

/// Half a step of f32 at 1: the error of one rounding, relative.
const U: f64 = 1.0 / (1 << 24) as f64;

/// A result below this may be flushed to 0.
const FLUSHED: f64 = 1.2e-38;

/// WGSL's accuracy of a division, 2.5 steps, as a relative error.
const DIVISION: f64 = 5.0 * U;

/// How far the f32 probabilities of a row, added up exactly, may be from 1, for up to 262,144
/// columns.
pub const ROW_SUM: f64 = 1e-6;

fn of_probability(row: Statistic, z: f64, columns: Columns) -> f64 {
    let p = row.probability(z);
    let d = z - row.max;
    match p {
        _ if p.is_nan() || columns.count == 1 || z == f64::NEG_INFINITY => 0.0,
        _ if p < 1e-30 => 1e-35 + four_caps(columns) * U * p,
        _ => (8.0 + 2.0 * d.abs() + spread(columns)) * U * p,
    }
}

fn of_log(w: f64, columns: Columns) -> f64 {
    match w {
        _ if columns.count == 1 || !w.is_finite() => 0.0,
        _ => (8.0 * w.abs().max(1.0) + spread(columns)) * U,
    }
}

fn of_lse(row: Statistic, columns: Columns) -> f64 {
    match row {
        _ if row.poisoned() => 0.0,
        _ => (8.0 * row.max.abs().max(row.sum.ln()).max(1.0) + spread(columns)) * U,
    }
}

/// The part of the gradient's bound that goes with `p`.
fn of_gradient(row: Statistic, z: f64, columns: Columns) -> f64 {
    match row.probability(z) {
        0.0 => 0.0,
        p => (10.0 + 4.0 * row.log_probability(z).abs() + spread(columns)) * p * U,
    }
}

/// What a row's columns add to any bound, in `u`: `2 ln N` for the sum, `4 C` for the softcap.
fn spread(columns: Columns) -> f64 {
    two_ln(columns.count) + four_caps(columns)
}

fn four_caps(columns: Columns) -> f64 {
    4.0 * columns.reading.softcap.unwrap_or(0.0)
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
