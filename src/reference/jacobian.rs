use super::{Columns, Real, softmax};

/// The derivatives of every probability by every logit of its row, `J_ij = p_i (delta_ij - p_j)`,
/// times the scale: `rows x cols` to `rows x cols x cols`.
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
        for (i, p_i) in probs.iter().enumerate() {
            let delta = |j: usize| f64::from(u8::from(i == j));
            let entry = |(j, p_j): (usize, &f64)| p_i * (delta(j) - p_j) * columns.reading.scale;
            entries.extend(probs.iter().enumerate().map(entry));
        }
    }
    entries
}
