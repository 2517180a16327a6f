//! Operations with one result: the inputs, the computation and the output of each.

mod compute;
mod job;
mod operands;

use super::args;
use super::failure::Failure;
use super::files::Shape;
use super::mask::Masking;
use super::rows::Rows;
use job::Job;
use wgpu_softmax::variant::Operation;

pub(crate) fn softmax(args: &args::Softmax) -> Result<(), Failure> {
    let job = Job::new(Operation::Softmax, "probs", &args.output, &args.common)?;
    let operands = job.open(&args.logits)?;
    let masking = Masking::open(&args.masking, &operands.x)?;
    job.masked(masking.rows_are(&args.masked_rows))
        .run(operands)
}

pub(crate) fn log_softmax(args: &args::LogSoftmax) -> Result<(), Failure> {
    let (operation, result) = (Operation::LogSoftmax, "log_probs");
    let job = Job::new(operation, result, &args.output, &args.common)?;
    let operands = job.open(&args.logits)?;
    let masking = Masking::open(&args.masking, &operands.x)?;
    job.masked(masking.rows_are(&args.masked_rows))
        .run(operands)
}

pub(crate) fn logsumexp(args: &args::Logsumexp) -> Result<(), Failure> {
    let job = Job::new(Operation::LogSumExp, "lse", &args.output, &args.common)?;
    let operands = job.open(&args.logits)?;
    let masking = Masking::open(&args.masking, &operands.x)?;
    job.masked(masking).run(operands)
}

pub(crate) fn softmax_backward(args: &args::SoftmaxBackward) -> Result<(), Failure> {
    let (operation, result) = (Operation::SoftmaxBackward, "grad_logits");
    let job = Job::new(operation, result, &args.output, &args.common)?;
    let operands = job.open(&args.probs)?;
    job.run(operands.with_matrix(&args.grad_probs)?)
}

pub(crate) fn log_softmax_backward(args: &args::LogSoftmaxBackward) -> Result<(), Failure> {
    let (operation, result) = (Operation::LogSoftmaxBackward, "grad_logits");
    let job = Job::new(operation, result, &args.output, &args.common)?;
    let operands = job.open(&args.log_probs)?;
    job.run(operands.with_matrix(&args.grad_log_probs)?)
}

pub(crate) fn logsumexp_backward(args: &args::LogsumexpBackward) -> Result<(), Failure> {
    let (operation, result) = (Operation::LogSumExpBackward, "grad_logits");
    let job = Job::new(operation, result, &args.output, &args.common)?;
    let operands = job.open(&args.logits)?;
    job.run(operands.with_value_per_row(&args.grad_lse)?)
}

pub(crate) fn jacobian(args: &args::Jacobian) -> Result<(), Failure> {
    let job = Job::new(Operation::Jacobian, "jacobian", &args.output, &args.common)?;
    let operands = job.open(&args.logits)?;
    if !args.common.reference {
        require_memory(&operands.x)?;
    }
    job.run(operands)
}

/// Refuses a row whose square matrix, which grows faster than its file, cannot be held. The reference never holds it.
fn require_memory(x: &Rows) -> Result<(), Failure> {
    let fits = |len: usize| Vec::<f64>::new().try_reserve_exact(len).is_ok();
    match x.cols.checked_mul(x.cols) {
        Some(len) if fits(len) => Ok(()),
        _ => Err(Failure::expected(
            x.describe(),
            "a row's Jacobian that fits into memory",
            format!(
                "one of shape {}",
                Shape(&[x.shape[x.shape.len() - 1], x.cols])
            ),
        )),
    }
}
