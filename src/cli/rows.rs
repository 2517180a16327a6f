//! Array of floats seen as rows: the values along one axis are a row, and the other axes count rows.

use super::args::Common;
use super::failure::{Failure, note};
use super::files::{Float, Floats, Input, Shape, Stored};
use super::progress;
use std::path::Path;

/// Operand that gives an operation its rows.
pub(crate) struct Rows {
    input: Input,
    pub(crate) float: Float,
    pub(crate) shape: Vec<usize>,
    /// Axis that is normalised, from 0.
    pub(crate) axis: usize,
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    /// Number of elements from one column of a row to the next: the product of the extents behind the axis.
    pub(crate) inner: usize,
    /// Shape of one value a row: without the axis.
    pub(crate) row_shape: Vec<usize>,
    /// True if f64 stays f64, in this operand and the others of the operation: for the reference.
    pub(crate) wide: bool,
    /// True if void elements may be bf16, in this operand and the others of the operation.
    void_is_bf16: bool,
}

impl Rows {
    /// Opens the operand; its values stay in the file.
    pub(crate) fn open(path: &Path, common: &Common) -> Result<Self, Failure> {
        let (input, float) = floats(open(path, common.bf16)?)?;
        let shape = input.header().shape.clone();
        let axis = its_axis(path, &shape, common.axis)?;
        let cols = shape[axis];
        if cols == 0 {
            let found = format!("shape {}", Shape(&shape));
            return Err(Failure::expected(
                path.display(),
                "at least one class",
                found,
            ));
        }
        Ok(Self {
            rows: input.header().count() / cols,
            inner: shape[axis + 1..].iter().product(),
            row_shape: [&shape[..axis], &shape[axis + 1..]].concat(),
            input,
            float,
            shape,
            axis,
            cols,
            wide: common.reference,
            void_is_bf16: common.bf16,
        })
    }

    /// Opens any other array of the operation.
    pub(crate) fn open_another(&self, path: &Path) -> Result<Input, Failure> {
        open(path, self.void_is_bf16)
    }

    /// Opens other floats of the operation, of any type.
    pub(crate) fn open_any_floats(&self, path: &Path) -> Result<Input, Failure> {
        let (input, float) = floats(self.open_another(path)?)?;
        tell_of_f64(path, float, self.wide);
        Ok(input)
    }

    /// Opens a second operand of the same shape: the same type of floats.
    pub(crate) fn open_matrix(&self, path: &Path) -> Result<Input, Failure> {
        let (input, float) = floats(self.open_another(path)?)?;
        self.require_shape(path, &self.shape, &input.header().shape)?;
        self.require_float(path, float, false)?;
        Ok(input)
    }

    /// Opens the weight of a layer, one row of as many columns a class: the same type of floats.
    pub(crate) fn open_classes(&self, path: &Path) -> Result<Input, Failure> {
        let (input, float) = floats(self.open_another(path)?)?;
        let shape = &input.header().shape;
        if shape.len() != 2 || shape[1] != self.cols || shape[0] == 0 {
            let (own, cols) = (Shape(&self.shape), self.cols);
            let wanted = format!(
                "shape (classes, {cols}) to match {} of {own}",
                self.path().display()
            );
            return Err(Failure::expected(
                path.display(),
                wanted,
                format!("shape {}", Shape(shape)),
            ));
        }
        self.require_float(path, float, false)?;
        Ok(input)
    }

    /// Opens a second operand with one value a row: f32, as such results are, or the same type of floats.
    pub(crate) fn open_value_per_row(&self, path: &Path) -> Result<Input, Failure> {
        let (input, float) = floats(self.open_another(path)?)?;
        self.require_row_shape(path, &input.header().shape)?;
        self.require_float(path, float, true)?;
        Ok(input)
    }

    fn require_float(&self, path: &Path, found: Float, may_be_f32: bool) -> Result<(), Failure> {
        if found == self.float || (may_be_f32 && found == Float::F32) {
            return Ok(());
        }
        let or_f32 = match may_be_f32 && self.float != Float::F32 {
            true => ", or float32",
            false => "",
        };
        let wanted = format!("{} as in {}{or_f32}", self.float, self.path().display());
        Err(Failure::expected(path.display(), wanted, found))
    }

