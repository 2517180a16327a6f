//! Memory as matrices and per-row arrays, and their checks.

use std::ops::Range;

use wgpu::BufferUsages;

use crate::device::kernel::Span;
use crate::device::memory::Memory;
use crate::device::window::Window;
use crate::error::Error;
use crate::shader::Binding;
use crate::spec::dtype::DType;
use crate::variant::WIDEST_ACCESS;
use crate::variant::problem::{Geometry, Rows};

/// Bytes of an f32.
pub(crate) const F32: u64 = 4;

/// More bytes than the buffers of any device have.
const LARGEST_BUFFER: u64 = 1 << 44;

/// Alignment of bindings in bytes. Per-row arrays are bound from a row whose index is a multiple of it.
pub(super) const ALIGNMENT: u64 = crate::device::runnable::ALIGNMENT as u64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Slices of `inner` rows, of each of which accesses touch `width` elements of `element` bytes.
    Matrix {
        rows: Rows,
        inner: u64,
        width: u64,
        element: u64,
    },
    /// This many bytes a row.
    PerRow { bytes: u64 },
    /// This many bytes in all, bound whole.
    Whole { bytes: u64 },
}

impl Shape {
    /// One f32 or i32 a row.
    pub(crate) const VALUE_PER_ROW: Self = Self::PerRow { bytes: F32 };
    /// Two f32 a row.
    pub(crate) const PAIR_PER_ROW: Self = Self::PerRow { bytes: 2 * F32 };

    /// The rows of a matrix, in the layout of a binding.
    pub(crate) fn matrix(binding: Binding, geometry: &Geometry) -> Self {
        let rows = match binding {
            Binding::Source => geometry.source,
            Binding::Upstream => geometry.upstream,
            _ => geometry.result,
        };
        Self::Matrix {
            rows,
            inner: geometry.problem.inner.into(),
            width: geometry.width(),
            element: geometry.problem.dtype.bytes(),
        }
    }

    /// A contiguous square matrix a row.
    pub(crate) const fn squares(cols: u64, dtype: DType) -> Self {
        let rows = Rows {
            offset: 0,
            stride: cols * cols,
        };
        Self::Matrix {
            rows,
            inner: 1,
            width: cols * cols,
            element: dtype.bytes(),
        }
    }

    /// Records of `bytes` bytes a row, bound from the first one.
    pub(crate) const fn records(bytes: u64) -> Self {
        let rows = Rows {
            offset: 0,
            stride: bytes / F32,
        };
        Self::Matrix {
            rows,
            inner: 1,
            width: bytes / F32,
            element: F32,
        }
    }

    pub(crate) const fn is_matrix(&self) -> bool {
        matches!(self, Self::Matrix { .. })
    }

    /// Bytes that the binding of a window holds before its first row, at most, since bindings begin at multiples of 256
    /// bytes.
    pub(super) fn slack(self) -> u64 {
        match self {
            Self::PerRow { bytes } => (ALIGNMENT - 1) * bytes,
            Self::Matrix { rows, element, .. } => {
                let per_slice = rows.stride * element;
                let step = (per_slice | rows.offset.wrapping_mul(element)).trailing_zeros();
                ALIGNMENT - (1 << step.min(ALIGNMENT.ilog2()))
            }
            Self::Whole { .. } => 0,
        }
    }

    /// Bytes that a buffer of `rows` rows has at least.
    pub(crate) fn bytes(self, rows: u64) -> u64 {
        match self {
            Self::Whole { bytes } => bytes,
            Self::PerRow { bytes } => rows.saturating_mul(bytes),
            Self::Matrix { .. } if rows == 0 => 0,
            Self::Matrix {
                rows: Rows { offset, stride },
                inner,
                width,
                element,
            } => {
                let slices = rows.div_ceil(inner);
                let last = offset.saturating_add((slices - 1).saturating_mul(stride));
                // A binding consists of whole words.
                let bytes = last.saturating_add(width).saturating_mul(element);
                bytes.checked_next_multiple_of(4).unwrap_or(u64::MAX)
            }
        }
    }

