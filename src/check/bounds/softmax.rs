use super::backward::scaled;
use super::{FLUSHED, Spread, U, beyond_f32, of_log, of_lse, of_probability};
use crate::reference::{self, Columns, Masked};

/// Returns the bounds of [`softmax`](reference::softmax), `rows x cols`.
pub fn probability<'a>(logits: &[f32], cols: impl Into<Masked<'a>>) -> Vec<f64> {
    let masked = cols.into();
    masked.map(logits, |number, row| {
        let spread = Spread::masked(masked, logits, number, row);
        move |z| of_probability(row, z, spread(z))
    })
}

/// Returns the bounds of [`log_softmax`](reference::log_softmax), `rows x cols`. Infinite where the sum of a logit and its mask
/// is beyond f32: its rounding decides whether the distance from the maximum is beyond f32, too.
pub fn log_probability<'a>(logits: &[f32], cols: impl Into<Masked<'a>>) -> Vec<f64> {
    let masked = cols.into();
    masked.map(logits, |number, row| {
        let products = masked.rounded(logits, number);
        let spread = Spread::masked(masked, logits, number, row);
        move |z| match row.scaled(z) {
            sum if products.is_some() && beyond_f32(sum) => f64::INFINITY,
            _ => of_log(row.log_probability(z), spread(z)),
        }
    })
}

/// Returns the bounds of [`logsumexp`](reference::logsumexp), one a row.
pub fn lse<'a>(logits: &[f32], cols: impl Into<Masked<'a>>) -> Vec<f64> {
    let masked = cols.into();
    let rows = masked.statistics(logits).enumerate();
    rows.map(|(number, row)| {
        let spread = Spread::masked(masked, logits, number, row);
        of_lse(row, spread(row.max))
    })
    .collect()
}

/// Returns the bounds of [`sink_probs`](reference::sink_probs), one a row: those of any probability of the row.
pub fn sink_probs(logits: &[f32], masked: Masked<'_>) -> Vec<f64> {
    let rows = masked.statistics(logits).enumerate();
    rows.map(|(number, row)| {
        let spread = Spread::masked(masked, logits, number, row);
        masked
            .sink(number)
            .map_or(0.0, |z| of_probability(row, z, spread(z)))
    })
    .collect()
}

/// Returns the bounds of [`jacobian`](reference::jacobian), `rows x cols x cols`.
///
/// With `b_i` the bound of the probability `p_i`, the entry `p_i (delta_ij - p_j)` inherits
/// `b_i abs(delta_ij - p_j) + (p_i + b_i) b_j`, and adds one rounding of the difference and one of
/// the product. An exact probability, 0 or 1, makes its entries exactly 0.
pub fn jacobian(logits: &[f32], cols: impl Into<Columns>) -> Vec<f64> {
    let columns = cols.into();
    let cols = columns.count;
    let probs = reference::softmax(logits, columns);
    let bounds = probability(logits, columns);
    let entry = |element: usize| {
        let (i, column) = (element / cols, element % cols);
        let j = i - i % cols + column;
        let (p_i, b_i, b_j) = (probs[i], bounds[i], bounds[j]);
        let difference = (f64::from(u8::from(i == j)) - probs[j]).abs();
        match b_i * b_j {
            0.0 => 0.0,
            _ => b_i * difference + (p_i + b_i) * b_j + 2.0 * U * p_i * difference + FLUSHED,
        }
    };
    let allowed = (0..probs.len() * cols).map(entry).collect();
    scaled(allowed, || reference::jacobian(logits, columns), columns)
}
