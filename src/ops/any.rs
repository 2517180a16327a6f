//! Operations that are chosen at run time, with their buffers in a list.

use crate::device::planner::Planner;
use crate::error::Error;
use crate::ops::jacobian::Jacobian;
use crate::ops::plan::{Operand, RowOperation, RowPlan};
use crate::ops::softmax::{
    LogSoftmax, LogSoftmaxBackward, LogSumExp, LogSumExpBackward, Softmax, SoftmaxBackward,
};
use crate::spec::softmax::SoftmaxSpec;
use crate::variant::Operation;

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
}
