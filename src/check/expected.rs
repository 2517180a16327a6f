//! Expected outputs of a case.

use crate::reference::CrossEntropyResult;
use crate::spec::dtype::DType;

/// An output, its expected values, and their allowed errors.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) name: &'static str,
    pub(super) values: Vec<f64>,
    pub(super) allowed: Vec<f64>,
    pub(super) cols: usize,
    /// Type of the output as stored: that of the inputs for matrices, f32 for one value a row.
    pub(super) dtype: DType,
}

impl Expected {
    /// Returns what the status holds, with so many losses that may be NaN.
    pub(super) fn status(of: &CrossEntropyResult, open: f64) -> Self {
        let none = f64::from(u32::MAX as f32);
        // The weight sum is a nested sum of positive weights, or infinite weights of both signs; the others are exact.
        let of_sum = match of.weight_sum.is_finite() {
            true => 1e-6 * of.weight_sum,
            false => 0.0,
        };
        Self {
            name: "status",
            values: vec![
                of.valid_rows as f64,
                of.bad_targets as f64,
                of.first_bad_row.map_or(none, |row| row as f64),
                of.nan_rows as f64,
                of.weight_sum,
            ],
            allowed: vec![0.0, 0.0, 0.0, open, of_sum],
            cols: 5,
            dtype: DType::F32,
        }
    }
}
