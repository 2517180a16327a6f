//! What is timed, and the bytes that it must move.

use std::fmt;

use super::Shape;
use crate::DType;
use crate::operation::bytes_per_row;
use crate::variant::Operation;

/// One operation on contiguous rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The operation. Losses are one a row; cross-entropy saves the pairs from which its backward pass starts.
    pub operation: Operation,
    /// Rows.
    pub rows: u64,
    /// Columns of a row, of those that are read.
    pub cols: u64,
    /// Rows that lie side by side: 1, or the extents after the axis that is normalised.
    pub inner: u64,
    /// How matrices are stored.
    pub dtype: DType,
}

/// The kernel that an operation is timed beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Ceiling {
    /// Reads half of the bytes and writes half of them.
    Copy,
    /// Reads them all.
    Read,
}

impl Ceiling {
    /// `copy` or `read`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Read => "read",
        }
    }
}

impl Subject {
    /// The fewest bytes that the operation must move: each input read once, each output written once.
    pub fn bytes(&self) -> u64 {
        let Self {
            operation,
            rows,
            cols,
            dtype,
            ..
        } = *self;
        rows.saturating_mul(bytes_per_row(operation, cols, dtype.bytes()))
    }

    /// The read ceiling where no matrix is written, else the copy ceiling.
    pub const fn ceiling(&self) -> Ceiling {
        if self.operation.writes_matrix() {
            Ceiling::Copy
        } else {
            Ceiling::Read
        }
    }

    /// Elements of a row of the largest matrix.
    pub const fn elements_per_row(&self) -> u64 {
        match self.operation {
            Operation::Jacobian => self.cols.saturating_mul(self.cols),
            _ => self.cols,
        }
    }

    /// Bytes of a matrix that is read.
    pub(super) const fn read_bytes(&self) -> u64 {
        let elements = self.rows.saturating_mul(self.cols);
        elements.saturating_mul(self.dtype.bytes())
    }

    /// Bytes of the largest matrix.
    pub(super) const fn matrix_bytes(&self) -> u64 {
        let elements = self.rows.saturating_mul(self.elements_per_row());
        elements.saturating_mul(self.dtype.bytes())
    }

    /// Whether the operation takes the exponential of every element that its ceiling moves, so that a ceiling with as
    /// many says something.
    pub const fn takes_exps(&self) -> bool {
        matches!(
            self.operation,
            Operation::Softmax
                | Operation::LogSoftmax
                | Operation::LogSumExp
                | Operation::LogSumExpBackward
                | Operation::CrossEntropy
                | Operation::CrossEntropyBackward
                | Operation::CrossEntropyFused
        )
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            operation,
            rows,
            cols,
            inner,
            dtype,
        } = *self;
        let shape = Shape { rows, cols, inner };
        write!(f, "{operation} of {shape} {dtype}")
    }
}
