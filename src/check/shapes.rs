//! Shapes at which an operation is checked, and the kernels that run them.

use super::kernels::Kernels;
use crate::spec::dtype::DType;
use crate::variant::Operation;

/// Shapes that every variant runs: rows amid fours of elements, of one column, on multiples of four, on multiples of two.
pub(super) const SHAPES: [(usize, usize); 4] = [(37, 45), (5, 1), (19, 128), (130, 10)];

/// Shapes that the preferred variant and one invocation a row run: rows in registers, streamed, and split, of many blocks.
const LONG_SHAPES: [(usize, usize); 3] = [(20, 1000), (4, 50_257), (2, 262_144)];

/// Shape of more rows than one dimension of a dispatch has workgroups.
const TALL_SHAPE: (usize, usize) = (70_001, 3);

/// Rows on a strided axis that every variant runs, with its extent: by ones, by twos, by fours; of few columns and of more.
pub(super) const STRIDED: [(usize, usize, usize); 4] =
    [(35, 45, 7), (60, 21, 20), (36, 9, 18), (256, 130, 128)];

/// Rows on a strided axis that the preferred variant runs.
const LONG_BESIDE: [(usize, usize, usize); 1] = [(8, 50_257, 8)];

/// Rows, columns, and the extent of the strided axis.
pub(super) type Extents = (usize, usize, usize);

/// Lists each shape with the kernels that run it.
pub(super) fn work(operation: Operation, dtype: DType) -> Vec<(Extents, Kernels)> {
    // Kernels for 16-bit storage differ only in loads and stores: every variant runs one shape only.
    let forced = |shapes: usize| match dtype {
        DType::F32 => shapes,
        _ => 1,
    };
    let contiguous = |kernels| move |&(rows, cols): &(usize, usize)| ((rows, cols, 1), kernels);
    let shapes = shapes_of(operation);
    let (every, preferred) = shapes.split_at(forced(shapes.len()));
    let mut list: Vec<_> = every.iter().map(contiguous(Kernels::Forced)).collect();
    list.extend(preferred.iter().map(contiguous(Kernels::Preferred)));
    let long = long_shapes_of(operation, dtype);
    list.extend(long.iter().map(contiguous(Kernels::Long)));
    list.push(contiguous(Kernels::Tall)(&tall_shape_of(operation)));
    if operation != Operation::Jacobian {
        let with = |kernels| move |&extents: &Extents| (extents, kernels);
        let (every, preferred) = STRIDED.split_at(forced(STRIDED.len()));
        list.extend(every.iter().map(with(Kernels::Forced)));
        let preferred = preferred.iter().chain(&LONG_BESIDE);
        list.extend(preferred.map(with(Kernels::Preferred)));
    }
    list
}

/// Returns the shapes of an operation. A Jacobian is a square matrix a row: its shapes have fewer elements.
pub(super) fn shapes_of(operation: Operation) -> &'static [(usize, usize)] {
    match operation {
        Operation::Jacobian => &[(37, 13), (5, 1), (7, 32)],
        _ => &SHAPES,
    }
}

/// Returns the long shapes of an operation. Long rows are folded alike whatever their storage: one of them will do for 16 bits.
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
