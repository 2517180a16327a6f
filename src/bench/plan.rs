//! Plans of the operations, which are bound to a set of buffers.

use wgpu::Buffer;

use super::Subject;
use super::sets::Set;
use crate::device::kernel::Bound;
use crate::device::planner::Planner;
use crate::error::Error;
use crate::ops::cross_entropy::{
    CrossEntropyBackwardBuffers, CrossEntropyBackwardPlan, CrossEntropyBuffers, CrossEntropyExtras,
    CrossEntropyPlan,
};
use crate::ops::rows::{RowPlan, operands};
use crate::shader::Binding;
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::loss::Reduction;
use crate::spec::softmax::SoftmaxSpec;
use crate::variant::Operation;

/// Operation that is compiled.
pub(super) struct Planned {
    /// Name of the kernel.
    pub(super) kernel: String,
    subject: Subject,
    plan: Plan,
}

enum Plan {
    Rows(Box<RowPlan>),
    CrossEntropy(Box<CrossEntropyPlan>),
    Backward(Box<CrossEntropyBackwardPlan>),
}

/// Plans a subject.
pub(super) fn plan(planner: &Planner, subject: &Subject) -> Result<Planned, Error> {
    let Subject {
        operation,
        rows,
        cols,
        inner,
        dtype,
    } = *subject;
    let losses = CrossEntropySpec::new(rows, cols)
        .inner(inner)
        .dtype(dtype)
        .reduction(Reduction::None);
    let (kernel, plan) = match operation {
        Operation::CrossEntropy => {
            let plan = planner.cross_entropy(losses)?;
            (plan.kernel(), Plan::CrossEntropy(plan.into()))
        }
        Operation::CrossEntropyFused => {
            let plan = planner.cross_entropy(losses)?;
            (plan.fused_kernel(), Plan::CrossEntropy(plan.into()))
        }
        Operation::CrossEntropyBackward => {
            let plan = planner.cross_entropy_backward(losses)?;
            (plan.kernel(), Plan::Backward(plan.into()))
        }
        _ => {
            let spec = SoftmaxSpec::new(rows, cols).inner(inner).dtype(dtype);
            let plan = RowPlan::any(planner, operation, spec)?;
            (plan.kernels.name(), Plan::Rows(plan.into()))
        }
    };
    Ok(Planned {
        kernel,
        subject: *subject,
        plan,
    })
}

impl Planned {
    pub(super) fn bind(&self, set: &Set) -> Result<Bound, Error> {
        let Subject {
            operation, rows, ..
        } = self.subject;
        match &self.plan {
            Plan::Rows(plan) => {
                let operands = operands(operation).iter();
                let buffers: Vec<_> = operands.map(|operand| set.of(operand.binding)).collect();
                plan.bind(rows, &buffers, None)
            }
            Plan::CrossEntropy(plan) => {
                let is_fused = operation == Operation::CrossEntropyFused;
                let buffers = CrossEntropyBuffers {
                    logits: &set.first,
                    targets: &set.row_input,
                    losses: &set.row_output,
                    grad_logits: is_fused.then_some(&set.result),
                };
                let extras = CrossEntropyExtras {
                    pairs: (!is_fused).then_some(&set.pairs),
                    ..CrossEntropyExtras::default()
                };
                plan.bind_with(rows, buffers, extras)
            }
            Plan::Backward(plan) => plan.bind(CrossEntropyBackwardBuffers {
                logits: &set.first,
                targets: &set.row_input,
                pairs: &set.pairs,
                grad_logits: &set.result,
            }),
        }
    }
}

impl Set {
    /// Returns the buffer in a role of a row operation.
    fn of(&self, binding: Binding) -> &Buffer {
        match binding {
            Binding::Source => &self.first,
            Binding::Upstream => &self.second,
            Binding::RowInput => &self.row_input,
            Binding::RowOutput => &self.row_output,
            _ => &self.result,
        }
    }
}
