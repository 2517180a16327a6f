//! Division of tensors that exceed the binding limit: into windows of rows, and rows that are longer still into pieces.

use std::ops::Range;

use crate::device::rows::RowKernels;
use crate::device::runnable::Runnable;
use crate::device::tensor::{ALIGNMENT, Shape};
use crate::error::Error;
use crate::shader::Binding;
use crate::shader::params::{Grid, word};
use crate::variant::{Abilities, Operation, Variant, part_cols};

/// Rows that one set of bindings serves, or some columns of one row, or of one slice of rows on a strided axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) first: u64,
    pub(crate) rows: u64,
    pub(crate) columns: Columns,
}

/// A range of the columns of all matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) first: u64,
    /// End of the range; none if it ends with the rows.
    pub(crate) end: Option<u64>,
}

impl Columns {
    pub(crate) const ALL: Self = Self {
        first: 0,
        end: None,
    };
}

impl Window {
    /// Window of all columns of some rows.
    pub(crate) const fn of_rows(first: u64, rows: u64) -> Self {
        Self {
            first,
            rows,
            columns: Columns::ALL,
        }
    }

    /// Index of the window's first row in the bound range of every per-row array.
    pub(crate) fn bound_row(self) -> u32 {
        u32::try_from(self.first % ALIGNMENT).unwrap_or(0)
    }

    /// Splits off the last row: all rows but the last one, and the last one.
    pub(crate) const fn without_last(self) -> (Self, Self) {
        let Self { first, rows, .. } = self;
        let last = first + rows - 1;
        (Self::of_rows(first, rows - 1), Self::of_rows(last, 1))
    }
}

/// Divides `rows` rows into as few windows as the binding limit allows, each of whole units of `unit` rows. A unit may
/// exceed the limit if it is served by some columns at a time, `kept` bytes being kept of each of its rows: then the kept
/// bytes of all rows that are served together do not exceed the limit.
pub(crate) fn windows(
    shapes: impl IntoIterator<Item = (&'static str, Shape)>,
    (rows, unit): (u64, u64),
    abilities: &Abilities,
    kept: Option<u64>,
) -> Result<Vec<Window>, Error> {
    let mut most = rows.max(unit);
    let limit = abilities.binding_bytes();
    let mut of_unit = kept.map_or(unit, |bytes| limit / bytes.max(1));
    let mut of_four = 4 * kept.unwrap_or(0);
    let one = if unit == 1 {
        "a row of "
    } else {
        "a slice of "
    };
    for (role, shape) in shapes {
        let refused = |what: &str, needed| Error::Limit {
            what: format!("{what}buffer `{role}`"),
            limit: "max_storage_buffer_binding_size",
            needed,
            available: limit,
        };
        match shape {
            Shape::Whole { bytes } if bytes > limit => return Err(refused("", bytes)),
            Shape::Whole { .. } => continue,
            _ if shape.bytes(rows) <= limit => continue,
            _ => {}
        }
        let fits = limit.saturating_sub(shape.slack()) / shape.bytes_per(unit).max(1);
        let within = shape.bytes_within(unit);
        let exceeds = within > limit || (fits == 0 && within + shape.slack() > limit);
        match (shape, kept) {
            (_, None) if within > limit => return Err(refused(one, within)),
            (_, None) if exceeds => return Err(refused(one, within + shape.slack())),
            (Shape::PerRow { bytes }, Some(_)) if exceeds => {
                of_unit = of_unit.min((limit / bytes).saturating_sub(ALIGNMENT));
                of_four = of_four.max((ALIGNMENT + 4) * bytes);
            }
            _ => {}
        }
        most = most.min(fits.max(1) * unit);
    }
    if of_unit < unit {
        // Accesses of four begin at multiples of four.
        let of_unit = of_unit - of_unit % 4;
        if of_unit == 0 {
            return Err(Error::Limit {
                what: "what is kept of four rows".into(),
                limit: "max_storage_buffer_binding_size",
                needed: of_four,
                available: limit,
            });
        }
        return Ok(rows_of_units((rows, unit), of_unit));
    }
    let window = |first| Window::of_rows(first, most.min(rows - first));
    Ok((0..rows.div_ceil(most))
        .map(|index| window(index * most))
        .collect())
}

/// Windows within one unit each, of at most `most` rows.
fn rows_of_units((rows, unit): (u64, u64), most: u64) -> Vec<Window> {
    let of_unit = |first: u64| {
        (0..unit.div_ceil(most)).map(move |index| {
            let within = index * most;
            Window::of_rows(first + within, most.min(unit - within))
        })
    };
    (0..rows.div_ceil(unit))
        .flat_map(|index| of_unit(index * unit))
        .collect()
}

/// The part of a window's rows that one dispatch serves: parts of a row, or lines of its Jacobian.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    parts: Range<u32>,
    /// Columns of a part, if they are not those of the variant.
    part_cols: Option<u32>,
    /// Columns of every matrix, or elements of the squares of a Jacobian.
    columns: Columns,
    /// Lines of the square of a row, if not all.
    lines: Option<Range<u32>>,
}

