//! Gradients from the results of the forward operations: the vector-Jacobian products of each row.
//! With a scale, all carry it as a factor.

use super::{Columns, Real, pairwise_sum, rows_of, softmax};

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
    let columns = cols.into();
    by_rows(probs, grad_probs, columns.count, |p, g| {
        if !p.iter().chain(g).all(|value| value.is_finite()) {
            return vec![f64::NAN; columns.count];
        }
        let dot = pairwise_sum(columns.count, |i| p[i] * g[i]);
        let scale = columns.reading.scale;
        let formula = |(p, g): (&f64, &f64)| p * (g - dot) * scale;
        p.iter().zip(g).map(formula).collect()
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
    let columns = cols.into();
    by_rows(log_probs, grad_log_probs, columns.count, |w, g| {
        let usable = w.iter().all(|&w| w < f64::INFINITY) && g.iter().all(|g| g.is_finite());
        if !usable {
            return vec![f64::NAN; columns.count];
        }
        let total = pairwise_sum(columns.count, |i| g[i]);
        let scale = columns.reading.scale;
        let formula = |(w, g): (&f64, &f64)| (g - w.exp() * total) * scale;
        w.iter().zip(g).map(formula).collect()
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
/// When `cols` is 0 or does not divide the number of logits, or `grad_lse` has another length than
/// rows.
pub fn logsumexp_backward<X: Real>(
    logits: &[X],
    grad_lse: &[impl Real],
    cols: impl Into<Columns>,
) -> Vec<f64> {
    let columns = cols.into();
    assert_eq!(
        rows_of(logits, columns.count).len(),
        grad_lse.len(),
        "one gradient a row"
    );
    let upstream = |g: f64| if g.is_finite() { g } else { f64::NAN };
    let mut gradient = softmax(logits, columns);
    for (row, &g) in gradient.chunks_exact_mut(columns.count).zip(grad_lse) {
        let factor = upstream(g.into()) * columns.reading.scale;
        row.iter_mut().for_each(|value| *value *= factor);
    }
    gradient
}

/// Evaluates `formula(row of outputs, row of gradients)` for every row, and joins the results.
fn by_rows<X: Real>(
    outputs: &[X],
    gradients: &[X],
    cols: usize,
    formula: impl Fn(&[f64], &[f64]) -> Vec<f64>,
) -> Vec<f64> {
    assert_eq!(outputs.len(), gradients.len(), "one gradient an output");
    rows_of(outputs, cols)
        .zip(rows_of(gradients, cols))
        .flat_map(|(outputs, gradients)| formula(&wide(outputs), &wide(gradients)))
        .collect()
}

fn wide<X: Real>(values: &[X]) -> Vec<f64> {
    values.iter().map(|&value| value.into()).collect()
}
