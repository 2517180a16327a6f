//! Buffers of the operations by their roles.

use crate::device::memory::Memory;
use crate::device::rows::PARTIAL_BYTES;
use crate::device::tensor::{F32, Role, Shape, Tensor};
use crate::shader::Binding;
use crate::shader::params::Params;
use crate::spec::softmax::SoftmaxSpec;
use crate::variant::geometry::Geometry;

/// A buffer of an operation: where it is bound, its name, what it holds, and whether it is written.
#[derive(Debug, Clone, Copy)]
pub struct Operand {
    pub(crate) binding: Binding,
    pub(crate) name: &'static str,
    pub(crate) holds: Holds,
    pub(crate) written: bool,
}

/// Contents of a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// A matrix with the operation's columns, in the layout of the binding.
    Matrix,
    /// A contiguous square matrix a row.
    Squares,
    /// One f32 a row.
    Value,
    /// One class id a row.
    ClassId,
    /// One saved pair a row.
    Pair,
    /// The records of all parts of a row.
    Records,
}

impl Operand {
    pub(crate) const fn read(binding: Binding, name: &'static str, holds: Holds) -> Self {
        Self {
            binding,
            name,
            holds,
            written: false,
        }
    }

    pub(crate) const fn written(binding: Binding, name: &'static str, holds: Holds) -> Self {
        Self {
            written: true,
            ..Self::read(binding, name, holds)
        }
    }

    /// Role of the buffer in a plan.
    pub(crate) fn role(&self, geometry: &Geometry, params: &Params) -> Role {
        let per_row = |words: u32, bytes| Shape::PerRow {
            bytes: u64::from(words) * bytes,
        };
        let shape = match self.holds {
            Holds::Matrix => Shape::matrix(self.binding, geometry),
            Holds::Squares => Shape::squares(geometry.problem.cols.into(), geometry.problem.dtype),
            Holds::Value => Shape::VALUE_PER_ROW,
            Holds::ClassId => per_row(params.loss.id_words, F32),
            Holds::Pair => Shape::PAIR_PER_ROW,
            Holds::Records => per_row(params.grid.records, PARTIAL_BYTES),
        };
        Role::new(self.binding, self.name, shape)
    }

    /// Number of elements for all rows of a spec, without gaps, and bytes of each.
    pub(crate) fn elements(&self, spec: &SoftmaxSpec) -> (u64, u64) {
        let matrix = spec.rows.saturating_mul(spec.cols);
        match self.holds {
            Holds::Matrix => (matrix, spec.dtype.bytes()),
            Holds::Squares => (matrix.saturating_mul(spec.cols), spec.dtype.bytes()),
            _ => (spec.rows, F32),
        }
    }
}

/// Returns memory in its role.
pub(crate) const fn in_role(role: Role, written: bool, memory: &Memory) -> Tensor<'_> {
    Tensor {
        written,
        ..Tensor::read(role.binding, role.name, memory, role.shape)
    }
}
