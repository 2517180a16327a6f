//! The operations with one result: block by block read, compute, write.

use super::args;
use super::blocks::Blocks;
use super::engine::{Engine, narrow};
use super::failure::Failure;
use super::files::{Float, Input, Shape};
use super::outputs::Outputs;
use super::progress;
use super::rows::{self, Rows};
use std::path::Path;
use wgpu_softmax::variant::Operation;
use wgpu_softmax::{Error, Gpu, reference};

pub(crate) fn softmax(args: &args::Softmax) -> Result<(), Failure> {
    let job = Job::new(Operation::Softmax, "probs", &args.output, &args.common)?;
    let operands = job.open(&args.logits)?;
    let shape = operands.x.shape.clone();
    job.run(
        operands,
        &shape,
        |gpu, block| gpu.softmax(&block.x, block.rows),
        |block| reference::softmax(&block.x, block.cols),
    )
}

pub(crate) fn log_softmax(args: &args::LogSoftmax) -> Result<(), Failure> {
    let (operation, result) = (Operation::LogSoftmax, "log_probs");
    let job = Job::new(operation, result, &args.output, &args.common)?;
    let operands = job.open(&args.logits)?;
    let shape = operands.x.shape.clone();
    job.run(
        operands,
        &shape,
        |gpu, block| gpu.log_softmax(&block.x, block.rows),
        |block| reference::log_softmax(&block.x, block.cols),
    )
}

pub(crate) fn logsumexp(args: &args::Logsumexp) -> Result<(), Failure> {
    let job = Job::new(Operation::LogSumExp, "lse", &args.output, &args.common)?;
    let operands = job.open(&args.logits)?;
    let shape = operands.x.outer_shape().to_vec();
    job.run(
        operands,
        &shape,
        |gpu, block| gpu.logsumexp(&block.x, block.rows),
        |block| reference::logsumexp(&block.x, block.cols),
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
        |gpu, block| gpu.softmax_backward(&block.x, &block.grad, block.rows),
        |block| reference::softmax_backward(&block.x, &block.grad, block.cols),
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
        |gpu, block| gpu.log_softmax_backward(&block.x, &block.grad, block.rows),
        |block| reference::log_softmax_backward(&block.x, &block.grad, block.cols),
    )
}

pub(crate) fn logsumexp_backward(args: &args::LogsumexpBackward) -> Result<(), Failure> {
    let (operation, result) = (Operation::LogSumExpBackward, "grad_logits");
    let job = Job::new(operation, result, &args.output, &args.common)?;
    let operands = job.open(&args.logits)?.with_value_per_row(&args.grad_lse)?;
    let shape = operands.x.shape.clone();
    job.run(
        operands,
        &shape,
        |gpu, block| gpu.logsumexp_backward(&block.x, &block.grad, block.rows),
        |block| reference::logsumexp_backward(&block.x, &block.grad, block.cols),
    )
}

pub(crate) fn jacobian(args: &args::Jacobian) -> Result<(), Failure> {
    let job = Job::new(Operation::Jacobian, "jacobian", &args.output, &args.common)?;
    let operands = job.open(&args.logits)?;
    let x = &operands.x;
    let shape = [x.shape.as_slice(), &[x.cols]].concat();
    require_memory(x, &shape)?;
    job.run(
        operands,
        &shape,
        |gpu, block| gpu.jacobian(&block.x, block.rows),
        |block| reference::jacobian(&block.x, block.cols),
    )
}

/// A row's square matrix grows faster than its file: refuses one that cannot be held.
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

/// What an operation reads: rows, and with a backward pass their gradient, of so many values a row.
struct Operands {
    x: Rows,
    grad: Option<(Input, usize)>,
}

impl Operands {
    fn with_matrix(self, path: &Path) -> Result<Self, Failure> {
        let grad = self.x.open_partner(path, &self.x.shape)?;
        let values = self.x.cols;
        Ok(Self {
            grad: Some((grad, values)),
            ..self
        })
    }

    fn with_value_per_row(self, path: &Path) -> Result<Self, Failure> {
        let grad = self.x.open_partner(path, self.x.outer_shape())?;
        Ok(Self {
            grad: Some((grad, 1)),
            ..self
        })
    }

    fn next(&mut self, rows: usize) -> Result<Block, Failure> {
        let x = self.x.next(rows)?;
        let grad = match &mut self.grad {
            Some((input, values)) => rows::as_f32(input, rows * *values)?,
            None => Vec::new(),
        };
        let cols = self.x.cols;
        Ok(Block {
            x,
            grad,
            rows,
            cols,
        })
    }
}

/// Some rows of the operands.
struct Block {
    x: Vec<f32>,
    grad: Vec<f32>,
    rows: usize,
    cols: usize,
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

    fn open(&self, path: &Path) -> Result<Operands, Failure> {
        let x = Rows::open(path, self.common.axis)?;
        Ok(Operands { x, grad: None })
    }

    /// Results have the logits' type, but logsumexp is f32 whatever that is.
    fn float_of_result(&self, x: &Rows) -> Float {
        match self.operation {
            Operation::LogSumExp => Float::F32,
            _ => x.float.of_results(),
        }
    }

    fn run(
        &self,
        mut operands: Operands,
        shape: &[usize],
        on_gpu: impl Fn(&Gpu, &Block) -> Result<Vec<f32>, Error>,
        by_reference: impl Fn(&Block) -> Vec<f64>,
    ) -> Result<(), Failure> {
        let x = &operands.x;
        let mut result = self
            .outputs
            .begin(self.result, self.float_of_result(x), shape)?;
        let engine = Engine::open(self.common, self.operation, x)?;
        let report = engine.report(self.operation.name(), x, &self.outputs, None);
        let (rows, row_values) = (x.rows, x.cols.max(values_of_a_row(shape, x.rows)));
        let blocks = Blocks::new(rows, row_values, engine.block_bytes(self.common));
        progress::over_rows(engine.doing(x), rows, |bar| {
            for rows in blocks {
                let block = operands.next(rows)?;
                let values = engine.compute(
                    &operands.x,
                    |gpu| on_gpu(gpu, &block),
                    || narrow(by_reference(&block)),
                )?;
                drop(block);
                result.write(values)?;
                bar.inc(rows as u64);
            }
            Ok::<_, Failure>(())
        })?;
        drop(operands);
        self.outputs.finish([result], &[("json", &report)])
    }
}

/// How many values of a result come from one of `rows` rows.
fn values_of_a_row(shape: &[usize], rows: usize) -> usize {
    let values = shape
        .iter()
        .fold(1, |values: usize, &axis| values.saturating_mul(axis));
    values.checked_div(rows).unwrap_or(0)
}
