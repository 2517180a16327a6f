use super::{Columns, Statistic, from_statistic, rows_of};

/// Probabilities `exp(x_i - max) / sum exp(x - max)` of every row: `rows x cols` to `rows x cols`.
///
/// A logit of `-inf` gives exactly 0. A row that holds NaN or `+inf`, or only `-inf`, gives NaN.
/// One column gives exactly 1.
///
/// ```
/// let probs = wgpu_softmax::reference::softmax(&[0.0, 0.0, f32::NEG_INFINITY], 3);
/// assert_eq!(probs, [0.5, 0.5, 0.0]);
/// ```
///
/// # Panics
///
/// When `cols` is 0 or does not divide the number of logits.
pub fn softmax(logits: &[f32], cols: impl Into<Columns>) -> Vec<f64> {
    from_statistic(logits, cols.into(), Statistic::probability)
}

/// Log-probabilities `(x_i - max) - ln(sum exp(x - max))` of every row: `rows x cols` to
/// `rows x cols`.
///
/// The maximum is subtracted first: `x_i - lse` would lose the logarithm where logits are large. A
/// logit of `-inf` gives `-inf`. A row that holds NaN or `+inf`, or only `-inf`, gives NaN. One
/// column gives exactly 0.
///
/// # Panics
///
/// When `cols` is 0 or does not divide the number of logits.
pub fn log_softmax(logits: &[f32], cols: impl Into<Columns>) -> Vec<f64> {
    from_statistic(logits, cols.into(), Statistic::log_probability)
}

/// `max + ln(sum exp(x - max))` of every row: `rows x cols` to `rows`.
///
/// A row that holds a NaN gives NaN, else one that holds `+inf` gives `+inf`, else one of only
/// `-inf` gives `-inf`.
///
/// # Panics
///
/// When `cols` is 0 or does not divide the number of logits.
pub fn logsumexp(logits: &[f32], cols: impl Into<Columns>) -> Vec<f64> {
    let columns = cols.into();
    rows_of(logits, columns.count)
        .map(|row| Statistic::of_read(row, columns.reading).lse())
        .collect()
}
