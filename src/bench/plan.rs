//! Plans of the operations, which are bound to a set of buffers.

use super::Subject;
use super::sets::Set;
use crate::device::kernel::Bound;
use crate::device::planner::Planner;
use crate::error::Error;
use crate::ops::cross_entropy::{
    CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras,
};
use crate::ops::jacobian::JacobianBuffers;
use crate::ops::plan::{Plan, RowOperation};
use crate::ops::softmax::{
    LogSoftmaxBackwardBuffers, LogSoftmaxBuffers, LogSumExpBackwardBuffers, LogSumExpBuffers,
    SoftmaxBackwardBuffers, SoftmaxBuffers,
};
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::loss::Reduction;
use crate::spec::softmax::SoftmaxSpec;
use crate::variant::Operation;

/// Operation that is compiled.
pub(super) struct Planned {
    /// Name of the kernel.
    pub(super) kernel: String,
    binder: Binder,
}

type Binder = Box<dyn Fn(&Set) -> Result<Bound, Error>>;

impl Planned {
    fn new(kernel: String, binder: impl Fn(&Set) -> Result<Bound, Error> + 'static) -> Self {
        Self {
            kernel,
            binder: Box::new(binder),
        }
    }

    fn of_rows<O: RowOperation + 'static>(
        plan: Plan<O>,
        buffers: fn(&Set) -> O::Buffers<'_>,
    ) -> Self {
        Self::new(plan.kernel(), move |set| plan.bind(buffers(set)))
    }

    pub(super) fn bind(&self, set: &Set) -> Result<Bound, Error> {
        (self.binder)(set)
    }
}

/// Plans a subject.
pub(super) fn plan(planner: &Planner, subject: &Subject) -> Result<Planned, Error> {
    let spec = SoftmaxSpec::new(subject.rows, subject.cols)
        .inner(subject.inner)
        .dtype(subject.dtype);
    Ok(match subject.operation {
        Operation::Softmax => Planned::of_rows(planner.softmax(spec)?, |set| SoftmaxBuffers {
            logits: &set.first,
            probs: &set.result,
        }),
        Operation::LogSoftmax => {
            Planned::of_rows(planner.log_softmax(spec)?, |set| LogSoftmaxBuffers {
                logits: &set.first,
                log_probs: &set.result,
            })
        }
        Operation::LogSumExp => {
            Planned::of_rows(planner.logsumexp(spec)?, |set| LogSumExpBuffers {
                logits: &set.first,
                lse: &set.row_output,
            })
        }
        Operation::SoftmaxBackward => Planned::of_rows(planner.softmax_backward(spec)?, |set| {
            SoftmaxBackwardBuffers {
                probs: &set.first,
                grad_probs: &set.second,
                grad_logits: &set.result,
            }
        }),
        Operation::LogSoftmaxBackward => {
            Planned::of_rows(planner.log_softmax_backward(spec)?, |set| {
                LogSoftmaxBackwardBuffers {
                    log_probs: &set.first,
                    grad_log_probs: &set.second,
                    grad_logits: &set.result,
                }
            })
        }
        Operation::LogSumExpBackward => {
            Planned::of_rows(planner.logsumexp_backward(spec)?, |set| {
                LogSumExpBackwardBuffers {
                    logits: &set.first,
                    grad_lse: &set.row_input,
                    grad_logits: &set.result,
                }
            })
        }
        Operation::Jacobian => {
            let plan = planner.jacobian(spec)?;
            Planned::new(plan.kernel(), move |set| {
                plan.bind(JacobianBuffers {
                    logits: &set.first,
                    jacobian: &set.result,
                })
            })
        }
        _ => cross_entropy(planner, subject)?,
    })
}

fn cross_entropy(planner: &Planner, subject: &Subject) -> Result<Planned, Error> {
    let rows = subject.rows;
    let spec = CrossEntropySpec::new(rows, subject.cols)
        .inner(subject.inner)
        .dtype(subject.dtype)
        .reduction(Reduction::None);
    match subject.operation {
        Operation::CrossEntropy => {
            let plan = planner.cross_entropy(spec)?;
            Ok(Planned::new(plan.kernel(), move |set| {
                let extras = CrossEntropyExtras::default().pairs(&set.pairs);
                plan.bind_with(rows, forward(set, false), extras)
            }))
        }
        Operation::CrossEntropyFused => {
            let plan = planner.cross_entropy(spec)?;
            let kernel = plan.fused_kernel();
            Ok(Planned::new(kernel, move |set| {
                plan.bind(forward(set, true))
            }))
        }
        Operation::CrossEntropyBackward => {
            let plan = planner.cross_entropy_backward(spec)?;
            Ok(Planned::new(plan.kernel(), move |set| {
                plan.bind(CrossEntropyBackwardBuffers {
                    logits: &set.first,
                    targets: &set.row_input,
                    pairs: &set.pairs,
                    grad_logits: &set.result,
                })
            }))
        }
        other => Err(Error::Value {
            what: "operation",
            expected: "one on whole rows",
            found: other.to_string(),
        }),
    }
}

fn forward(set: &Set, fused: bool) -> CrossEntropyBuffers<'_> {
    CrossEntropyBuffers {
        logits: &set.first,
        targets: &set.row_input,
        losses: &set.row_output,
        grad_logits: fused.then_some(&set.result),
    }
}
