//! Operations that write one matrix and nothing else.

use wgpu_softmax::check::{Inputs, inputs};
use wgpu_softmax::variant::Operation;
use wgpu_softmax::{
    Error, LogSoftmaxBackwardBuffers, LogSoftmaxBuffers, LogSumExpBackwardBuffers,
    SoftmaxBackwardBuffers, SoftmaxBuffers, SoftmaxFromPairsBuffers,
};

use crate::common::place::stored;
use crate::common::{gpu, upload};
use crate::in_place::at::{At, ROWS};

#[test]
fn softmax_and_log_softmax() -> Result<(), Error> {
    At::each(|at| {
        let logits = stored(at.dtype, Inputs::Peaked.logits(ROWS, at.place.cols, 3));
        at.compare_rows(
            Operation::Softmax,
            &logits,
            |planner, spec, [logits, probs]| {
                planner
                    .softmax(spec)?
                    .bind(SoftmaxBuffers { logits, probs })
            },
        )?;
        at.compare_rows(
            Operation::LogSoftmax,
            &logits,
            |planner, spec, [logits, log_probs]| {
                let buffers = LogSoftmaxBuffers { logits, log_probs };
                planner.log_softmax(spec)?.bind(buffers)
            },
        )
    })
}

#[test]
fn softmax_from_pairs() -> Result<(), Error> {
    At::each(|at| {
        let logits = stored(at.dtype, Inputs::Flat.logits(ROWS, at.place.cols, 4));
        let pairs = upload(gpu(), &[[3.5_f32, 0.01]; ROWS]);
        let pairs = &pairs;
        at.compare_rows(
            Operation::SoftmaxFromPairs,
            &logits,
            |planner, spec, [logits, probs]| {
                let buffers = SoftmaxFromPairsBuffers {
                    logits,
                    pairs,
                    probs,
                };
                planner.softmax_from_pairs(spec)?.bind(buffers)
            },
        )
    })
}

#[test]
fn backward_passes_over_what_the_forward_pass_gave() -> Result<(), Error> {
    At::each(|at| {
        let cols = at.place.cols;
        let logits = stored(at.dtype, Inputs::Flat.logits(ROWS, cols, 5));
        let grad = at.upload(&stored(at.dtype, inputs::upstream(ROWS * cols, 5)));
        let grad_lse = upload(gpu(), &inputs::upstream(ROWS, 6));
        let (grad, grad_lse) = (&grad, &grad_lse);
        let probs = stored(at.dtype, inputs::probs(&logits, cols));
        at.compare_rows(
            Operation::SoftmaxBackward,
            &probs,
            |planner, spec, [probs, grad_logits]| {
                let buffers = SoftmaxBackwardBuffers {
                    probs,
                    grad_probs: grad,
                    grad_logits,
                };
                planner.softmax_backward(spec)?.bind(buffers)
            },
        )?;
        let log_probs = stored(at.dtype, inputs::log_probs(&logits, cols));
        at.compare_rows(
            Operation::LogSoftmaxBackward,
            &log_probs,
            |planner, spec, [log_probs, grad_logits]| {
                let buffers = LogSoftmaxBackwardBuffers {
                    log_probs,
                    grad_log_probs: grad,
                    grad_logits,
                };
                planner.log_softmax_backward(spec)?.bind(buffers)
            },
        )?;
        at.compare_rows(
            Operation::LogSumExpBackward,
            &logits,
            |planner, spec, [logits, grad_logits]| {
                let buffers = LogSumExpBackwardBuffers {
                    logits,
                    grad_lse,
                    grad_logits,
                };
                planner.logsumexp_backward(spec)?.bind(buffers)
            },
        )
    })
}
