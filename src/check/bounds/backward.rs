use super::{FLUSHED, U, finite, flushed, probability, sink_probs, two_ln};
use crate::reference::{self, Columns, Masked, pairwise_sum, rows_of};

/// Returns the bounds of [`softmax_backward`](reference::softmax_backward), `rows x cols`. A probability of 0 gives exactly 0.
pub fn softmax_backward(probs: &[f32], grad_probs: &[f32], cols: impl Into<Columns>) -> Vec<f64> {
    let columns = cols.into();
    let cols = columns.count;
    let allowed = by_rows(probs, grad_probs, cols, |p, g| {
        let total = pairwise_sum(cols, |i| (f64::from(p[i]) * f64::from(g[i])).abs());
        move |p: f64, g: f64| match p {
            0.0 => 0.0,
            _ => U * p.abs() * (4.0 * g.abs() + (8.0 + two_ln(cols)) * total) + 1e-37,
        }
    });
    let expected = || reference::softmax_backward(probs, grad_probs, columns);
    scaled(allowed, expected, columns)
}

/// Returns the bounds of [`log_softmax_backward`](reference::log_softmax_backward), `rows x cols`. A gradient of 0 at a
/// log-probability of `-inf` gives exactly 0.
pub fn log_softmax_backward(
    log_probs: &[f32],
    grad_log_probs: &[f32],
    cols: impl Into<Columns>,
) -> Vec<f64> {
    let columns = cols.into();
    let cols = columns.count;
    let allowed = by_rows(log_probs, grad_log_probs, cols, |_, g| {
        let total = pairwise_sum(cols, |i| f64::from(g[i]).abs());
        move |w: f64, g: f64| match (w, g) {
            (f64::NEG_INFINITY, 0.0) => 0.0,
            (f64::NEG_INFINITY, _) => U * 2.0 * g.abs() + flushed(total),
            _ => {
                let probability = w.exp() * (8.0 + 2.0 * w.abs() + two_ln(cols)) * total;
                U * (2.0 * g.abs() + probability) + flushed(total)
            }
        }
    });
    let expected = || reference::log_softmax_backward(log_probs, grad_log_probs, columns);
    scaled(allowed, expected, columns)
}

/// Returns the bounds of [`logsumexp_backward`](reference::logsumexp_backward), `rows x cols`: the bound of the probability times
/// `abs(g)`, and one rounding of the product.
pub fn logsumexp_backward<'a>(
    logits: &[f32],
    grad_lse: &[f32],
    cols: impl Into<Masked<'a>>,
) -> Vec<f64> {
    let masked = cols.into();
    let columns = masked.columns;
    let expected = reference::logsumexp_backward(logits, grad_lse, masked);
    let mut allowed = probability(logits, masked);
    for (i, allowed) in allowed.iter_mut().enumerate() {
        let g = f64::from(grad_lse[i / columns.count]);
        *allowed = of_product(g, *allowed, expected[i] / columns.scale);
    }
    scaled(allowed, || expected, columns)
}

/// Returns the bounds of [`softmax_grad_sinks`](reference::softmax_grad_sinks), one a row: with the probability `p_k` of the sink, as
/// that of a column without an upstream gradient. A `p_k` of 0 gives exactly 0.
pub fn softmax_grad_sinks(
    probs: &[f32],
    grad_probs: &[f32],
    sink_probs: &[f32],
    cols: usize,
) -> Vec<f64> {
    let total =
        |p: &[f32], g: &[f32]| pairwise_sum(cols, |i| (f64::from(p[i]) * f64::from(g[i])).abs());
    by_sink((probs, grad_probs), sink_probs, cols, |p, g| {
        (total(p, g), 1e-37)
    })
}

/// Returns the bounds of [`log_softmax_grad_sinks`](reference::log_softmax_grad_sinks), one a row, as [`softmax_grad_sinks`].
pub fn log_softmax_grad_sinks(
    log_probs: &[f32],
    grad_log_probs: &[f32],
    sink_probs: &[f32],
    cols: usize,
) -> Vec<f64> {
    by_sink((log_probs, grad_log_probs), sink_probs, cols, |_, g| {
        let total = pairwise_sum(cols, |i| f64::from(g[i]).abs());
        (total, flushed(total))
    })
}

/// Returns the bounds of [`logsumexp_grad_sinks`](reference::logsumexp_grad_sinks), one a row: the bound of the sink's probability
/// times `abs(g)`, and one rounding of the product.
pub fn logsumexp_grad_sinks(logits: &[f32], grad_lse: &[f32], masked: Masked<'_>) -> Vec<f64> {
    let expected = reference::logsumexp_grad_sinks(logits, grad_lse, masked);
    let rows = sink_probs(logits, masked).into_iter().zip(grad_lse);
    rows.zip(expected)
        .map(|((bound, &g), expected)| of_product(g.into(), bound, expected))
        .collect()
}

/// Returns the bound of the product of an upstream gradient and a probability with a bound of its own.
fn of_product(g: f64, bound: f64, product: f64) -> f64 {
    match bound {
        0.0 if product == 0.0 => 0.0,
        _ => finite(g.abs() * bound + U * product.abs() + FLUSHED),
    }
}

/// Evaluates the bound of every row's sink from the sum of the magnitudes of its terms, and what flushing may add, of a row.
fn by_sink(
    (outputs, gradients): (&[f32], &[f32]),
    sink_probs: &[f32],
    cols: usize,
    of_row: impl Fn(&[f32], &[f32]) -> (f64, f64),
) -> Vec<f64> {
    let rows = rows_of(outputs, cols).zip(rows_of(gradients, cols));
    let bound = |((y, g), &p): ((&[f32], &[f32]), &f32)| match f64::from(p) {
        0.0 => 0.0,
        p => {
            let (total, flushed) = of_row(y, g);
            finite(U * p.abs() * (8.0 + two_ln(cols)) * total + flushed)
        }
    };
    rows.zip(sink_probs).map(bound).collect()
}

/// Returns the bounds of results that are multiplied by the scale: `S` times the bound, and one rounding of the product.
pub(super) fn scaled(
    allowed: Vec<f64>,
    expected: impl FnOnce() -> Vec<f64>,
    columns: Columns,
) -> Vec<f64> {
    let scale = columns.scale;
    if scale == 1.0 {
        return allowed;
    }
    let bound = |(allowed, expected): (f64, f64)| match allowed {
        0.0 => 0.0,
        _ => finite(scale * allowed + U * expected.abs() + FLUSHED),
    };
    allowed.into_iter().zip(expected()).map(bound).collect()
}

/// Evaluates at each element the bound that `of_row` makes for its row.
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
