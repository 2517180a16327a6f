//! Layouts of matrices: where rows lie in a buffer.

/// Layout of a matrix: where its rows lie in its buffer, in elements.
///
/// ```
/// use wgpu_softmax::Layout;
///
/// // Rows from element 4,096 of the buffer on, one every 50,304 elements.
/// let padded = Layout::CONTIGUOUS.offset(4096).stride(50_304);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Layout {
    pub(crate) offset: u64,
    pub(crate) stride: Option<u64>,
}

impl Layout {
    /// Rows one after the other, from the start of the buffer.
    pub const CONTIGUOUS: Self = Self {
        offset: 0,
        stride: None,
    };

    /// Sets the start of the first row, `offset` elements from the start of the buffer.
    #[must_use]
    pub const fn offset(self, offset: u64) -> Self {
        Self { offset, ..self }
    }

    /// Sets the distance between the starts of two neighbouring rows: `stride` elements, no fewer than the row has
    /// columns. Elements between two rows, such as the padding of a vocabulary, never enter a result and never change.
    /// With rows on a strided axis, the stride is the distance between two slices.
    ///
    /// Rows are moved by the widest accesses where offsets and strides are multiples of four; the buffer then holds the
    /// last row up to a multiple of four. They are also moved by the widest accesses where the rows of all matrices
    /// are equally far from multiples of four. That distance decides which values are added first, so that the
    /// same row elsewhere may give other last bits.
    #[must_use]
    pub const fn stride(self, stride: u64) -> Self {
        Self {
            stride: Some(stride),
            ..self
        }
    }
}

/// Layouts of the first input, the second input and the result of an operation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Layouts {
    pub(crate) source: Layout,
    pub(crate) upstream: Layout,
    pub(crate) result: Layout,
}

impl Layouts {
    pub(crate) const CONTIGUOUS: Self = Self {
        source: Layout::CONTIGUOUS,
        upstream: Layout::CONTIGUOUS,
        result: Layout::CONTIGUOUS,
    };
}
