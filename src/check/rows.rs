//! Bindings of the row operations of a case.

use wgpu::Buffer;

use crate::device::kernel::Bound;
use crate::device::planner::Planner;
use crate::error::Error;
use crate::ops::jacobian::JacobianBuffers;
use crate::ops::plan::{Plan, RowOperation};
use crate::ops::softmax::{
    LogSoftmaxBackwardBuffers, LogSoftmaxBuffers, LogSumExpBackwardBuffers, LogSumExpBuffers,
    SoftmaxBackwardBuffers, SoftmaxBuffers,
};
use crate::spec::softmax::SoftmaxSpec;
use crate::variant::Operation;

/// Buffers that a row operation reads and writes.
pub(super) struct RowBuffers<'a> {
    pub(super) first: &'a Buffer,
    pub(super) second: &'a Buffer,
    pub(super) output: &'a Buffer,
    pub(super) mask: Option<&'a Buffer>,
}

impl RowBuffers<'_> {
    pub(super) fn bind(
        &self,
        planner: &Planner,
        operation: Operation,
        spec: SoftmaxSpec,
    ) -> Result<Bound, Error> {
        let Self {
            first,
            second,
            output,
            ..
        } = *self;
        match operation {
            Operation::Softmax => self.masked(
                &planner.softmax(spec)?,
                spec,
                SoftmaxBuffers {
                    logits: first,
                    probs: output,
                },
            ),
            Operation::LogSoftmax => self.masked(
                &planner.log_softmax(spec)?,
                spec,
                LogSoftmaxBuffers {
                    logits: first,
                    log_probs: output,
                },
            ),
            Operation::LogSumExp => self.masked(
                &planner.logsumexp(spec)?,
                spec,
                LogSumExpBuffers {
                    logits: first,
                    lse: output,
                },
            ),
            Operation::SoftmaxBackward => {
                planner
                    .softmax_backward(spec)?
                    .bind(SoftmaxBackwardBuffers {
                        probs: first,
                        grad_probs: second,
                        grad_logits: output,
                    })
            }
            Operation::LogSoftmaxBackward => {
                planner
                    .log_softmax_backward(spec)?
                    .bind(LogSoftmaxBackwardBuffers {
                        log_probs: first,
                        grad_log_probs: second,
                        grad_logits: output,
                    })
            }
            Operation::LogSumExpBackward => {
                planner
                    .logsumexp_backward(spec)?
                    .bind(LogSumExpBackwardBuffers {
                        logits: first,
                        grad_lse: second,
                        grad_logits: output,
                    })
            }
            Operation::Jacobian => planner.jacobian(spec)?.bind(JacobianBuffers {
                logits: first,
                jacobian: output,
            }),
            _ => unreachable!("the other operations are bound on their own"),
        }
    }

    /// Binds with the mask, if there is one.
    fn masked<O: RowOperation>(
        &self,
        plan: &Plan<O>,
        spec: SoftmaxSpec,
        buffers: O::Buffers<'_>,
    ) -> Result<Bound, Error> {
        match self.mask {
            Some(mask) => plan.bind_masked(spec.rows(), buffers, mask),
            None => plan.bind(buffers),
        }
    }
}
