//! Operations with one result: the inputs, the computation and the output of each.

mod jacobian;
mod job;
mod operands;

use super::args;
use super::failure::Failure;
use super::files::{Floats, Shape, narrow};
use super::mask::Masking;
use super::rows::Rows;
use job::Job;
use wgpu_softmax::reference;
use wgpu_softmax::variant::Operation;

/// Runs an operation on slices of the type that these floats have; its result has that type too.
macro_rules! in_its_type {
    ($x:ident = $floats:expr => $run:expr) => {
        match $floats {
            Floats::F32($x) => $run.map(Floats::F32),
            Floats::F16($x) => $run.map(Floats::F16),
            Floats::Bf16($x) => $run.map(Floats::Bf16),
            Floats::F64(_) => unreachable!("f64 has been narrowed"),
        }
    };
    ($x:ident, $grad:ident = $both:expr => $run:expr) => {
        match $both {
            (Floats::F32($x), Floats::F32($grad)) => $run.map(Floats::F32),
            (Floats::F16($x), Floats::F16($grad)) => $run.map(Floats::F16),
            (Floats::Bf16($x), Floats::Bf16($grad)) => $run.map(Floats::Bf16),
            _ => unreachable!("the operands have been opened with one type"),
        }
    };
}

pub(crate) fn softmax(args: &args::Softmax) -> Result<(), Failure> {
    let job = Job::new(Operation::Softmax, "probs", &args.output, &args.common)?;
    let operands = job.open(&args.logits)?;
    let masking = Masking::open(&args.masking, &operands.x)?;
    let job = job.masked(masking.rows_are(&args.masked_rows));
    let shape = operands.x.shape.clone();
    job.run(
        operands,
        &shape,
        &|gpu, spec, block, mask| match mask {
            Some(mask) => in_its_type!(x = &block.x => gpu.softmax_masked(spec, x, mask)),
            None => in_its_type!(x = &block.x => gpu.softmax_with(spec, x)),
        },
        &|block, columns, mask| reference::softmax(&block.x, mask.on(columns)),
    )
}

pub(crate) fn log_softmax(args: &args::LogSoftmax) -> Result<(), Failure> {
    let (operation, result) = (Operation::LogSoftmax, "log_probs");
    let job = Job::new(operation, result, &args.output, &args.common)?;
    let operands = job.open(&args.logits)?;
    let masking = Masking::open(&args.masking, &operands.x)?;
    let job = job.masked(masking.rows_are(&args.masked_rows));
    let shape = operands.x.shape.clone();
    job.run(
        operands,
        &shape,
        &|gpu, spec, block, mask| match mask {
            Some(mask) => in_its_type!(x = &block.x => gpu.log_softmax_masked(spec, x, mask)),
            None => in_its_type!(x = &block.x => gpu.log_softmax_with(spec, x)),
        },
        &|block, columns, mask| reference::log_softmax(&block.x, mask.on(columns)),
    )
}

pub(crate) fn logsumexp(args: &args::Logsumexp) -> Result<(), Failure> {
    let job = Job::new(Operation::LogSumExp, "lse", &args.output, &args.common)?;
    let operands = job.open(&args.logits)?;
    let job = job.masked(Masking::open(&args.masking, &operands.x)?);
    let shape = operands.x.row_shape.clone();
    job.run(
        operands,
        &shape,
        &|gpu, spec, block, mask| {
            let lse = match (&block.x, mask) {
                (Floats::F32(x), None) => gpu.logsumexp_with(spec, x),
                (Floats::F32(x), Some(mask)) => gpu.logsumexp_masked(spec, x, mask),
                (Floats::F16(x) | Floats::Bf16(x), None) => gpu.logsumexp_with(spec, x),
                (Floats::F16(x) | Floats::Bf16(x), Some(mask)) => {
                    gpu.logsumexp_masked(spec, x, mask)
                }
                (Floats::F64(_), _) => unreachable!("f64 has been narrowed"),
            };
            lse.map(Floats::F32)
        },
        &|block, columns, mask| reference::logsumexp(&block.x, mask.on(columns)),
    )
}

pub(crate) fn softmax_backward(args: &args::SoftmaxBackward) -> Result<(), Failure> {
    let (operation, result) = (Operation::SoftmaxBackward, "grad_logits");
    let job = Job::new(operation, result, &args.output, &args.common)?;
    let operands = job.open(&args.probs)?.with_matrix(&args.grad_probs)?;
    let shape = operands.x.shape.clone();
    job.run(
        operands,
        &shape,
        &|gpu, spec, block, _| {
            let both = (&block.x, &block.grad);
            in_its_type!(x, grad = both => gpu.softmax_backward_with(spec, x, grad))
        },
        &|block, columns, _| reference::softmax_backward(&block.x, &block.grad, columns),
    )
}

pub(crate) fn log_softmax_backward(args: &args::LogSoftmaxBackward) -> Result<(), Failure> {
    let (operation, result) = (Operation::LogSoftmaxBackward, "grad_logits");
    let job = Job::new(operation, result, &args.output, &args.common)?;
    let operands = job.open(&args.log_probs)?;
    let operands = operands.with_matrix(&args.grad_log_probs)?;
    let shape = operands.x.shape.clone();
    job.run(
        operands,
        &shape,
        &|gpu, spec, block, _| {
            let both = (&block.x, &block.grad);
            in_its_type!(x, grad = both => gpu.log_softmax_backward_with(spec, x, grad))
        },
        &|block, columns, _| reference::log_softmax_backward(&block.x, &block.grad, columns),
    )
}

pub(crate) fn logsumexp_backward(args: &args::LogsumexpBackward) -> Result<(), Failure> {
    let (operation, result) = (Operation::LogSumExpBackward, "grad_logits");
    let job = Job::new(operation, result, &args.output, &args.common)?;
    let operands = job.open(&args.logits)?;
    let operands = operands.with_value_per_row(&args.grad_lse)?;
    let shape = operands.x.shape.clone();
    job.run(
        operands,
        &shape,
        &|gpu, spec, block, _| {
            let grad = narrow(block.row_grad.clone());
            in_its_type!(x = &block.x => gpu.logsumexp_backward_with(spec, x, &grad))
        },
        &|block, columns, _| reference::logsumexp_backward(&block.x, &block.row_grad, columns),
    )
}

pub(crate) fn jacobian(args: &args::Jacobian) -> Result<(), Failure> {
    let job = Job::new(Operation::Jacobian, "jacobian", &args.output, &args.common)?;
    let operands = job.open(&args.logits)?;
    let x = &operands.x;
    let shape = [x.shape.as_slice(), &[x.cols]].concat();
    if args.common.reference {
        return job.jacobian_by_reference(operands, &shape);
    }
    require_memory(x, &shape)?;
    job.run(
        operands,
        &shape,
        &|gpu, spec, block, _| in_its_type!(x = &block.x => gpu.jacobian_with(spec, x)),
        &|_, _, _| unreachable!("the reference has a way of its own"),
    )
}

/// Refuses a row whose square matrix, which grows faster than its file, cannot be held.
fn require_memory(x: &Rows, shape: &[usize]) -> Result<(), Failure> {
    let held = x
        .cols
        .checked_mul(x.cols)
        .filter(|&len| Vec::<f64>::new().try_reserve_exact(len).is_ok());
    held.map(drop).ok_or_else(|| {
        Failure::expected(
            x.describe(),
            "a row's Jacobian that fits into memory",
            format!("one of shape {}", Shape(&shape[shape.len() - 2..])),
        )
    })
}
