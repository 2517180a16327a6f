//! Subjects: the operations that are timed, and the bytes that they must move.

use std::fmt;

use super::Shape;
use crate::ops::bytes::bytes_per_row;
use crate::spec::dtype::DType;
use crate::variant::Operation;

/// Operation on contiguous rows or on rows of a strided axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The operation. Losses are one a row; cross-entropy saves the pairs from which its backward pass starts.
    pub operation: Operation,
    /// Number of rows.
    pub rows: u64,
    /// Number of columns of a row of a matrix that is read.
    pub cols: u64,
    /// Extent of the strided axis: 1, or the product of the extents after the axis that is normalised.
    pub inner: u64,
    /// Storage type of matrices.
    pub dtype: DType,
}

/// Kernel that an operation is timed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
#[non_exhaustive]
pub enum Ceiling {
    /// Reads half of the bytes and writes half of them.
    Copy,
    /// Reads all of the bytes.
    Read,
}

impl Ceiling {
    /// Returns `copy` or `read`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Read => "read",
        }
    }
}

impl Subject {
    /// Returns the rows, the columns and the extent of the strided axis.
    pub const fn shape(&self) -> Shape {
        let Self {
            rows, cols, inner, ..
        } = *self;
        Shape { rows, cols, inner }
    }

    /// Returns the fewest bytes that the operation must move: each input read once, each output written once.
    pub fn bytes(&self) -> u64 {
        let per_row = bytes_per_row(self.operation, self.cols, self.dtype.bytes());
        self.rows.saturating_mul(per_row)
    }

    /// Returns the read ceiling where no matrix is written, else the copy ceiling.
    pub const fn ceiling(&self) -> Ceiling {
        if self.operation.writes_matrix() {
            Ceiling::Copy
        } else {
            Ceiling::Read
        }
    }

    /// Returns the elements of a row of the largest matrix.
    pub const fn elements_per_row(&self) -> u64 {
        match self.operation {
            Operation::Jacobian => self.cols.saturating_mul(self.cols),
            _ => self.cols,
        }
    }

    /// Returns the bytes of a matrix that is read.
    pub(super) const fn read_bytes(&self) -> u64 {
        let elements = self.rows.saturating_mul(self.cols);
        elements.saturating_mul(self.dtype.bytes())
    }

    /// Returns the bytes of the largest matrix.
    pub(super) const fn matrix_bytes(&self) -> u64 {
        let elements = self.rows.saturating_mul(self.elements_per_row());
        elements.saturating_mul(self.dtype.bytes())
    }

    /// True if the operation takes the exponential of every element that its ceiling moves, so that a ceiling with as many
    /// exponentials is a meaningful comparison.
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
        write!(f, "{} of {} {}", self.operation, self.shape(), self.dtype)
    }
}
