//! Fewest bytes that operations must move: each input read once, each output written once.

use crate::device::tensor::F32;
use crate::spec::mask::Mask;
use crate::variant::problem::Geometry;
use crate::variant::{Operation, TargetKind};

/// Bytes of a mask, in whole words.
pub(super) const fn mask_bytes(mask: &Mask) -> u64 {
    let bytes = mask.elements().saturating_mul(mask.kind().bytes());
    match bytes.checked_next_multiple_of(4) {
        Some(bytes) => bytes,
        None => u64::MAX,
    }
}

/// Bytes of the matrices and per-row arrays that are read and written for all rows.
pub(super) fn bytes_moved(geometry: &Geometry) -> u64 {
    let cols = u64::from(geometry.problem.cols);
    let element = geometry.problem.dtype.bytes();
    let probabilities = match geometry.problem.options.target_kind {
        TargetKind::Probabilities => cols * element,
        _ => 0,
    };
    let others = bytes_per_row(geometry.problem.operation, cols, element);
    geometry.problem.rows.saturating_mul(others + probabilities)
}

pub(crate) fn bytes_per_row(operation: Operation, cols: u64, element: u64) -> u64 {
    let matrix = cols * element;
    match operation {
        Operation::Softmax | Operation::LogSoftmax => 2 * matrix,
        Operation::SoftmaxBackward | Operation::LogSoftmaxBackward => 3 * matrix,
        Operation::LogSumExp => matrix + F32,
        Operation::LogSumExpBackward => 2 * matrix + F32,
        Operation::CrossEntropy => matrix + 4 * F32,
        Operation::CrossEntropyBackward => 2 * matrix + 3 * F32,
        Operation::CrossEntropyFused => 2 * matrix + 2 * F32,
        Operation::PartialStatistic => matrix + 4 * F32,
        Operation::MergeStatistics => 4 * cols * F32 + 3 * F32,
        Operation::SoftmaxFromPairs => 2 * matrix + 2 * F32,
        Operation::CrossEntropyFromPairs => 5 * F32,
        Operation::LseFromPairs => 3 * F32,
        // Its rows have two extents, and its plan counts them.
        Operation::LinearCrossEntropy => 0,
        Operation::RowOutputs => 5 * F32,
        Operation::RowTerms => 4 * F32,
        Operation::Jacobian => cols.saturating_mul(matrix).saturating_add(matrix),
    }
}
