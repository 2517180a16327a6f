//! Sinks of `--sinks FILE`.

use crate::cli::failure::Failure;
use crate::cli::files::Shape;
use crate::cli::progress;
use crate::cli::rows::Rows;
use std::ops::Range;
use std::path::Path;
use wgpu_softmax::{Mask, MaskKind};

/// Sinks of all rows.
#[derive(Debug)]
pub(super) struct Sinks {
    /// The element of each row.
    places: Mask,
    values: Vec<f64>,
}

impl Sinks {
    /// Reads sinks that broadcast to one value a row.
    pub(super) fn open(path: &Path, x: &Rows) -> Result<Self, Failure> {
        let mut input = x.open_any_floats(path)?;
        let (count, shape) = (input.header().count(), input.header().shape.clone());
        let places = places(x, &shape).ok_or_else(|| {
            let (rows, logits) = (Shape(&x.row_shape), x.path().display());
            let wanted = format!("a shape that broadcasts to {rows}, that of the rows of {logits}");
            Failure::expected(path.display(), wanted, format!("shape {}", Shape(&shape)))
        })?;
        let values = progress::during(format!("reading {}", path.display()), |_| {
            input.floats(count, x.wide)
        })?;
        Ok(Self {
            places,
            values: values.into_f64(),
        })
    }

    /// Returns the sink of each of these rows.
    pub(super) fn of_rows(&self, rows: &Range<usize>) -> Vec<f64> {
        let place = |row| self.places.element(row as u64, 0) as usize;
        rows.clone().map(|row| self.values[place(row)]).collect()
    }
}

/// Returns the places of sinks as those of a mask that has all columns alike.
fn places(x: &Rows, shape: &[usize]) -> Option<Mask> {
    let missing = x.row_shape.len().checked_sub(shape.len())?;
    let mut padded = vec![1; missing];
    padded.extend(shape);
    padded.insert(x.axis, 1);
    let wide = |shape: &[usize]| -> Vec<u64> { shape.iter().map(|&n| n as u64).collect() };
    Mask::new(MaskKind::Additive, &wide(&x.shape), x.axis, &wide(&padded)).ok()
}
