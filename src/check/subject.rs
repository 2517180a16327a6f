//! Subject of a case: its shape, its options, and the places of its matrices.

use super::Inputs;
use super::matrices::Place;
use super::options::Options;
use super::sinks;
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::dtype::DType;
use crate::spec::layout::Layout;
use crate::spec::softmax::SoftmaxSpec;
use crate::variant::{Access, KernelOptions, Operation, Problem};

/// Rows, columns, and the extent of the strided axis.
pub(super) type Extents = (usize, usize, usize);

/// Subject of a case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject {
    pub(super) operation: Operation,
    pub(super) rows: usize,
    pub(super) cols: usize,
    /// Extent of the strided axis: rows interleaved on the device. Here they lie one after the other.
    pub(super) inner: usize,
    pub(super) dtype: DType,
    pub(super) inputs: Inputs,
    pub(super) options: Options,
    /// True if the result lies over the first input.
    pub(super) in_place: bool,
    /// Access that rows lying apart must suit; `None` where rows are contiguous.
    pub(super) apart: Option<Access>,
}

/// A matrix by its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Matrix {
    Source,
    Upstream,
    Result,
}

impl Subject {
    /// Makes a subject of contiguous rows of flat logits without options.
    pub(super) fn new(operation: Operation, dtype: DType, (rows, cols, inner): Extents) -> Self {
        Self {
            operation,
            rows,
            cols,
            inner,
            dtype,
            inputs: Inputs::Flat,
            options: Options::NONE,
            in_place: false,
            apart: None,
        }
    }

    /// Returns the problem that a kernel has to solve.
    pub(super) fn problem(&self) -> Problem {
        let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let options = self.options.kernel_options(self.operation);
        let operation = match self.operation {
            // Where every class may have a target weight, the gradient is not elementwise.
            Operation::CrossEntropyBackward if options.is_dense() => Operation::CrossEntropyFused,
            operation => operation,
        };
        Problem {
            options: KernelOptions {
                causal: options.causal && self.inner == 1,
                in_place: self.in_place,
                ..options
            },
            ..Problem::contiguous(operation, self.rows as u64, narrow(self.cols), self.dtype)
                .strided(narrow(self.inner))
        }
    }

    pub(super) fn cross_entropy_spec(&self) -> CrossEntropySpec {
        let mut spec = self
            .options
            .spec(self.rows, self.cols)
            .dtype(self.dtype)
            .inner(self.inner as u64)
            .row_outputs(self.options.asked(self.operation))
            .logits_layout(self.layout(Matrix::Source))
            .targets_layout(self.layout(Matrix::Upstream))
            .grad_layout(self.layout(Matrix::Result));
        spec.in_place = self.in_place;
        spec
    }

    pub(super) fn softmax_spec(&self) -> SoftmaxSpec {
        let mut spec = SoftmaxSpec::new(self.rows as u64, self.cols as u64)
            .dtype(self.dtype)
            .inner(self.inner as u64)
            .scale(self.options.loss.scale)
            .input_layout(self.layout(Matrix::Source))
            .upstream_layout(self.layout(Matrix::Upstream))
            .output_layout(self.layout(Matrix::Result));
        spec.in_place = self.in_place;
        match self.options.sinks {
            true => spec.sinks(sinks::HEADS, sinks::QUERIES as u64),
            false => spec,
        }
    }

    fn layout(&self, matrix: Matrix) -> Layout {
        let Place { offset, stride, .. } = self.place(matrix);
        match self.apart {
            Some(_) => Layout::default()
                .offset(offset as u64)
                .stride(stride as u64),
            None => Layout::CONTIGUOUS,
        }
    }

    /// Returns the place of the slices of a matrix: if apart, each matrix has its own, except for the alignment that the access
    /// asks for.
    pub(super) fn place(&self, matrix: Matrix) -> Place {
        let width = self.cols * self.inner;
        let (fours, twos) = (width.next_multiple_of(4), width.next_multiple_of(2));
        let apart = match self.apart {
            None => [(0, width); 3],
            Some(Access::Quads) => [(4, fours + 4), (8, fours), (12, fours + 8)],
            Some(Access::Shifted) => [(1, width + 2), (5, width + 6), (9, width + 2)],
            Some(Access::Pairs) => [(2, twos + 2), (6, twos), (4, twos + 4)],
            Some(Access::Words) => [(3, width + 1), (1, width + 2), (6, width + 5)],
        };
        let matrix = match matrix {
            Matrix::Result if self.in_place => Matrix::Source,
            other => other,
        };
        let (offset, stride) = apart[matrix as usize];
        Place {
            offset,
            stride,
            width,
            slices: self.rows / self.inner,
        }
    }
}