impl Piece {
    /// The piece that is the whole rows.
    pub(crate) const fn all(variant: Variant) -> Self {
        Self {
            parts: 0..variant.family.parts(),
            part_cols: None,
            columns: Columns::ALL,
            lines: None,
        }
    }

    /// The piece of some of `all` parts, of `each` columns.
    fn of_parts(parts: Range<u32>, all: u32, each: u32) -> Self {
        let columns = elements(&parts, all, each);
        Self {
            parts,
            part_cols: Some(each),
            columns,
            lines: None,
        }
    }

    /// The piece of some lines of a square of `cols` columns.
    fn of_lines(lines: Range<u32>, variant: Variant, cols: u32) -> Self {
        Self {
            columns: elements(&lines, cols, cols),
            lines: Some(lines),
            ..Self::all(variant)
        }
    }

    /// Restricts a dispatch over a window to the piece.
    pub(crate) fn narrow(&self, grid: &mut Grid) {
        grid.first_part = self.parts.start;
        grid.parts = self.parts.end - self.parts.start;
        grid.part_cols = self.part_cols.unwrap_or(grid.part_cols);
        if let Some(lines) = &self.lines {
            grid.bin_first = lines.start;
            grid.bin_rows = lines.end - lines.start;
        }
    }

    /// The part of a window that the piece needs of a binding.
    pub(crate) fn of_binding(&self, binding: Binding, window: Window) -> Window {
        match self.lines {
            Some(_) if binding != Binding::Result => window,
            _ => Window {
                columns: self.columns,
                ..window
            },
        }
    }
}

/// Elements of a range of `all` neighbours that have `each` elements each.
fn elements(of: &Range<u32>, all: u32, each: u32) -> Columns {
    let place = |index: u32| u64::from(index) * u64::from(each);
    Columns {
        first: place(of.start),
        end: (of.end < all).then_some(place(of.end)),
    }
}

/// Ranges of at most `together` neighbours that cover `0..all`.
pub(super) fn ranges(all: u32, together: u32) -> impl Iterator<Item = Range<u32>> {
    (0..all.div_ceil(together)).map(move |index| {
        let first = index * together;
        first..all.min(first.saturating_add(together))
    })
}

impl RowKernels {
    /// Divides the rows into windows, within which the tensors, and the partial statistics if rows are split, fit the
    /// binding limit.
    pub(super) fn windows(
        &self,
        shapes: impl Iterator<Item = (&'static str, Shape)>,
        rows: u64,
    ) -> Result<Vec<Window>, Error> {
        let bytes = self.partial_bytes();
        let partials = ("partials", Shape::records(bytes));
        let split = self.programs.len() > 1;
        let shapes = shapes.chain(split.then_some(partials));
        let unit = u64::from(self.geometry.problem.inner);
        let in_pieces = self.variant.family.parts() > 1
            || matches!(
                self.geometry.problem.operation,
                Operation::Jacobian | Operation::RowOutputs
            );
        let kept = in_pieces.then_some(if split { bytes } else { 0 });
        windows(shapes, (rows, unit), self.planner.abilities(), kept)
    }

    /// Divides the rows of a window into as few pieces as possible, each of which fits the bindings.
    pub(super) fn pieces(
        &self,
        (variant, runnable): (Variant, &Runnable),
        shapes: &[Shape],
        window: Window,
    ) -> Vec<Piece> {
        let abilities = self.planner.abilities();
        let fits = |shape: &Shape| {
            let bytes = shape.bytes_in(window).0;
            !shape.is_matrix() || bytes.end - bytes.start <= abilities.binding_bytes()
        };
        if !runnable.visits_matrices() || shapes.iter().all(fits) {
            return vec![Piece::all(variant)];
        }
        let cols = self.geometry.problem.cols;
        let bound = word(self.geometry.problem.bound_cols(abilities)).max(1);
        if self.geometry.problem.operation == Operation::Jacobian {
            let lines = ranges(cols, (bound / cols).max(1));
            return lines
                .map(|lines| Piece::of_lines(lines, variant, cols))
                .collect();
        }
        let (all, each) = match self.geometry.problem.operation.is_per_row() {
            // Single elements are read.
            true => (cols.div_ceil(bound), bound),
            false => (variant.family.parts(), part_cols(variant, cols)),
        };
        ranges(all, (bound / each).max(1))
            .map(|parts| Piece::of_parts(parts, all, each))
            .collect()
    }

    /// Returns true if a row, or a slice of rows on a strided axis, may be longer than a binding.
    pub(crate) fn has_long_rows(&self) -> bool {
        let bound = self.geometry.problem.bound_cols(self.planner.abilities());
        u64::from(self.geometry.problem.cols) > bound
    }
}