    /// Bytes from the first to the last element of `unit` rows; on a strided axis, of whole slices.
    pub(super) fn bytes_within(self, unit: u64) -> u64 {
        match self {
            Self::Matrix {
                inner,
                rows,
                width,
                element,
            } => ((unit.div_ceil(inner) - 1) * rows.stride + width) * element,
            Self::PerRow { .. } | Self::Whole { .. } => self.bytes_per(unit),
        }
    }

    /// Bytes of one row; 0 for a buffer that is bound whole.
    pub(crate) const fn bytes_of_row(self) -> u64 {
        match self {
            Self::Matrix {
                inner,
                width,
                element,
                ..
            } => width * element / inner,
            Self::PerRow { bytes } => bytes,
            Self::Whole { .. } => 0,
        }
    }

    /// Bytes that a window needs, and the row or element within them at which the window begins.
    pub(crate) fn bytes_in(self, window: Window) -> (Range<u64>, u32) {
        match self {
            Self::Whole { bytes } => (0..bytes, 0),
            Self::PerRow { bytes } => {
                let first = window.first - u64::from(window.bound_row());
                let end = window.first + window.rows;
                (first * bytes..end * bytes, window.bound_row())
            }
            Self::Matrix {
                rows,
                inner,
                element,
                ..
            } => {
                let slice = (rows.offset + window.first / inner * rows.stride) * element;
                let skipped = window.columns.first * inner;
                let start = slice + (window.first % inner + skipped) * element;
                let offset = start - start % ALIGNMENT;
                let end = match window.columns.end {
                    None => self.bytes(window.first + window.rows),
                    Some(end) => (slice + end * inner * element).next_multiple_of(F32),
                };
                // Kernels count from where the first column of the row would be, modulo 2^32; that may be before the
                // binding.
                let residue = ((start - offset) / element).wrapping_sub(skipped);
                (offset..end, (residue & u64::from(u32::MAX)) as u32)
            }
        }
    }

    /// Bytes from the start of `unit` rows to the start of the next rows; on a strided axis, of whole slices.
    pub(super) const fn bytes_per(self, unit: u64) -> u64 {
        match self {
            Self::Matrix {
                rows,
                inner,
                element,
                ..
            } => unit.div_ceil(inner) * rows.stride * element,
            Self::PerRow { bytes } => unit * bytes,
            Self::Whole { .. } => 0,
        }
    }
}

/// A role of a buffer: its binding, name and shape, before there is a buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Role {
    pub(crate) binding: Binding,
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    /// True if the caller may leave it out.
    pub(crate) optional: bool,
}

impl Role {
    pub(crate) const fn new(binding: Binding, name: &'static str, shape: Shape) -> Self {
        Self {
            binding,
            name,
            shape,
            optional: false,
        }
    }

    /// The same role, always given.
    pub(crate) const fn given(self) -> Self {
        Self {
            optional: false,
            ..self
        }
    }

    /// The same role, given only if the caller wants it.
    pub(crate) const fn optional(self) -> Self {
        Self {
            optional: true,
            ..self
        }
    }

    /// Returns memory in this role.
    pub(crate) const fn tensor(self, written: bool, memory: &Memory) -> Tensor<'_> {
        Tensor {
            written,
            ..Tensor::read(self.binding, self.name, memory, self.shape)
        }
    }
}

/// Names and shapes that divide rows into windows: all but those of optional buffers that are bound whole.
pub(crate) fn shapes_of(roles: &[Role]) -> impl Iterator<Item = (&'static str, Shape)> {
    let decides = |role: &&Role| !(role.optional && matches!(role.shape, Shape::Whole { .. }));
    roles
        .iter()
        .filter(decides)
        .map(|role| (role.name, role.shape))
}

/// Checks that buffers of at most `most` bytes can hold each role for `rows` rows.
pub(crate) fn check_roles(roles: &[Role], rows: u64, most: u64) -> Result<(), Error> {
    let available = most.min(LARGEST_BUFFER);
    let exceeds = |role: &&Role| role.shape.bytes(rows) > available;
    match roles.iter().find(exceeds) {
        None => Ok(()),
        Some(role) => Err(Error::Limit {
            what: format!("buffer `{}`", role.name),
            limit: "max_buffer_size",
            needed: role.shape.bytes(rows),
            available,
        }),
    }
}

