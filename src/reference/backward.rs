//! Gradients from the results of the forward operations: the vector-Jacobian products of each row.
//! With a scale, all carry it as a factor.

use super::{Columns, Masked, Real, pairwise_sum, rows_of, sink_probs, softmax};

/// Computes the gradient of the logits from that of the probabilities, `p_i (g_i - <p, g>)`: both inputs and the result are `rows
/// x cols`.
///
/// `probs` are taken as stored, rounding included: no row needs to sum to 1. A row with a
/// probability or gradient that is not finite gives NaN.
///
/// # Panics
///
/// When `cols` is 0 or does not divide the number of probabilities, or `grad_probs` has another
/// length.
pub fn softmax_backward<X: Real>(
    probs: &[X],
    grad_probs: &[X],
    cols: impl Into<Columns>,
) -> Vec<f64> {
    let is_usable = |p: f64, g: f64| p.is_finite() && g.is_finite();
    by_rows(probs, grad_probs, cols.into(), is_usable, |p, g| {
        let dot = pairwise_sum(p.len(), |i| p[i] * g[i]);
        move |p, g| p * (g - dot)
    })
}

/// Computes the gradient of the logits from that of the log-probabilities, `g_i - exp(w_i) sum(g)`: both inputs and the result
/// are `rows x cols`.
///
/// A log-probability of `-inf` is an ordinary one, with `exp(w) = 0`. A row with one that is NaN or
/// `+inf`, or with a gradient that is not finite, gives NaN.
///
/// # Panics
///
/// When `cols` is 0 or does not divide the number of log-probabilities, or `grad_log_probs` has
/// another length.
pub fn log_softmax_backward<X: Real>(
    log_probs: &[X],
    grad_log_probs: &[X],
    cols: impl Into<Columns>,
) -> Vec<f64> {
    let is_usable = |w: f64, g: f64| w < f64::INFINITY && g.is_finite();
    by_rows(log_probs, grad_log_probs, cols.into(), is_usable, |_, g| {
        let total = pairwise_sum(g.len(), |i| g[i]);
        move |w: f64, g| g - w.exp() * total
    })
}

/// Computes the gradient of the logits from that of the logsumexp, `g p_i`: logits and the result are `rows x cols`, `grad_lse`
/// has one value a row.
///
/// A logit of `-inf` gives exactly 0. A row without probabilities (see [`softmax`](super::softmax))
/// or with a gradient that is not finite gives NaN.
///
/// # Panics
///
/// As [`softmax`](super::softmax), and when `grad_lse` has another length than rows.
pub fn logsumexp_backward<'a, X: Real + 'a>(
    logits: &[X],
    grad_lse: &[impl Real],
    cols: impl Into<Masked<'a, X>>,
) -> Vec<f64> {
    let masked = cols.into();
    let columns = masked.columns;
    let rows = rows_of(logits, columns.count).len();
    assert_eq!(rows, grad_lse.len(), "one gradient a row");
    let mut gradient = softmax(logits, masked);
    for (row, &g) in gradient.chunks_exact_mut(columns.count).zip(grad_lse) {
        let factor = usable(g.into()) * columns.scale;
        row.iter_mut().for_each(|value| *value *= factor);
    }
    gradient
}

/// Computes the gradient of every row's sink from that of the probabilities, `-p_k <p, g>` with the sink's probability `p_k`: `probs`
/// and `grad_probs` are `rows x cols`, `sink_probs` and the result have one value a row.
///
/// A row with a value that is not finite gives NaN.
///
/// # Panics
///
/// When `cols` is 0 or does not divide the number of probabilities, or lengths do not agree.
pub fn softmax_grad_sinks<X: Real>(
    probs: &[X],
    grad_probs: &[X],
    sink_probs: &[impl Real],
    cols: usize,
) -> Vec<f64> {
    let terms = |p: &[f64], g: &[f64]| pairwise_sum(p.len(), |i| usable(p[i]) * usable(g[i]));
    by_sink((probs, grad_probs), sink_probs, cols, terms)
}

