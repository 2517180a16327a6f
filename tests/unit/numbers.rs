//! Numbers that tests of the bounds share: units, rounded results, and sums in f32.

use wgpu_softmax::check::{bounds, inputs};
use wgpu_softmax::reference::{self, Columns};

pub(crate) const U: f64 = 1.0 / 16_777_216.0;

pub(crate) const INF: f32 = f32::INFINITY;

/// Converts class ids to the type that the reference takes.
pub(crate) fn wide(ids: Vec<i32>) -> Vec<i64> {
    ids.into_iter().map(i64::from).collect()
}

/// Returns the best f32 results there are.
pub(crate) fn rounded(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

/// Computes the sum of blocks that are summed in blocks in turn.
pub(crate) fn sum(mut terms: Vec<f32>, block: usize) -> f32 {
    while terms.len() > 1 {
        let blocks = terms.chunks(block);
        terms = blocks.map(|terms| terms.iter().sum()).collect();
    }
    terms[0]
}

/// Computes every operation without targets, each with its bounds.
pub(crate) fn of_rows(logits: &[f32], columns: Columns, rows: usize) -> [(Vec<f64>, Vec<f64>); 7] {
    let probs = reference::softmax(logits, columns);
    let log_probs = reference::log_softmax(logits, columns);
    let (p, w) = (rounded(&probs), rounded(&log_probs));
    let g = inputs::upstream(logits.len(), 12);
    [
        (probs, bounds::probability(logits, columns)),
        (log_probs, bounds::log_probability(logits, columns)),
        (
            reference::logsumexp(logits, columns),
            bounds::lse(logits, columns),
        ),
        (
            reference::softmax_backward(&p, &g, columns),
            bounds::softmax_backward(&p, &g, columns),
        ),
        (
            reference::log_softmax_backward(&w, &g, columns),
            bounds::log_softmax_backward(&w, &g, columns),
        ),
        (
            reference::logsumexp_backward(logits, &g[..rows], columns),
            bounds::logsumexp_backward(logits, &g[..rows], columns),
        ),
        (
            reference::jacobian(logits, columns),
            bounds::jacobian(logits, columns),
        ),
    ]
}