    /// Refuses any other shape than that of one value a row.
    pub(crate) fn require_row_shape(&self, path: &Path, found: &[usize]) -> Result<(), Failure> {
        match self.fits_row_shape(found) {
            true => Ok(()),
            false => self.require_shape(path, &self.row_shape, found),
        }
    }

    /// Returns true if a shape is that of one value a row. One row's single value may be `(1,)` as well as `()`.
    pub(crate) fn fits_row_shape(&self, found: &[usize]) -> bool {
        found == self.row_shape || (self.row_shape.is_empty() && found == [1])
    }

    /// Refuses any shape of another operand but `wanted`.
    pub(crate) fn require_shape(
        &self,
        path: &Path,
        wanted: &[usize],
        found: &[usize],
    ) -> Result<(), Failure> {
        if found == wanted {
            return Ok(());
        }
        let (own, wanted) = (Shape(&self.shape), Shape(wanted));
        let wanted = format!("shape {wanted} to match {} of {own}", self.path().display());
        let found = format!("shape {}", Shape(found));
        Err(Failure::expected(path.display(), wanted, found))
    }

    /// Returns `rows` rows, a multiple of `inner`, as a shape `[outer, cols, inner]`.
    pub(crate) fn slices(&self, rows: usize) -> [usize; 3] {
        [rows / self.inner.max(1), self.cols, self.inner]
    }

    /// Returns the shape of `rows` rows that are a box: all of the last axes, a range of one, and one place of the first
    /// ones.
    pub(crate) fn box_shape(&self, rows: usize) -> Vec<usize> {
        let mut shape = self.shape.clone();
        let [mut left, ..] = self.slices(rows);
        for extent in shape[..self.axis].iter_mut().rev() {
            *extent = left.min(*extent);
            left /= (*extent).max(1);
        }
        shape
    }

    /// Reads the values of the next rows, in the order of the file.
    pub(crate) fn next(&mut self, rows: usize) -> Result<Floats, Failure> {
        self.input.floats(rows * self.cols, self.wide)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.input.path
    }

    /// Describes the operand, for a message about the work on it.
    pub(crate) fn describe(&self) -> String {
        format!("{} of shape {}", self.path().display(), Shape(&self.shape))
    }
}

/// Writes a note that f64 is computed in f32, unless it stays wide.
pub(crate) fn tell_of_f64(path: &Path, float: Float, wide: bool) {
    if float == Float::F64 && !wide {
        let path = path.display();
        note(
            "note",
            format_args!("{path}: float64 is computed in float32"),
        );
    }
}

fn floats(input: Input) -> Result<(Input, Float), Failure> {
    match input.header().stored {
        Stored::Float(float) => Ok((input, float)),
        other => {
            let wanted = "floats: float16, bfloat16, float32 or float64";
            Err(Failure::expected(input.path.display(), wanted, other))
        }
    }
}

/// Opens any array, with progress, since a pipe may keep its header waiting.
fn open(path: &Path, void_is_bf16: bool) -> Result<Input, Failure> {
    progress::during(format!("reading {}", path.display()), |_| {
        Input::open(path, void_is_bf16)
    })
}

/// Returns the axis, counted from 0.
fn its_axis(path: &Path, shape: &[usize], axis: i64) -> Result<usize, Failure> {
    let (path, rank) = (path.display(), shape.len());
    if rank == 0 {
        return Err(Failure::expected(path, "at least one axis", "shape ()"));
    }
    let from_0 = match axis < 0 {
        true => axis.saturating_add_unsigned(rank as u64),
        false => axis,
    };
    let from_0 = usize::try_from(from_0).ok().filter(|&axis| axis < rank);
    from_0.ok_or_else(|| {
        let what = format!("--axis for {path} of shape {}", Shape(shape));
        Failure::expected(what, format!("-{rank} to {}", rank - 1), axis)
    })
}
