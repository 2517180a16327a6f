//! An array of floats seen as rows: the last axis is the row, the axes before it count rows.

use super::failure::Failure;
use super::files::{Float, Input, Shape, Stored};
use super::progress;
use std::path::Path;

/// The operand that gives an operation its rows.
#[derive(Debug)]
pub(crate) struct Rows {
    input: Input,
    pub(crate) float: Float,
    pub(crate) shape: Vec<usize>,
    pub(crate) rows: usize,
    pub(crate) cols: usize,
}

impl Rows {
    /// Opens the operand; its values stay in the file.
    pub(crate) fn open(path: &Path, axis: i64) -> Result<Self, Failure> {
        let (input, float) = open_floats(path)?;
        let shape = input.header().shape.clone();
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
            rows: input.header().count() / cols,
            input,
            float,
            shape,
            cols,
        })
    }

    /// Opens a second operand: the same type of floats, and the shape that this one gives it.
    pub(crate) fn open_partner(&self, path: &Path, shape: &[usize]) -> Result<Input, Failure> {
        let (input, float) = open_floats(path)?;
        self.require_partner(path, shape, &input.header().shape)?;
        if float != self.float {
            return Err(Failure::expected(
                path.display(),
                format!("{} as in {}", self.float, self.path().display()),
                float,
            ));
        }
        Ok(input)
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
            self.path().display(),
            Shape(&self.shape)
        );
        Err(Failure::expected(
            path.display(),
            wanted,
            format!("shape {}", Shape(found)),
        ))
    }

    /// The values of the next rows.
    pub(crate) fn next(&mut self, rows: usize) -> Result<Vec<f32>, Failure> {
        as_f32(&mut self.input, rows * self.cols)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.input.path
    }

    /// The shape of one value a row.
    pub(crate) fn outer_shape(&self) -> &[usize] {
        &self.shape[..self.shape.len() - 1]
    }

    /// The operand in words, for a message about the work on it.
    pub(crate) fn describe(&self) -> String {
        format!("{} of shape {}", self.path().display(), Shape(&self.shape))
    }
}

/// The next values of an operand as the operations take them: 16-bit floats are widened here, and rounded where
/// results are written.
pub(crate) fn as_f32(input: &mut Input, count: usize) -> Result<Vec<f32>, Failure> {
    Ok(input.floats(count)?.into_f32())
}

fn open_floats(path: &Path) -> Result<(Input, Float), Failure> {
    let input = open(path)?;
    match input.header().stored {
        Stored::Float(float) => Ok((input, float)),
        other => Err(Failure::expected(
            path.display(),
            "floats, f2, bf16, f4 or f8",
            other,
        )),
    }
}

/// Opens any array. A pipe is read at once, which may take time.
pub(crate) fn open(path: &Path) -> Result<Input, Failure> {
    progress::during(format!("reading {}", path.display()), |_| Input::open(path))
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
