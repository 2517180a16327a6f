//! The reference: every operation in f64 on the CPU, against which kernels are measured.
//!
//! Inputs are the values exactly as stored, f32 or f64 ([`Real`]), `rows x cols` in row-major order, so that the number of rows
//! is `len / cols`; everything after the load is f64. The code is as plain as the formulas, for it is read more often than it is
//! run. Sums are pairwise: rows of millions of columns stay exact to about 1e-15.
//!
//! | operation | formula for a row `x` with `m = max x`, `s = sum exp(x - m)` |
//! | --- | --- |
//! | [`softmax`] | `p_i = exp(x_i - m) / s` |
//! | [`log_softmax`] | `w_i = (x_i - m) - ln s` |
//! | [`logsumexp`] | `m + ln s` |
//! | [`softmax_backward`] | `p_i (g_i - <p, g>)` |
//! | [`log_softmax_backward`] | `g_i - exp(w_i) sum(g)` |
//! | [`logsumexp_backward`] | `g p_i` |
//! | [`sink_probs`] | `p_k = exp(k - m) / s` of a row's [sink](Masked::sinks) `k`, of which `m` and `s` know |
//! | [`softmax_grad_sinks`], [`log_softmax_grad_sinks`], [`logsumexp_grad_sinks`] | `-p_k <p, g>`, `-p_k sum(g)`, `g p_k` |
//! | [`jacobian`] | `J_ij = p_i (delta_ij - p_j)` |
//! | [`CrossEntropy`] | `(m - x_t) + ln s` for target `t`, gradient `p_i - delta_it`; [`Targets`] may be probabilities |
//! | of a layer's logits | [`CrossEntropy::linear_losses`] and its gradients by hidden, weight and bias ([`Linear`]) |
//! | its [`RowOutputs`] | log-probabilities of classes, entropy `ln s - (1 / s) sum exp(x - m) (x - m)`, argmax, ... |
//!
//! Where an operation takes `cols: impl Into<Columns>`, that is a number of columns or [`Columns`] with a scale: the formulas
//! then see `S x`, and gradients carry the factor `S`. Where it takes `cols: impl Into<Masked>`, it may be [`Masked`] columns,
//! too. The mapping of tensors of any shape to rows is up to the caller: [`axis_to_rows`], [`broadcast`] and [`causal`] help.
//!
//! # Special values
//!
//! | a row of logits with | probabilities | log-probabilities | logsumexp |
//! | --- | --- | --- | --- |
//! | `-inf` somewhere | exactly 0 there | `-inf` there | of the others |
//! | `-inf` everywhere | NaN, or 0 by [`EmptyRows`](crate::EmptyRows) | NaN, or `-inf` | `-inf` |
//! | `+inf` | NaN | NaN | `+inf` |
//! | NaN, with or without `+inf` | NaN | NaN | NaN |
//!
//! No row changes another one. Special values are classified as stored, and a sum with a mask by the rules of IEEE: a finite
//! value never counts as infinite, whatever the scale, since results depend on `S (x - m)`. A logit that a mask excludes counts
//! as `-inf`. Only results may be beyond the range of f32, and are infinite once they are rounded to it.
//!
//! # Panics
//!
//! All functions panic when `cols` is 0, when a length is not a whole number of rows, and when two
//! arguments disagree about the number of rows.

mod backward;
mod columns;
mod cross_entropy;
mod linear;
mod masked;
mod shape;
mod softmax;
mod statistic;
mod sum;

use std::slice::ChunksExact;

pub use backward::{
    log_softmax_backward, log_softmax_grad_sinks, logsumexp_backward, logsumexp_grad_sinks,
    softmax_backward, softmax_grad_sinks,
};
pub use columns::Columns;
#[cfg(feature = "check")]
pub(crate) use cross_entropy::{Counts, Target, TargetDistribution};
pub use cross_entropy::{CrossEntropy, CrossEntropyResult, RowOutputs, Targets};
pub use linear::{Linear, LinearGradients};
pub use masked::Masked;
pub use shape::{axis_to_rows, broadcast, causal, rows_to_axis};
pub use softmax::{jacobian, jacobian_row, log_softmax, logsumexp, sink_probs, softmax};
pub use statistic::Statistic;
pub(crate) use sum::pairwise_sum;

/// Number as it is stored.
pub trait Real: Copy + Into<f64> {}

impl Real for f32 {}
impl Real for f64 {}

/// Splits a `rows x cols` array into its rows.
pub(crate) fn rows_of<X>(values: &[X], cols: usize) -> ChunksExact<'_, X> {
    assert!(cols > 0, "a row needs at least one column");
    assert!(
        values.len().is_multiple_of(cols),
        "{} values are no whole number of rows of {cols} columns",
        values.len()
    );
    values.chunks_exact(cols)
}