/// Computes the gradient of every row's sink from that of the log-probabilities, `-p_k sum(g)` with the sink's probability `p_k`:
/// shapes and panics as of [`softmax_grad_sinks`].
///
/// A log-probability of `-inf` is an ordinary one. A row with any other value that is not finite gives NaN.
pub fn log_softmax_grad_sinks<X: Real>(
    log_probs: &[X],
    grad_log_probs: &[X],
    sink_probs: &[impl Real],
    cols: usize,
) -> Vec<f64> {
    let terms = |w: &[f64], g: &[f64]| {
        let spoilt = w.iter().any(|w| w.is_nan() || *w == f64::INFINITY);
        let sum = pairwise_sum(g.len(), |i| usable(g[i]));
        if spoilt { f64::NAN } else { sum }
    };
    by_sink((log_probs, grad_log_probs), sink_probs, cols, terms)
}

/// Computes the gradient of every row's [sink](Masked::sinks) from that of the logsumexp, `g p_k` with the sink's probability `p_k`:
/// logits are `rows x cols`, `grad_lse` and the result have one value a row.
///
/// A row without probabilities or with a gradient that is not finite gives NaN.
///
/// # Panics
///
/// As [`logsumexp_backward`], and without sinks.
pub fn logsumexp_grad_sinks<'a, X: Real + 'a>(
    logits: &[X],
    grad_lse: &[impl Real],
    masked: Masked<'a, X>,
) -> Vec<f64> {
    let sink_probs = sink_probs(logits, masked);
    assert_eq!(sink_probs.len(), grad_lse.len(), "one gradient a row");
    let rows = sink_probs.into_iter().zip(grad_lse);
    rows.map(|(p, &g)| p * usable(g.into())).collect()
}

/// Returns `-p_k terms(row of outputs, row of gradients)` for every row.
fn by_sink<X: Real>(
    (outputs, gradients): (&[X], &[X]),
    sink_probs: &[impl Real],
    cols: usize,
    terms: impl Fn(&[f64], &[f64]) -> f64,
) -> Vec<f64> {
    assert_eq!(outputs.len(), gradients.len(), "one gradient an output");
    let rows = rows_of(outputs, cols).zip(rows_of(gradients, cols));
    assert_eq!(rows.len(), sink_probs.len(), "one sink a row");
    rows.zip(sink_probs)
        .map(|((y, g), &p)| -usable(p.into()) * terms(&wide(y), &wide(g)))
        .collect()
}

/// Returns a number that is finite; NaN in place of another one.
fn usable(number: f64) -> f64 {
    if number.is_finite() { number } else { f64::NAN }
}

/// Evaluates `of_row(row of outputs, row of gradients)` for every row, and the formula that it gives for every element, times the
/// scale. A row with an element that is not usable gives NaN.
fn by_rows<X: Real, Formula: Fn(f64, f64) -> f64>(
    outputs: &[X],
    gradients: &[X],
    Columns { count, scale, .. }: Columns,
    is_usable: impl Fn(f64, f64) -> bool,
    of_row: impl Fn(&[f64], &[f64]) -> Formula,
) -> Vec<f64> {
    assert_eq!(outputs.len(), gradients.len(), "one gradient an output");
    let mut values = Vec::with_capacity(outputs.len());
    for (outputs, gradients) in rows_of(outputs, count).zip(rows_of(gradients, count)) {
        let (outputs, gradients) = (wide(outputs), wide(gradients));
        let formula = of_row(&outputs, &gradients);
        let pairs = || outputs.iter().copied().zip(gradients.iter().copied());
        let usable = pairs().all(|(output, gradient)| is_usable(output, gradient));
        values.extend(pairs().map(|(output, gradient)| match usable {
            true => formula(output, gradient) * scale,
            false => f64::NAN,
        }));
    }
    values
}

fn wide<X: Real>(values: &[X]) -> Vec<f64> {
    values.iter().map(|&value| value.into()).collect()
}
