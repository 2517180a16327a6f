//! Row operations without their types: a plan binds a list of buffers.

use wgpu::Buffer;

use crate::device::kernel::Bound;
use crate::device::kernel_text::KernelText;
use crate::device::planner::Planner;
use crate::device::rows::RowKernels;
use crate::device::tensor::{F32, Role, Shape};
use crate::error::Error;
use crate::ops::jacobian::{Jacobian, Statistics};
use crate::ops::operand::{Operand, in_role};
use crate::ops::plan::RowOperation;
use crate::ops::plan::sealed::Spec;
use crate::ops::softmax::{
    LogSoftmax, LogSoftmaxBackward, LogSumExp, LogSumExpBackward, Softmax, SoftmaxBackward,
};
use crate::shader::Binding;
use crate::shader::params::Params;
use crate::spec::mask::Mask;
use crate::spec::softmax::SoftmaxSpec;
use crate::variant::geometry::Geometry;
use crate::variant::{Operation, TargetKind};

/// Returns the buffers of an operation that is planned from a [`SoftmaxSpec`], its result last; none of another one.
pub(crate) const fn operands(operation: Operation) -> &'static [Operand] {
    match operation {
        Operation::Softmax => Softmax::OPERANDS,
        Operation::LogSoftmax => LogSoftmax::OPERANDS,
        Operation::LogSumExp => LogSumExp::OPERANDS,
        Operation::SoftmaxBackward => SoftmaxBackward::OPERANDS,
        Operation::LogSoftmaxBackward => LogSoftmaxBackward::OPERANDS,
        Operation::LogSumExpBackward => LogSumExpBackward::OPERANDS,
        Operation::Jacobian => Jacobian::OPERANDS,
        _ => &[],
    }
}

/// Plan of a row operation.
#[derive(Debug, Clone)]
pub(crate) struct RowPlan {
    pub(crate) kernels: RowKernels,
    pub(crate) params: Params,
    mask: Option<Mask>,
    operands: &'static [Operand],
    /// What comes first for a Jacobian.
    statistics: Option<Box<Statistics>>,
}

impl RowPlan {
    /// Plans an operation that is chosen at run time, with the buffers of [`operands`].
    pub(crate) fn any(
        planner: &Planner,
        operation: Operation,
        spec: SoftmaxSpec,
    ) -> Result<Self, Error> {
        match operands(operation) {
            [] => Err(Error::value("operation", "one on whole rows", operation)),
            operands => Self::new(planner, operation, operands, &spec),
        }
    }

    pub(crate) fn new(
        planner: &Planner,
        operation: Operation,
        operands: &'static [Operand],
        spec: &impl Spec,
    ) -> Result<Self, Error> {
        let params = spec.params()?;
        let kernels = RowKernels::plan(planner, spec.geometry(operation)?)?;
        let statistics = match operation {
            Operation::Jacobian => Some(Statistics::plan(planner, spec)?.into()),
            _ => None,
        };
        Ok(Self {
            mask: spec.mask().copied(),
            statistics,
            ..Self::of(kernels, params, operands)
        })
    }

    /// Makes a plan of one kernel after the other, without a mask.
    pub(crate) const fn of(
        kernels: RowKernels,
        params: Params,
        operands: &'static [Operand],
    ) -> Self {
        Self {
            kernels,
            params,
            mask: None,
            operands,
            statistics: None,
        }
    }

    /// Binds one buffer for each operand, in their order, and one for the mask of the spec.
    pub(crate) fn bind(
        &self,
        rows: u64,
        buffers: &[&Buffer],
        mask: Option<&Buffer>,
    ) -> Result<Bound, Error> {
        let refuse = |expected, found| Err(Error::value("mask", expected, found));
        match (self.mask, mask) {
            (Some(_), None) => return refuse("a buffer for it, given to `bind_masked`", "none"),
            (None, Some(_)) => return refuse("a spec with a mask", "one without"),
            _ => {}
        }
        let written = self.operands.iter().map(|operand| operand.written);
        let tensors: Vec<_> = self
            .roles()
            .into_iter()
            .zip(written.chain([false]))
            .zip(buffers.iter().copied().chain(mask))
            .map(|((role, written), buffer)| in_role(role, written, buffer))
            .collect();
        match &self.statistics {
            Some(statistics) => statistics.bind(self, rows, &tensors),
            None => self.kernels.bind(&tensors, rows, self.params),
        }
    }

    /// Returns the kernels that serve all rows, as readable text.
    pub(crate) fn texts(&self) -> Result<Vec<KernelText>, Error> {
        let mut roles = self.roles();
        let mut list = Vec::new();
        if let Some(statistics) = &self.statistics {
            roles.push(Statistics::pairs());
            list = statistics.texts()?;
        }
        list.extend(self.kernels.texts(&roles, self.params)?);
        Ok(list)
    }

    /// Number of pipelines, at most.
    pub(crate) fn pipelines(&self) -> usize {
        let before = self.statistics.as_ref();
        self.kernels.pipelines() + before.map_or(0, |statistics| statistics.pipelines())
    }

    /// Roles of the operands, and of the mask.
    fn roles(&self) -> Vec<Role> {
        let of_mask = self.mask.as_ref().map(|mask| {
            let bytes = mask_bytes(mask);
            Role::new(Binding::Mask, "mask", Shape::Whole { bytes })
        });
        let role = |operand: &Operand| operand.role(&self.kernels.geometry, &self.params);
        self.operands.iter().map(role).chain(of_mask).collect()
    }

    /// Fewest bytes that the operation must move.
    pub(crate) fn bytes_moved(&self) -> u64 {
        let mask = self.mask.as_ref().map_or(0, mask_bytes);
        bytes_moved(&self.kernels.geometry).saturating_add(mask)
    }
}

/// Bytes of a mask, in whole words.
fn mask_bytes(mask: &Mask) -> u64 {
    let bytes = mask.elements().saturating_mul(mask.kind().bytes());
    bytes.checked_next_multiple_of(4).unwrap_or(u64::MAX)
}

/// Bytes of the matrices and per-row arrays that are read and written for all rows.
pub(crate) fn bytes_moved(geometry: &Geometry) -> u64 {
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
        Operation::Jacobian => cols.saturating_mul(matrix).saturating_add(matrix),
    }
}
