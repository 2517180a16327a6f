//! An array of floats seen as rows: the last axis is the row, the axes before it count rows.

use super::failure::Failure;
use super::files::{self, Array, Shape, Values};
use super::progress;
use std::path::{Path, PathBuf};

/// Floats from a file, and their rows.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) path: PathBuf,
    pub(crate) dtype: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
    pub(crate) rows: usize,
    pub(crate) cols: usize,
}

impl Rows {
    /// Reads the operand that gives an operation its shape.
    pub(crate) fn read(path: &Path, axis: i64) -> Result<Self, Failure> {
        let (dtype, shape, values) = read_floats(path)?;
        require_last_axis(path, &shape, axis)?;
        let cols = shape.last().copied().unwrap_or(0);
        if cols == 0 {
            return Err(Failure::expected(
                path.display(),
                "at least one class",
                format!("shape {}", Shape(&shape)),
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            rows: values.len() / cols,
            cols,
            dtype,
            shape,
            values,
        })
    }

    /// Reads a second operand: the same dtype, and the shape that this one gives it.
    pub(crate) fn read_partner(&self, path: &Path, shape: &[usize]) -> Result<Vec<f32>, Failure> {
        let (dtype, found, values) = read_floats(path)?;
        self.require_partner(path, shape, &found)?;
        if dtype != self.dtype {
            return Err(Failure::expected(
                path.display(),
                format!("{} as in {}", self.dtype, self.path.display()),
                dtype,
            ));
        }
        Ok(values)
    }

    /// Refuses the shape of a second operand. One row's single value may be `(1,)` as well as `()`.
    pub(crate) fn require_partner(
        &self,
        path: &Path,
        wanted: &[usize],
        found: &[usize],
    ) -> Result<(), Failure> {
        if found == wanted || (wanted.is_empty() && found == [1]) {
            return Ok(());
        }
        let wanted = format!(
            "shape {} to match {} of {}",
            Shape(wanted),
            self.path.display(),
            Shape(&self.shape)
        );
        Err(Failure::expected(
            path.display(),
            wanted,
            format!("shape {}", Shape(found)),
        ))
    }

    /// The shape of one value a row.
    pub(crate) fn outer_shape(&self) -> &[usize] {
        &self.shape[..self.shape.len() - 1]
    }

    /// The operand in words, for a message about the work on it.
    pub(crate) fn describe(&self) -> String {
        format!("{} of shape {}", self.path.display(), Shape(&self.shape))
    }
}

fn read_floats(path: &Path) -> Result<(String, Vec<usize>, Vec<f32>), Failure> {
    match read_array(path)? {
        Array {
            dtype,
            shape,
            values: Values::Floats(values),
        } => Ok((dtype, shape, values)),
        Array { dtype, .. } => Err(Failure::expected(path.display(), "floats, f4 or f8", dtype)),
    }
}

/// Reads any array.
pub(crate) fn read_array(path: &Path) -> Result<Array, Failure> {
    progress::during(format!("reading {}", path.display()), |_| files::read(path))
}

fn require_last_axis(path: &Path, shape: &[usize], axis: i64) -> Result<(), Failure> {
    let rank = i64::try_from(shape.len()).unwrap_or(i64::MAX);
    let what = || format!("--axis for {} of shape {}", path.display(), Shape(shape));
    if rank == 0 {
        return Err(Failure::expected(
            path.display(),
            "at least one axis",
            "shape ()",
        ));
    }
    if axis < -rank || axis >= rank {
        return Err(Failure::expected(
            what(),
            format!("{} to {}", -rank, rank - 1),
            axis,
        ));
    }
    if axis != -1 && axis != rank - 1 {
        let last = format!(
            "the last axis, -1 or {}, the only one that is supported",
            rank - 1
        );
        return Err(Failure::expected(what(), last, axis));
    }
    Ok(())
}
