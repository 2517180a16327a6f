//! Grid of shapes that are timed where none are requested.

use std::fmt;

use super::Subject;
use crate::spec::dtype::DType;
use crate::variant::Operation;

/// Rows, columns, and the extent of the strided axis, the most important first: those that a budget does not reach are left out.
const SHAPES: [Shape; 13] = [
    Shape::new(8192, 1024, 1),
    Shape::new(1024, 32_768, 1),
    Shape::new(16_384, 128, 1),
    Shape::new(65_536, 10, 1),
    Shape::new(512, 50_257, 1),
    Shape::new(8 * 4096, 1000, 4096),
    Shape::new(64, 131_072, 1),
    Shape::new(4096, 4096, 1),
    Shape::new(65_536, 21, 65_536),
    Shape::new(256, 128_256, 1),
    Shape::new(64, 262_144, 1),
    Shape::new(1024, 32_000, 1),
    Shape::new(256, 151_936, 1),
];

/// Number of shapes at which every operation is timed before any is timed at another.
const BREADTH: usize = 3;

/// Number of these shapes that are timed in 16-bit storage, too.
const SHAPES_OF_16_BITS: usize = 2;

/// Shapes of the Jacobian, which has a square matrix a row.
const JACOBIAN_SHAPES: [Shape; 2] = [Shape::new(16_384, 32, 1), Shape::new(1024, 128, 1)];

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

impl Shape {
    const fn new(rows: u64, cols: u64, inner: u64) -> Self {
        Self { rows, cols, inner }
    }
}

impl From<(u64, u64)> for Shape {
    /// Converts rows and columns to a shape of contiguous rows.
    fn from((rows, cols): (u64, u64)) -> Self {
        Self::new(rows, cols, 1)
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

    /// Returns the subjects, those of one shape and storage type together: every operation at the first three shapes
    /// of each storage type, and then at the others, so that a budget that ends early has something of everything.
    pub fn subjects(&self, software: bool) -> Vec<Subject> {
        let operations = or_else(&self.operations, &Operation::ALL);
        let reduces = software && self.shapes.is_empty();
        let mut list = Vec::new();
        for (shape, dtype) in self.breadth_first() {
            let Shape { rows, cols, inner } = shape;
            let subject = |&operation: &Operation| Subject {
                operation,
                rows,
                cols,
                inner,
                dtype,
            };
            let subjects = operations.iter().map(subject);
            let included = subjects.filter(|subject| self.includes(subject));
            list.extend(included.map(|subject| match reduces {
                true => with_fewer_rows(subject),
                false => subject,
            }));
        }
        list
    }

    /// Returns each shape with a storage type: the first few of every type go before all others.
    fn breadth_first(&self) -> Vec<(Shape, DType)> {
        let of_grid = self.shapes.is_empty();
        let all_dtypes = self.dtypes.is_empty();
        let dtypes: &[DType] = if of_grid { &DType::ALL } else { &[DType::F32] };
        let (mut first, mut others) = (Vec::new(), Vec::new());
        for dtype in or_else(&self.dtypes, dtypes) {
            let shapes = match dtype {
                _ if !of_grid => &self.shapes[..],
                DType::F16 | DType::Bf16 if all_dtypes => &SHAPES[..SHAPES_OF_16_BITS],
                _ => &SHAPES,
            };
            let (early, late) = shapes.split_at(BREADTH.min(shapes.len()));
            let jacobians = of_grid && shapes.len() == SHAPES.len();
            for (index, shape) in early.iter().enumerate() {
                let jacobian = JACOBIAN_SHAPES.get(index).filter(|_| jacobians);
                let both = [Some(shape), jacobian].into_iter().flatten();
                first.extend(both.map(|shape| (*shape, dtype)));
            }
            others.extend(late.iter().map(|shape| (*shape, dtype)));
        }
        [first, others].concat()
    }

    /// True if the selection includes the subject. Jacobians have shapes of their own, unless they were requested by name.
    fn includes(&self, subject: &Subject) -> bool {
        let jacobian = subject.operation == Operation::Jacobian;
        let of_jacobians = JACOBIAN_SHAPES.contains(&subject.shape());
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
