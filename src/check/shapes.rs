//! Which shapes an operation is checked at, and by which kernels.

use super::kernels::Kernels;
use super::run::Depth;
use crate::DType;
use crate::variant::Operation;

/// Shapes that every variant runs: rows amid fours of elements, of one column, on multiples of four, of two.
pub(super) const SHAPES: [(usize, usize); 4] = [(37, 45), (5, 1), (19, 128), (130, 10)];

/// Shapes that the preferred variant runs: rows in registers, streamed and split, of many blocks.
const LONG_SHAPES: [(usize, usize); 3] = [(20, 1000), (4, 50_257), (2, 262_144)];

/// More rows than one dimension of a dispatch has workgroups.
const TALL_SHAPE: (usize, usize) = (70_001, 3);

/// Rows side by side that every variant runs, with how many: by ones, by twos, by fours; of few columns and of more.
pub(super) const BESIDE: [(usize, usize, usize); 4] =
    [(35, 45, 7), (60, 21, 20), (36, 9, 18), (256, 130, 128)];

/// Rows side by side that the preferred variant runs.
const LONG_BESIDE: [(usize, usize, usize); 1] = [(8, 50_257, 8)];

/// Rows, columns, and how many rows lie side by side.
pub(super) type Extents = (usize, usize, usize);

/// Each shape with the kernels that run it.
pub(super) fn work(operation: Operation, dtype: DType, depth: Depth) -> Vec<(Extents, Kernels)> {
    // Compiling is what takes time on a software adapter: a quick check forces every variant on one shape only, and
    // none of them on 16-bit storage, which has no kernels of its own but loads and stores.
    let forced = match (depth, dtype) {
        (Depth::Full, _) | (Depth::Default, DType::F32) => shapes_of(operation).len(),
        (Depth::Quick, DType::F32) | (Depth::Default, _) => 1,
        (Depth::Quick, _) => 0,
    };
    let with = |kernels| move |&(rows, cols): &(usize, usize)| ((rows, cols, 1), kernels);
    let (forced, rest) = shapes_of(operation).split_at(forced);
    let mut list: Vec<_> = forced.iter().map(with(Kernels::Forced)).collect();
    list.extend(rest.iter().map(with(Kernels::Preferred)));
    if dtype == DType::F32 || depth != Depth::Quick {
        // Of rows in registers the quick check has seen enough.
        let skipped = if depth == Depth::Quick { 2 } else { 0 };
        let long = long_shapes_of(operation, dtype);
        list.extend(
            long[skipped.min(long.len() - 1)..]
                .iter()
                .map(with(Kernels::Long)),
        );
        list.push(with(Kernels::Tall)(&tall_shape_of(operation)));
    }
    if operation != Operation::Jacobian {
        list.extend(beside(operation, dtype, depth));
    }
    list
}

/// Rows side by side, with the kernels that run them.
fn beside(operation: Operation, dtype: DType, depth: Depth) -> Vec<(Extents, Kernels)> {
    // A quick check meets each way to serve them in one operation.
    let is_forced = matches!(
        operation,
        Operation::Softmax | Operation::SoftmaxBackward | Operation::CrossEntropyBackward
    );
    let (forced, preferred) = match (depth, dtype) {
        (Depth::Quick, DType::F32) if is_forced => (1, 2),
        (Depth::Quick, _) => (0, 1),
        (Depth::Default, DType::F16 | DType::Bf16) => (1, BESIDE.len()),
        _ => (BESIDE.len(), BESIDE.len()),
    };
    let long = if depth == Depth::Quick {
        &[]
    } else {
        &LONG_BESIDE[..]
    };
    let with = |kernels| move |&extents: &Extents| (extents, kernels);
    let mut list: Vec<_> = BESIDE[..forced].iter().map(with(Kernels::Forced)).collect();
    let rest = BESIDE[forced..preferred].iter().chain(long);
    list.extend(rest.map(with(Kernels::Preferred)));
    list
}

/// A Jacobian is a square matrix a row: its shapes have fewer elements.
pub(super) fn shapes_of(operation: Operation) -> &'static [(usize, usize)] {
    match operation {
        Operation::Jacobian => &[(37, 13), (5, 1), (7, 32)],
        _ => &SHAPES,
    }
}

/// Long rows are folded alike whatever their storage: one of them will do for 16 bits.
fn long_shapes_of(operation: Operation, dtype: DType) -> &'static [(usize, usize)] {
    match (operation, dtype) {
        (Operation::Jacobian, _) => &[(2, 300)],
        (_, DType::F32) => &LONG_SHAPES,
        _ => &LONG_SHAPES[1..2],
    }
}

fn tall_shape_of(operation: Operation) -> (usize, usize) {
    match operation {
        Operation::Jacobian => (23_001, 3),
        _ => TALL_SHAPE,
    }
}
