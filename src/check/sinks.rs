//! The sinks of a case.

use super::Inputs;
use super::subject::Subject;
use crate::reference::rows_of;

/// Rows that take the same sink one after the other.
pub(super) const QUERIES: usize = 2;

/// Number of sinks.
pub(super) const HEADS: u64 = ABOVE.len() as u64;

/// Distances of the sinks from the largest logit of the first row that takes them: near to it on either side, far away, and none.
const ABOVE: [f32; 7] = [0.0, -3.0, 5.0, f32::NEG_INFINITY, 40.0, -60.0, 0.75];

/// Draws sinks as high as logits are; where these are special, some that are no numbers, and where rows are empty, the lowest one.
pub(super) fn draw(of: &Subject, logits: &[f32]) -> Vec<f32> {
    let scale = of.options.loss.scale;
    let sink = |(head, row): (usize, &[f32])| {
        let finite = row.iter().filter(|x| x.is_finite());
        let highest = finite.copied().reduce(f32::max).unwrap_or(0.0);
        let height = (scale * highest).clamp(f32::MIN, f32::MAX);
        match (of.inputs, head) {
            (Inputs::Special, 1) => f32::NAN,
            (Inputs::Special, 4) => f32::INFINITY,
            (Inputs::Special | Inputs::Masked, 1 | 5) => f32::MIN,
            _ => height + ABOVE[head],
        }
    };
    let rows = rows_of(logits, of.cols).step_by(QUERIES).cycle();
    rows.take(ABOVE.len()).enumerate().map(sink).collect()
}

/// Draws what a forward pass may have saved of sinks: any probabilities, and NaN where logits are special.
pub(super) fn draw_probs(of: &Subject) -> Vec<f32> {
    let prob = |row: usize| match (of.inputs, row % 5) {
        (_, 0) => 0.25,
        (_, 1) => 0.0,
        (_, 2) => 1.0,
        (Inputs::Special, 3) => f32::NAN,
        _ => 1e-10 * row as f32,
    };
    (0..of.rows).map(prob).collect()
}
