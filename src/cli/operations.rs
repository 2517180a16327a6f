//! The operations with one result: block by block read, compute, write.

use super::args;
use super::blocks::Blocks;
use super::engine::Engine;
use super::failure::Failure;
use super::files::{Float, Floats, Input, Shape};
use super::outputs::Outputs;
use super::progress;
use super::rows::Rows;
use std::path::Path;
use wgpu_softmax::reference::{self, Columns};
use wgpu_softmax::variant::Operation;
use wgpu_softmax::{Error, Gpu, SoftmaxSpec};

/// An operation on slices of the type that these floats have; its result has that type too.
macro_rules! in_its_type {
    ($x:ident = $floats:expr => $run:expr) => {
        match $floats {
            Floats::F32($x) => $run.map(Floats::F32),
            Floats::F16($x) => $run.map(Floats::F16),
            Floats::Bf16($x) => $run.map(Floats::Bf16),
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
    let shape = operands.x.shape.clone();
    job.run(
        operands,
        &shape,
        |gpu, spec, block| in_its_type!(x = &block.x => gpu.softmax_with(spec, x)),
        |block, columns| reference::softmax(&block.x, columns),
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
        |gpu, spec, block| in_its_type!(x = &block.x => gpu.log_softmax_with(spec, x)),
        |block, columns| reference::log_softmax(&block.x, columns),
    )
}

pub(crate) fn logsumexp(args: &args::Logsumexp) -> Result<(), Failure> {
    let job = Job::new(Operation::LogSumExp, "lse", &args.output, &args.common)?;
    let operands = job.open(&args.logits)?;
    let shape = operands.x.outer_shape().to_vec();
    job.run(
        operands,
        &shape,
        |gpu, spec, block| {
            let lse = match &block.x {
                Floats::F32(x) => gpu.logsumexp_with(spec, x),
                Floats::F16(x) | Floats::Bf16(x) => gpu.logsumexp_with(spec, x),
            };
            lse.map(Floats::F32)
        },
        |block, columns| reference::logsumexp(&block.x, columns),
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
        |gpu, spec, block| {
            let both = (&block.x, &block.grad);
            in_its_type!(x, grad = both => gpu.softmax_backward_with(spec, x, grad))
        },
        |block, columns| reference::softmax_backward(&block.x, &block.grad, columns),
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
        |gpu, spec, block| {
            let both = (&block.x, &block.grad);
            in_its_type!(x, grad = both => gpu.log_softmax_backward_with(spec, x, grad))
        },
        |block, columns| reference::log_softmax_backward(&block.x, &block.grad, columns),
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
        |gpu, spec, block| {
            let grad = &block.row_grad;
            in_its_type!(x = &block.x => gpu.logsumexp_backward_with(spec, x, grad))
        },
        |block, columns| reference::logsumexp_backward(&block.x, &block.row_grad, columns),
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
        |gpu, spec, block| in_its_type!(x = &block.x => gpu.jacobian_with(spec, x)),
        |block, columns| reference::jacobian(&block.x, columns),
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

/// What an operation reads: rows, and with a backward pass a gradient.
struct Operands {
    x: Rows,
    grad: Grad,
}

/// The gradient that a backward pass reads.
enum Grad {
    None,
    /// Of every element, in the type of the rows.
    Matrix(Input),
    /// One value a row.
    PerRow(Input),
}

impl Operands {
    fn with_matrix(self, path: &Path) -> Result<Self, Failure> {
        let grad = Grad::Matrix(self.x.open_matrix(path)?);
        Ok(Self { grad, ..self })
    }

    fn with_value_per_row(self, path: &Path) -> Result<Self, Failure> {
        let grad = Grad::PerRow(self.x.open_value_per_row(path)?);
        Ok(Self { grad, ..self })
    }

    fn next(&mut self, rows: usize) -> Result<Block<Floats>, Failure> {
        let x = self.x.next(rows)?;
        let (mut grad, mut row_grad) = (Floats::F32(Vec::new()), Vec::new());
        match &mut self.grad {
            Grad::None => {}
            Grad::Matrix(input) => grad = input.floats(rows * self.x.cols)?,
            Grad::PerRow(input) => row_grad = input.floats(rows)?.into_f32(),
        }
        Ok(Block {
            rows,
            x,
            grad,
            row_grad,
        })
    }
}

/// Some rows of the operands: empty where there is no such operand. Values of one a row are f32, to which the others are
/// widened for the reference alone.
struct Block<M> {
    rows: usize,
    x: M,
    grad: M,
    row_grad: Vec<f32>,
}

impl Block<Floats> {
    fn widened(self) -> Block<Vec<f32>> {
        Block {
            rows: self.rows,
            x: self.x.into_f32(),
            grad: self.grad.into_f32(),
            row_grad: self.row_grad,
        }
    }
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
        let grad = Grad::None;
        Ok(Operands { x, grad })
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
        on_gpu: impl Fn(&Gpu, &SoftmaxSpec, &Block<Floats>) -> Result<Floats, Error>,
        by_reference: impl Fn(&Block<Vec<f32>>, Columns) -> Vec<f64>,
    ) -> Result<(), Failure> {
        let (x, scale) = (&operands.x, self.common.scale);
        let float = self.float_of_result(x);
        let (dtype, cols) = (x.float.dtype(), x.cols);
        let columns = Columns::new(cols).scale(scale);
        let mut result = self.outputs.begin(self.result, float, shape)?;
        let spec = |rows| {
            SoftmaxSpec::new(rows, cols as u64)
                .scale(scale)
                .dtype(dtype)
        };
        let engine = Engine::open(self.common, x, |rows| spec(rows).problem(self.operation))?;
        let report = engine.report(self.operation.name(), x, &self.outputs, None);
        let (rows, row_values) = (x.rows, x.cols.max(values_of_a_row(shape, x.rows)));
        let blocks = Blocks::new(rows, row_values, engine.block_bytes(self.common));
        progress::over_rows(engine.doing(x), rows, |bar| {
            for rows in blocks {
                let block = operands.next(rows)?;
                let values = engine.compute(
                    &operands.x,
                    block,
                    |gpu, block| on_gpu(gpu, &spec(rows as u64), &block),
                    |block| Floats::from_f64(by_reference(&block.widened(), columns), float),
                )?;
                result.write(&values)?;
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