/// A buffer in a role.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tensor<'a> {
    pub(crate) binding: Binding,
    pub(crate) role: &'static str,
    pub(crate) memory: &'a Memory,
    pub(crate) shape: Shape,
    pub(crate) written: bool,
}

impl<'a> Tensor<'a> {
    pub(crate) const fn read(
        binding: Binding,
        role: &'static str,
        memory: &'a Memory,
        shape: Shape,
    ) -> Self {
        Self {
            binding,
            role,
            memory,
            shape,
            written: false,
        }
    }

    pub(crate) const fn written(
        binding: Binding,
        role: &'static str,
        memory: &'a Memory,
        shape: Shape,
    ) -> Self {
        Self {
            written: true,
            ..Self::read(binding, role, memory, shape)
        }
    }

    pub(crate) const fn role_and_shape(&self) -> (&'static str, Shape) {
        (self.role, self.shape)
    }

    fn check(&self, rows: u64) -> Result<(), Error> {
        if !self.memory.usage().contains(BufferUsages::STORAGE) {
            return Err(Error::BufferUsage {
                what: self.role,
                expected: BufferUsages::STORAGE,
                found: self.memory.usage(),
            });
        }
        let expected = self.shape.bytes(rows);
        if self.memory.size() < expected {
            return Err(Error::BufferSize {
                what: self.role,
                expected,
                found: self.memory.size(),
            });
        }
        Ok(())
    }

    /// Returns true if the buffer holds the window up to the end of the widest access to its last row.
    pub(crate) fn holds_whole_quads(&self, window: Window) -> bool {
        let end = self.shape.bytes(window.first + window.rows);
        end.next_multiple_of(WIDEST_ACCESS) <= self.memory.size()
    }

    pub(crate) const fn is_matrix(&self) -> bool {
        self.shape.is_matrix()
    }

    /// Returns the part of the buffer that a window needs, and the row or element within it at which the window begins.
    pub(crate) fn span(&self, window: Window) -> (Span, u32) {
        let (bytes, residue) = self.shape.bytes_in(window);
        let span = Span {
            memory: self.memory.clone(),
            offset: bytes.start,
            size: bytes.end - bytes.start,
        };
        (span, residue)
    }
}

/// Checks every buffer for `rows` rows: its usage, its size, and that no written buffer is given twice, except for a
/// result `in_place`, which must lie in the buffer of the first input.
pub(crate) fn check(tensors: &[Tensor<'_>], rows: u64, in_place: bool) -> Result<(), Error> {
    tensors.iter().try_for_each(|tensor| tensor.check(rows))?;
    for (index, one) in tensors.iter().enumerate() {
        for other in &tensors[index + 1..] {
            let (first, second) = (one.role, other.role);
            let over =
                in_place && (one.binding, other.binding) == (Binding::Source, Binding::Result);
            match one.memory == other.memory {
                false if over => return Err(Error::Apart { first, second }),
                true if !over && (one.written || other.written) => {
                    return Err(Error::Aliased { first, second });
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Describes a binding in words, with the sizes of its buffers.
pub(crate) fn describe(kernel: &str, rows: u64, tensors: &[Tensor<'_>]) -> String {
    let sizes: Vec<_> = tensors
        .iter()
        .map(|tensor| format!("`{}` of {} bytes", tensor.role, tensor.memory.size()))
        .collect();
    format!("binding {kernel} to {rows} rows: {}", sizes.join(", "))
}

/// Returns the tensors that are not matrices: per-row arrays, and those bound whole.
pub(crate) fn without_matrices<'a>(tensors: &[Tensor<'a>]) -> Vec<Tensor<'a>> {
    tensors
        .iter()
        .filter(|tensor| !tensor.is_matrix())
        .copied()
        .collect()
}
