//! Masks as the reference takes them: one element a logit.

use super::given::{Elements, Piece};
use crate::cli::rows::Rows;
use wgpu_softmax::EmptyRows;
use wgpu_softmax::reference::{Columns, Masked, axis_to_rows, broadcast};

/// Mask of some rows.
#[derive(Debug, Default)]
pub(crate) struct Expanded {
    additive: Option<Vec<f64>>,
    pub(super) kept: Option<Vec<bool>>,
    empty_rows: EmptyRows,
}

impl Expanded {
    /// Expands a mask to one element a logit, in the order of the logits.
    pub(super) fn of(piece: Option<&Piece<'_>>, x: &Rows, rows: usize) -> Self {
        let mut expanded = Self::default();
        if let Some(Piece {
            shape, elements, ..
        }) = piece
        {
            let of_box = x.box_shape(rows);
            match elements {
                Elements::Boolean(kept) => expanded.kept = Some(broadcast(kept, shape, &of_box)),
                Elements::Wide(added) => expanded.additive = Some(broadcast(added, shape, &of_box)),
                Elements::Additive(_) => unreachable!("a mask for the reference is wide"),
            }
        }
        expanded
    }

    /// Reorders the elements so that those of a row lie one after the other.
    pub(super) fn in_rows(self, slices: [usize; 3], empty_rows: EmptyRows) -> Self {
        Self {
            additive: self.additive.map(|added| axis_to_rows(&added, slices)),
            kept: self.kept.map(|kept| axis_to_rows(&kept, slices)),
            empty_rows,
        }
    }

    /// Returns the columns with this mask.
    pub(crate) fn on(&self, columns: Columns) -> Masked<'_, f64> {
        let mut masked = Masked::new(columns).empty_rows(self.empty_rows);
        if let Some(additive) = &self.additive {
            masked = masked.additive(additive);
        }
        if let Some(kept) = &self.kept {
            masked = masked.kept(kept);
        }
        masked
    }
}
