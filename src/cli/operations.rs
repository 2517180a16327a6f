//! The operations with one result: read, compute, write.

use super::adapters::{Engine, narrow};
use super::args;
use super::failure::Failure;
use super::files::Shape;
use super::outputs::{Content, Outputs};
use super::rows::Rows;
use std::path::Path;
use wgpu_softmax::variant::Operation;
use wgpu_softmax::{Error, Gpu, reference};

pub(crate) fn softmax(args: &args::Softmax) -> Result<(), Failure> {
    let job = Job::new(Operation::Softmax, "probs", &args.output, &args.common)?;
    let x = job.read(&args.logits)?;
    let reference = || reference::softmax(&x.values, x.cols);
    job.finish(
        &x,
        &x.shape,
        |gpu| gpu.softmax(&x.values, x.rows),
        reference,
    )
}

pub(crate) fn log_softmax(args: &args::LogSoftmax) -> Result<(), Failure> {
    let job = Job::new(
        Operation::LogSoftmax,
        "log_probs",
        &args.output,
        &args.common,
    )?;
    let x = job.read(&args.logits)?;
    let reference = || reference::log_softmax(&x.values, x.cols);
    job.finish(
        &x,
        &x.shape,
        |gpu| gpu.log_softmax(&x.values, x.rows),
        reference,
    )
}

pub(crate) fn logsumexp(args: &args::Logsumexp) -> Result<(), Failure> {
    let job = Job::new(Operation::LogSumExp, "lse", &args.output, &args.common)?;
    let x = job.read(&args.logits)?;
    let reference = || reference::logsumexp(&x.values, x.cols);
    job.finish(
        &x,
        x.outer_shape(),
        |gpu| gpu.logsumexp(&x.values, x.rows),
        reference,
    )
}

pub(crate) fn softmax_backward(args: &args::SoftmaxBackward) -> Result<(), Failure> {
    let job = Job::new(
        Operation::SoftmaxBackward,
        "grad_logits",
        &args.output,
        &args.common,
    )?;
    let p = job.read(&args.probs)?;
    let grad = p.read_partner(&args.grad_probs, &p.shape)?;
    let reference = || reference::softmax_backward(&p.values, &grad, p.cols);
    job.finish(
        &p,
        &p.shape,
        |gpu| gpu.softmax_backward(&p.values, &grad, p.rows),
        reference,
    )
}

pub(crate) fn log_softmax_backward(args: &args::LogSoftmaxBackward) -> Result<(), Failure> {
    let job = Job::new(
        Operation::LogSoftmaxBackward,
        "grad_logits",
        &args.output,
        &args.common,
    )?;
    let l = job.read(&args.log_probs)?;
    let grad = l.read_partner(&args.grad_log_probs, &l.shape)?;
    let reference = || reference::log_softmax_backward(&l.values, &grad, l.cols);
    job.finish(
        &l,
        &l.shape,
        |gpu| gpu.log_softmax_backward(&l.values, &grad, l.rows),
        reference,
    )
}

pub(crate) fn logsumexp_backward(args: &args::LogsumexpBackward) -> Result<(), Failure> {
    let job = Job::new(
        Operation::LogSumExpBackward,
        "grad_logits",
        &args.output,
        &args.common,
    )?;
    let x = job.read(&args.logits)?;
    let grad = x.read_partner(&args.grad_lse, x.outer_shape())?;
    let reference = || reference::logsumexp_backward(&x.values, &grad, x.cols);
    job.finish(
        &x,
        &x.shape,
        |gpu| gpu.logsumexp_backward(&x.values, &grad, x.rows),
        reference,
    )
}

pub(crate) fn jacobian(args: &args::Jacobian) -> Result<(), Failure> {
    let job = Job::new(Operation::Jacobian, "jacobian", &args.output, &args.common)?;
    let x = job.read(&args.logits)?;
    let shape = [x.shape.as_slice(), &[x.cols]].concat();
    require_memory(&x, &shape)?;
    let reference = || reference::jacobian(&x.values, x.cols);
    job.finish(&x, &shape, |gpu| gpu.jacobian(&x.values, x.rows), reference)
}

/// A row's square matrix grows faster than its file: refuses what cannot be held.
fn require_memory(x: &Rows, shape: &[usize]) -> Result<(), Failure> {
    let held = x
        .values
        .len()
        .checked_mul(x.cols)
        .filter(|&len| Vec::<f64>::new().try_reserve_exact(len).is_ok());
    held.map(drop).ok_or_else(|| {
        Failure::expected(
            x.describe(),
            "a Jacobian that fits into memory",
            format!("one of shape {}", Shape(shape)),
        )
    })
}

/// What the operations share, from the command line to the written result.
struct Job<'a> {
    operation: Operation,
    result: &'static str,
    common: &'a args::Common,
    outputs: Outputs,
}

impl<'a> Job<'a> {
    fn new(
        operation: Operation,
        result: &'static str,
        output: &Path,
        common: &'a args::Common,
    ) -> Result<Self, Failure> {
        let outputs = Outputs::default()
            .array(result, Some(output))?
            .text("json", common.json.path.as_deref())?;
        Ok(Self {
            operation,
            result,
            common,
            outputs,
        })
    }

    fn read(&self, path: &Path) -> Result<Rows, Failure> {
        Rows::read(path, self.common.axis)
    }

    fn finish(
        &self,
        rows: &Rows,
        shape: &[usize],
        on_gpu: impl FnOnce(&Gpu) -> Result<Vec<f32>, Error>,
        by_reference: impl FnOnce() -> Vec<f64>,
    ) -> Result<(), Failure> {
        let engine = Engine::open(self.common)?;
        let values = engine.compute(rows, on_gpu, || narrow(by_reference()))?;
        let report = engine.report(
            self.operation.name(),
            self.operation,
            rows,
            &self.outputs,
            None,
        )?;
        self.outputs.write(&[
            (self.result, Content::Array(shape, &values)),
            ("json", Content::Text(&report)),
        ])
    }
}
