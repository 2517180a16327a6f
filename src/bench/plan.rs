//! Plans of the operations, which are bound to a set of buffers.

use wgpu::Buffer;

use super::Subject;
use super::sets::Set;
use crate::device::kernel::Bound;
use crate::device::planner::Planner;
use crate::error::Error;
use crate::ops::any::operands;
use crate::ops::cross_entropy::{
    CrossEntropyBackwardBuffers, CrossEntropyBackwardPlan, CrossEntropyBuffers, CrossEntropyExtras,
    CrossEntropyPlan,
};
use crate::ops::extras::SoftmaxExtras;
use crate::ops::plan::RowPlan;
use crate::shader::Binding;
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::loss::Reduction;
use crate::spec::softmax::SoftmaxSpec;
use crate::variant::{Operation, Problem};

/// Operation that is compiled.
pub(super) struct Planned {
    /// Name of the kernel.
    pub(super) kernel: String,
    pub(super) subject: Subject,
    plan: Plan,
}

enum Plan {
    Rows(Box<RowPlan>),
    CrossEntropy(Box<CrossEntropyPlan>),
    Backward(Box<CrossEntropyBackwardPlan>),
}

fn losses(subject: &Subject) -> CrossEntropySpec {
    CrossEntropySpec::new(subject.rows, subject.cols)
        .inner(subject.inner)
        .dtype(subject.dtype)
        .reduction(Reduction::None)
}

fn rows(subject: &Subject) -> SoftmaxSpec {
    SoftmaxSpec::new(subject.rows, subject.cols)
        .inner(subject.inner)
        .dtype(subject.dtype)
}

impl Subject {
    /// Returns the properties that decide the kernel.
    ///
    /// # Errors
    ///
    /// No columns, or more rows or columns than 32-bit indices reach.
    pub fn problem(&self) -> Result<Problem, Error> {
        match self.operation.has_targets() {
            true => losses(self).problem(self.operation),
            false => rows(self).problem(self.operation),
        }
    }
}

/// Plans a subject.
pub(super) fn plan(planner: &Planner, subject: &Subject) -> Result<Planned, Error> {
    let losses = losses(subject);
    let (kernel, plan) = match subject.operation {
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
            let plan = RowPlan::any(planner, subject.operation, rows(subject))?;
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
                plan.bind(rows, &buffers, SoftmaxExtras::default())
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
