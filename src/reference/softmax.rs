use super::{Masked, Real, Statistic};

/// Computes the probabilities `exp(x_i - max) / sum exp(x - max)` of every row: `rows x cols` to `rows x cols`.
///
/// A logit of `-inf` gives exactly 0. A row that holds NaN or `+inf` gives NaN, and so does one of only `-inf`, unless
/// [`EmptyRows`](crate::EmptyRows) sets zeros. One column gives exactly 1.
///
/// ```
/// let probs = wgpu_softmax::reference::softmax(&[0.0, 0.0, f32::NEG_INFINITY], 3);
/// assert_eq!(probs, [0.5, 0.5, 0.0]);
/// ```
///
/// # Panics
///
/// When `cols` is 0 or does not divide the number of logits, or a mask has another length than the logits.
pub fn softmax<'a, X: Real + 'a>(logits: &[X], cols: impl Into<Masked<'a, X>>) -> Vec<f64> {
    let masked = cols.into();
    masked.map(logits, |_, row| {
        move |z| masked.unless_empty(row, 0.0, row.probability(z))
    })
}

/// Computes the log-probabilities `(x_i - max) - ln(sum exp(x - max))` of every row: `rows x cols` to `rows x cols`.
///
/// The maximum is subtracted first: `x_i - lse` would lose the logarithm where logits are large. A logit of `-inf` gives `-inf`.
/// A row that holds NaN or `+inf` gives NaN, and so does one of only `-inf`, unless [`EmptyRows`](crate::EmptyRows) sets `-inf`.
/// One column gives exactly 0.
///
/// # Panics
///
/// As [`softmax`].
pub fn log_softmax<'a, X: Real + 'a>(logits: &[X], cols: impl Into<Masked<'a, X>>) -> Vec<f64> {
    let masked = cols.into();
    masked.map(logits, |_, row| {
        move |z| masked.unless_empty(row, f64::NEG_INFINITY, row.log_probability(z))
    })
}

/// Computes `max + ln(sum exp(x - max))` of every row: `rows x cols` to `rows`.
///
/// A row that holds a NaN gives NaN, else one that holds `+inf` gives `+inf`, else one of only
/// `-inf` gives `-inf`.
///
/// # Panics
///
/// As [`softmax`].
pub fn logsumexp<'a, X: Real + 'a>(logits: &[X], cols: impl Into<Masked<'a, X>>) -> Vec<f64> {
    let statistics = cols.into().statistics(logits);
    statistics.map(Statistic::lse).collect()
}
