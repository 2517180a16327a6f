//! Pieces of rows that are longer than a binding: parts of a row, or lines of its Jacobian, that one dispatch serves.

use std::ops::Range;

use crate::device::window::{Columns, Window};
use crate::shader::Binding;
use crate::shader::params::Grid;
use crate::variant::Variant;

/// The part of a window's rows that one dispatch serves.
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
    pub(crate) fn of_parts(parts: Range<u32>, all: u32, each: u32) -> Self {
        let columns = elements(&parts, all, each);
        Self {
            parts,
            part_cols: Some(each),
            columns,
            lines: None,
        }
    }

    /// The piece of some lines of a square of `cols` columns.
    pub(crate) fn of_lines(lines: Range<u32>, variant: Variant, cols: u32) -> Self {
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
pub(crate) fn ranges(all: u32, together: u32) -> impl Iterator<Item = Range<u32>> {
    (0..all.div_ceil(together)).map(move |index| {
        let first = index * together;
        first..all.min(first.saturating_add(together))
    })
}
