//! Every operation in f64 on the CPU: what the kernels are measured against.
//!
//! Inputs are the values exactly as stored, f32 or f64 ([`Real`]), `rows x cols` in row-major order,
//! so that rows are `len / cols`; everything after the load is f64. The code is as plain as the formulas, for it is
//! read more often than it is run. Sums are pairwise: rows of millions of columns stay exact to
//! about 1e-15.
//!
//! | operation | formula for a row `x` with `m = max x`, `s = sum exp(x - m)` |
//! | --- | --- |
//! | [`softmax`] | `p_i = exp(x_i - m) / s` |
//! | [`log_softmax`] | `w_i = (x_i - m) - ln s` |
//! | [`logsumexp`] | `m + ln s` |
//! | [`softmax_backward`] | `p_i (g_i - <p, g>)` |
//! | [`log_softmax_backward`] | `g_i - exp(w_i) sum(g)` |
//! | [`logsumexp_backward`] | `g p_i` |
//! | [`jacobian`] | `J_ij = p_i (delta_ij - p_j)` |
//! | [`CrossEntropy`] | `(m - x_t) + ln s` for target `t`, gradient `p_i - delta_it`; [`Targets`] may be probabilities |
//! | its [`RowOutputs`] | log-probabilities of classes, entropy `ln s - (1 / s) sum exp(x - m) (x - m)`, argmax, ... |
//!
//! Where an operation takes `cols: impl Into<Columns>`, that is a number of columns or [`Columns`]
//! with a scale: the formulas then see `S x`, and gradients carry the factor `S`. Where it takes
//! `cols: impl Into<Masked>`, it may be [`Masked`] columns, too. What tensors of any shape have in
//! rows is up to the caller: [`axis_to_rows`], [`broadcast`] and [`causal`] help.
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
//! No row changes another one. Values are told apart as they are stored, and a sum with a mask as
//! the rules of IEEE have it: what is finite never counts as infinite, whatever the scale, since
//! what counts of a logit is `S (x - m)`. One that a mask excludes counts as `-inf`. Only results
//! may be beyond the range of f32, and are infinite once they are rounded to it.
//!
//! # Panics
//!
//! All functions panic when `cols` is 0, when a length is not a whole number of rows, and when two
//! arguments disagree about the number of rows.

mod backward;
mod columns;
mod cross_entropy;
mod jacobian;
mod masked;
mod shape;
mod softmax;
mod statistic;
mod sum;

use std::slice::ChunksExact;

pub use backward::{log_softmax_backward, logsumexp_backward, softmax_backward};
pub use columns::Columns;
pub(crate) use columns::Reading;
pub(crate) use cross_entropy::{Counts, Shares, Target};
pub use cross_entropy::{CrossEntropy, CrossEntropyResult, RowOutputs, Targets};
pub use jacobian::{jacobian, jacobian_row};
pub use masked::Masked;
pub use shape::{axis_to_rows, broadcast, causal, rows_to_axis};
pub use softmax::{log_softmax, logsumexp, softmax};
pub use statistic::Statistic;
pub(crate) use sum::pairwise_sum;

/// A number as it is stored.
pub trait Real: Copy + Into<f64> {}

impl Real for f32 {}
impl Real for f64 {}

/// The rows of a `rows x cols` array.
pub(crate) fn rows_of<X>(values: &[X], cols: usize) -> ChunksExact<'_, X> {
    assert!(cols > 0, "a row needs at least one column");
    assert!(
        values.len().is_multiple_of(cols),
        "{} values are no whole number of rows of {cols} columns",
        values.len()
    );
    values.chunks_exact(cols)
}
