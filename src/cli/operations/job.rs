//! One operation from the command line to its written result: block by block read, compute, write.

use super::operands::{Block, Operands};
use crate::cli::args;
use crate::cli::blocks::Blocks;
use crate::cli::engine::Engine;
use crate::cli::failure::Failure;
use crate::cli::files::{Float, Floats};
use crate::cli::outputs::Outputs;
use crate::cli::progress;
use crate::cli::rows::Rows;
use std::path::Path;
use wgpu_softmax::reference::Columns;
use wgpu_softmax::variant::Operation;
use wgpu_softmax::{Error, Gpu, SoftmaxSpec};

/// What the operations share, from the command line to the written result.
pub(super) struct Job<'a> {
    operation: Operation,
    result: &'static str,
    common: &'a args::Common,
    outputs: Outputs,
}

impl<'a> Job<'a> {
    pub(super) fn new(
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

    pub(super) fn open(&self, path: &Path) -> Result<Operands, Failure> {
        Operands::open(path, self.common.axis)
    }

    /// Results have the logits' type, but logsumexp is f32 whatever that is.
    fn float_of_result(&self, x: &Rows) -> Float {
        match self.operation {
            Operation::LogSumExp => Float::F32,
            _ => x.float.of_results(),
        }
    }

    pub(super) fn run(
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
