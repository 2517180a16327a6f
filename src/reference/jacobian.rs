use super::{Columns, Real, softmax};

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
    let (p_i, scale) = (probs[i], cols.into().reading.scale);
    let delta = move |j: usize| f64::from(u8::from(i == j));
    let entry = move |(j, p_j): (usize, &f64)| p_i * (delta(j) - p_j) * scale;
    probs.iter().enumerate().map(entry)
}
