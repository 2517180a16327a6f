use super::{Columns, Masked, Real, Statistic};

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

/// Computes the probability of every row's [sink](Masked::sinks): `rows x cols` to `rows`.
///
/// A sink of `-inf` has exactly 0. A row without probabilities (see [`softmax`]) gives NaN.
///
/// # Panics
///
/// As [`softmax`], and without sinks.
pub fn sink_probs<'a, X: Real + 'a>(logits: &[X], masked: Masked<'a, X>) -> Vec<f64> {
    let rows = masked.statistics(logits).enumerate();
    rows.map(|(number, row)| {
        let z = masked.sink(number).expect("rows with sinks");
        masked.unless_empty(row, 0.0, row.probability(z))
    })
    .collect()
}

/// Computes the derivatives of every probability by every logit of its row, `J_ij = p_i (delta_ij - p_j)`, times the scale: `rows
/// x cols` to `rows x cols x cols`.
///
/// The matrix of a row is symmetric, and its rows sum to 0. A logit of `-inf` gives a row and a
/// column of exact zeros; a row of logits without probabilities (see [`softmax`]) gives NaN.
///
/// # Panics
///
/// When `cols` is 0 or does not divide the number of logits.
pub fn jacobian<X: Real>(logits: &[X], cols: impl Into<Columns>) -> Vec<f64> {
    let columns = cols.into();
    let probs = softmax(logits, columns);
    let mut entries = Vec::with_capacity(logits.len() * columns.count);
    for probs in probs.chunks_exact(columns.count) {
        (0..probs.len()).for_each(|i| entries.extend(jacobian_row(probs, i, columns)));
    }
    entries
}

/// Computes the derivatives of one probability, the `i`th of the `probs` that [`softmax`] gives for a row, by every logit of the
/// row: one row of its matrix, for matrices that memory cannot hold.
///
/// # Panics
///
/// When there are no `i + 1` probabilities.
pub fn jacobian_row(
    probs: &[f64],
    i: usize,
    cols: impl Into<Columns>,
) -> impl Iterator<Item = f64> {
    let (p_i, scale) = (probs[i], cols.into().scale);
    let delta = move |j: usize| f64::from(u8::from(i == j));
    let entry = move |(j, p_j): (usize, &f64)| p_i * (delta(j) - p_j) * scale;
    probs.iter().enumerate().map(entry)
}
