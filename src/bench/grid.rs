//! Grid of shapes that are timed where none are requested.

use std::fmt;

use super::Subject;
use crate::spec::dtype::DType;
use crate::variant::Operation;

/// Rows, columns, and the extent of the strided axis, the most important first: those that a budget does not reach are left out.
const SHAPES: [(u64, u64, u64); 13] = [
    (8192, 1024, 1),
    (1024, 32_768, 1),
    (16_384, 128, 1),
    (65_536, 10, 1),
    (512, 50_257, 1),
    (8 * 4096, 1000, 4096),
    (64, 131_072, 1),
    (4096, 4096, 1),
    (65_536, 21, 65_536),
    (256, 128_256, 1),
    (64, 262_144, 1),
    (1024, 32_000, 1),
    (256, 151_936, 1),
];

/// Number of these shapes that are timed in 16-bit storage, too.
const SHAPES_OF_16_BITS: usize = 2;

/// Shapes of the Jacobian, which has a square matrix a row.
const JACOBIAN_SHAPES: [(u64, u64, u64); 2] = [(16_384, 32, 1), (1024, 128, 1)];

/// Elements of the largest matrix of an operation on a software adapter: a sample should last milliseconds, so that there are
/// many samples, and ceiling and operation run under the same load of the machine.
const SOFTWARE_ELEMENTS: u64 = 1 << 21;

/// Fewest rows left on a software adapter: with fewer, other kernels are chosen.
const SOFTWARE_ROWS: u64 = 16;

/// Largest number of columns at which a Jacobian is timed at a shape that was not chosen for it.
const JACOBIAN_COLS: u64 = 512;

/// Shape of rows and columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Number of rows.
    pub rows: u64,
    /// Number of columns of a row.
    pub cols: u64,
    /// Extent of the strided axis: 1, or a divisor of the rows.
    pub inner: u64,
}

impl From<(u64, u64)> for Shape {
    /// Converts rows and columns to a shape of contiguous rows.
    fn from((rows, cols): (u64, u64)) -> Self {
        Self {
            rows,
            cols,
            inner: 1,
        }
    }
}

impl fmt::Display for Shape {
    /// Writes `8192x1024`, or with rows on a strided axis `8x1000x4096`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, cols, inner } = *self;
        match inner {
            1 => write!(f, "{rows}x{cols}"),
            inner => write!(f, "{}x{cols}x{inner}", rows / inner),
        }
    }
}

/// Selection of what is timed: operations, shapes and storage types, each list empty for the grid's own.
///
/// The grid's shapes are those of attention rows, hidden layers, vocabularies and beyond. A software adapter gets
/// them with fewer rows. f32 is timed at all of them, 16-bit storage at two.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Selection {
    /// The operations.
    pub operations: Vec<Operation>,
    /// The shapes.
    pub shapes: Vec<Shape>,
    /// The storage types.
    pub dtypes: Vec<DType>,
}

impl Selection {
    /// Sets the operations.
    #[must_use]
    pub fn operations(self, operations: Vec<Operation>) -> Self {
        Self { operations, ..self }
    }

    /// Sets the shapes.
    #[must_use]
    pub fn shapes(self, shapes: Vec<Shape>) -> Self {
        Self { shapes, ..self }
    }

    /// Sets the storage types.
    #[must_use]
    pub fn dtypes(self, dtypes: Vec<DType>) -> Self {
        Self { dtypes, ..self }
    }

    /// Returns the subjects, those of one shape and storage type together.
    pub fn subjects(&self, software: bool) -> Vec<Subject> {
        let mut list = Vec::new();
        for (shape, dtype) in self.shapes_and_dtypes() {
            let Shape { rows, cols, inner } = shape;
            for operation in or_else(&self.operations, &Operation::ALL) {
                let subject = Subject {
                    operation,
                    rows,
                    cols,
                    inner,
                    dtype,
                };
                if self.includes(&subject) {
                    list.push(if software && self.shapes.is_empty() {
                        with_fewer_rows(subject)
                    } else {
                        subject
                    });
                }
            }
        }
        list
    }

