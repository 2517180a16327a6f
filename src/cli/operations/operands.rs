//! Inputs of the operations with one result, read block by block.

use crate::cli::args;
use crate::cli::failure::Failure;
use crate::cli::files::{Floats, Input};
use crate::cli::rows::Rows;
use std::path::Path;

/// Inputs of an operation: rows, and with a backward pass a gradient.
pub(super) struct Operands {
    pub(super) x: Rows,
    grad: Grad,
}

/// Gradient that a backward pass reads.
enum Grad {
    None,
    /// One value for every element, in the type of the rows.
    Matrix(Input),
    /// One value a row.
    PerRow(Input),
}

impl Operands {
    pub(super) fn open(path: &Path, common: &args::Common) -> Result<Self, Failure> {
        let x = Rows::open(path, common)?;
        let grad = Grad::None;
        Ok(Self { x, grad })
    }

    pub(super) fn with_matrix(self, path: &Path) -> Result<Self, Failure> {
        let grad = Grad::Matrix(self.x.open_matrix(path)?);
        Ok(Self { grad, ..self })
    }

    pub(super) fn with_value_per_row(self, path: &Path) -> Result<Self, Failure> {
        let grad = Grad::PerRow(self.x.open_value_per_row(path)?);
        Ok(Self { grad, ..self })
    }

    pub(super) fn next(&mut self, rows: usize) -> Result<Block<Floats>, Failure> {
        let x = self.x.next(rows)?;
        let (mut grad, mut row_grad) = (Floats::from_f64(Vec::new(), self.x.float), Vec::new());
        let wide = self.x.wide;
        match &mut self.grad {
            Grad::None => {}
            Grad::Matrix(input) => grad = input.floats(rows * self.x.cols, wide)?,
            Grad::PerRow(input) => row_grad = input.floats(rows, wide)?.into_f64(),
        }
        Ok(Block { x, grad, row_grad })
    }
}

/// Some rows of the operands: empty where there is no such operand. Operands with one value a row are f64, to which the
/// others are widened for the reference alone.
pub(super) struct Block<M> {
    pub(super) x: M,
    pub(super) grad: M,
    pub(super) row_grad: Vec<f64>,
}

impl Block<Floats> {
    /// Reorders the values so that the columns of a row lie one after the other.
    pub(super) fn in_rows(self, slices: [usize; 3]) -> Self {
        Self {
            x: self.x.swapped(slices),
            grad: self.grad.swapped(slices),
            row_grad: self.row_grad,
        }
    }

    pub(super) fn widened(self) -> Block<Vec<f64>> {
        Block {
            x: self.x.into_f64(),
            grad: self.grad.into_f64(),
            row_grad: self.row_grad,
        }
    }
}
