//! One operation from the command line to its written result: block by block read, compute, write.

use super::compute::{OnGpu, by_reference};
use super::operands::Operands;
use crate::cli::args;
use crate::cli::blocks::{self, Blocks};
use crate::cli::engine::Engine;
use crate::cli::failure::Failure;
use crate::cli::files::{Float, Floats};
use crate::cli::mask::Masking;
use crate::cli::outputs::{ArrayOutput, Outputs};
use crate::cli::progress;
use crate::cli::rows::Rows;
use std::ops::Range;
use std::path::Path;
use wgpu_softmax::SoftmaxSpec;
use wgpu_softmax::reference::Columns;
use wgpu_softmax::variant::Operation;

/// Job that the operations share, from the command line to the written result.
pub(super) struct Job<'a> {
    pub(super) operation: Operation,
    pub(super) result: &'static str,
    pub(super) common: &'a args::Common,
    pub(super) outputs: Outputs,
    masking: Masking,
}

impl<'a> Job<'a> {
    pub(super) fn new(
        operation: Operation,
        result: &'static str,
        output: &Path,
        common: &'a args::Common,
    ) -> Result<Self, Failure> {
        let outputs = Outputs::new(common)
            .array(result, Some(output))?
            .text("json", common.json.path.as_deref())?;
        Ok(Self {
            operation,
            result,
            common,
            outputs,
            masking: Masking::default(),
        })
    }

    /// Masks the logits: some of them count, and others do not.
    pub(super) fn masked(self, masking: Masking) -> Self {
        Self { masking, ..self }
    }

    pub(super) fn open(&self, path: &Path) -> Result<Operands, Failure> {
        Operands::open(path, self.common)
    }

    /// Returns the type of results: that of the logits, f32 for f64, but f32 for logsumexp whatever that is.
    pub(super) fn float_of_result(&self, x: &Rows) -> Float {
        match self.operation {
            Operation::LogSumExp => Float::F32,
            _ => x.float.of_results(),
        }
    }

    /// Opens the output of a result.
    pub(super) fn begin(&self, x: &Rows) -> Result<ArrayOutput, Failure> {
        let shape = match self.operation {
            Operation::LogSumExp => x.row_shape.clone(),
            Operation::Jacobian => [x.shape.as_slice(), &[x.cols]].concat(),
            _ => x.shape.clone(),
        };
        let float = self.float_of_result(x);
        self.outputs.begin(self.result, float, &shape)
    }

    pub(super) fn run(&self, mut operands: Operands) -> Result<(), Failure> {
        let x = &operands.x;
        let mut result = self.begin(x)?;
        let engine = Engine::open(self.common, x, |rows| {
            let part = self.masking.part(x, &(0..x.rows))?;
            part.spec(self.spec(x, rows)).problem(self.operation)
        })?;
        let report = engine.report(self.operation.name(), x, &self.outputs, None);
        let blocks = self.blocks(x, engine.block_bytes(self.common))?;
        progress::over_rows(engine.doing(x), x.rows, |bar| {
            for rows in blocks {
                let values = self.compute(&engine, &mut operands, &rows)?;
                result.write(&values)?;
                bar.inc(rows.len() as u64);
            }
            Ok::<_, Failure>(())
        })?;
        drop(operands);
        self.outputs.finish([result], &[("json", &report)])
    }

    /// Computes the result of the next rows.
    fn compute(
        &self,
        engine: &Engine,
        operands: &mut Operands,
        rows: &Range<usize>,
    ) -> Result<Floats, Failure> {
        let mut block = operands.next(rows.len())?;
        let x = &operands.x;
        let slices = x.slices(rows.len());
        let in_rows = engine.is_reference() || self.takes_rows();
        if in_rows {
            block = block.in_rows(slices);
        }
        let part = self.masking.part(x, rows);
        let part = part.map_err(|error| Engine::at(x, error))?;
        let values = engine.compute(
            x,
            block,
            |gpu, mut block| {
                part.exclude_in(&mut block.x);
                let on_gpu = OnGpu {
                    operation: self.operation,
                    gpu,
                    spec: part.spec(self.spec(x, rows.len() as u64)),
                    mask: part.data(),
                };
                on_gpu.compute(&block)
            },
            |block| {
                let columns = Columns::new(x.cols).scale(self.common.scale);
                let mask = part.expanded(x, rows.len());
                let values = by_reference(self.operation, &block.widened(), columns, &mask);
                Floats::from_f64(values, self.float_of_result(x))
            },
        )?;
        Ok(match in_rows {
            true => self.as_stored(values, slices),
            false => values,
        })
    }

    /// Returns the spec of `rows` rows, without masks.
    fn spec(&self, x: &Rows, rows: u64) -> SoftmaxSpec {
        let inner = if self.takes_rows() { 1 } else { x.inner };
        let spec = SoftmaxSpec::new(rows, x.cols as u64)
            .inner(inner as u64)
            .scale(self.common.scale)
            .dtype(x.float.dtype());
        match self.operation.allows_in_place() {
            true => spec.in_place(),
            false => spec,
        }
    }

    fn blocks(&self, x: &Rows, most: u64) -> Result<Blocks, Failure> {
        let row_values = match self.operation {
            Operation::Jacobian if x.rows > 0 => x.cols.saturating_mul(x.cols),
            _ => x.cols,
        };
        let bytes = blocks::fitting(x, row_values, most)?;
        Ok(match self.masking.follows_rows() {
            true => Blocks::boxes(x, row_values, bytes),
            false => Blocks::new(x, row_values, bytes),
        })
    }

    /// Returns true if the GPU, too, takes the columns of a row one after the other: a Jacobian has them along two axes.
    fn takes_rows(&self) -> bool {
        self.operation == Operation::Jacobian
    }

    /// Reorders the result of rows that lie one after the other as it lies in the file.
    fn as_stored(&self, values: Floats, [outer, cols, inner]: [usize; 3]) -> Floats {
        match self.operation {
            Operation::LogSumExp => values,
            Operation::Jacobian => {
                values
                    .swapped([outer, inner, cols * cols])
                    .swapped([outer * cols, cols, inner])
            }
            _ => values.swapped([outer, inner, cols]),
        }
    }
}