    fn shapes_and_dtypes(&self) -> Vec<(Shape, DType)> {
        let of = |&(rows, cols, inner): &(u64, u64, u64)| Shape { rows, cols, inner };
        let grid: Vec<Shape> = SHAPES.iter().chain(&JACOBIAN_SHAPES).map(of).collect();
        let with = |shapes: &[Shape], dtype| -> Vec<_> {
            shapes.iter().map(|&shape| (shape, dtype)).collect()
        };
        match (self.shapes.as_slice(), self.dtypes.as_slice()) {
            ([], []) => DType::ALL
                .into_iter()
                .flat_map(|dtype| match dtype {
                    DType::F32 => with(&grid, dtype),
                    _ => with(&grid[..SHAPES_OF_16_BITS], dtype),
                })
                .collect(),
            ([], dtypes) => dtypes
                .iter()
                .flat_map(|&dtype| with(&grid, dtype))
                .collect(),
            (shapes, dtypes) => or_else(dtypes, &[DType::F32])
                .into_iter()
                .flat_map(|dtype| with(shapes, dtype))
                .collect(),
        }
    }

    /// True if the selection includes the subject. Jacobians have shapes of their own, unless they were requested by name.
    fn includes(&self, subject: &Subject) -> bool {
        let jacobian = subject.operation == Operation::Jacobian;
        let of_jacobians = JACOBIAN_SHAPES.contains(&(subject.rows, subject.cols, subject.inner));
        if jacobian && subject.inner != 1 {
            return false;
        }
        match (self.shapes.is_empty(), self.operations.is_empty()) {
            (true, _) => jacobian == of_jacobians,
            (false, true) => !jacobian || subject.cols <= JACOBIAN_COLS,
            (false, false) => true,
        }
    }
}

fn or_else<T: Clone>(list: &[T], otherwise: &[T]) -> Vec<T> {
    if list.is_empty() { otherwise } else { list }.to_vec()
}

fn with_fewer_rows(mut subject: Subject) -> Subject {
    while subject.rows > SOFTWARE_ROWS
        && subject.rows * subject.elements_per_row() > SOFTWARE_ELEMENTS
    {
        subject.rows = subject.rows.div_ceil(2);
        subject.inner = subject.inner.min(subject.rows);
    }
    subject
}

#[cfg(test)]
mod tests {
    use super::{SHAPES, SOFTWARE_ELEMENTS, SOFTWARE_ROWS, Selection};
    use crate::spec::dtype::DType;
    use crate::variant::Operation;

    #[test]
    fn the_grid_has_every_operation_at_every_shape_of_its_own() {
        let subjects = Selection::default().subjects(false);
        let count = |dtype| {
            subjects
                .iter()
                .filter(|subject| subject.dtype == dtype)
                .count()
        };
        let matrices = Operation::ALL.len() - 1;
        assert_eq!(count(DType::F32), SHAPES.len() * matrices + 2);
        assert_eq!(count(DType::Bf16), 2 * matrices);
        let first = &subjects[..matrices];
        assert!(
            first
                .iter()
                .all(|subject| (subject.rows, subject.cols, subject.inner) == SHAPES[0])
        );
    }

    #[test]
    fn software_adapters_get_fewer_rows_of_the_same_columns() {
        let selection = Selection::default();
        let (full, reduced) = (selection.subjects(false), selection.subjects(true));
        assert_eq!(full.len(), reduced.len());
        for (full, reduced) in full.iter().zip(&reduced) {
            assert_eq!(
                (full.operation, full.cols),
                (reduced.operation, reduced.cols)
            );
            assert!(reduced.rows.is_multiple_of(reduced.inner));
            assert!((SOFTWARE_ROWS..=full.rows).contains(&reduced.rows));
            let elements = reduced.rows * reduced.elements_per_row();
            assert!(elements <= SOFTWARE_ELEMENTS || reduced.rows < 2 * SOFTWARE_ROWS);
        }
    }

    #[test]
    fn what_is_asked_for_is_taken_as_it_is() {
        let operations = vec![Operation::Softmax, Operation::Jacobian];
        let mut selection = Selection {
            operations,
            shapes: vec![(1 << 20, 1000).into(), (3, 7).into()],
            dtypes: vec![DType::F16],
        };
        assert_eq!(selection.subjects(true).len(), 4);
        assert_eq!(selection.subjects(true)[0].rows, 1 << 20);
        selection.operations.clear();
        let jacobians = |subjects: Vec<super::Subject>| {
            subjects
                .iter()
                .filter(|subject| subject.operation == Operation::Jacobian)
                .count()
        };
        assert_eq!(
            jacobians(selection.subjects(true)),
            1,
            "not at 1,000 columns unasked"
        );
        selection.shapes.clear();
        selection.dtypes.clear();
        selection.operations = vec![Operation::Jacobian];
        assert!(
            selection
                .subjects(false)
                .iter()
                .all(|subject| subject.cols <= 128)
        );
    }
}
