//! One operation from the command line to its written result: block by block read, compute, write.

use super::operands::{Block, Operands};
use crate::cli::args;
use crate::cli::blocks::{self, Blocks};
use crate::cli::engine::Engine;
use crate::cli::failure::Failure;
use crate::cli::files::{Float, Floats};
use crate::cli::mask::{Expanded, Masking};
use crate::cli::outputs::Outputs;
use crate::cli::progress;
use crate::cli::rows::Rows;
use std::ops::Range;
use std::path::Path;
use wgpu_softmax::reference::Columns;
use wgpu_softmax::variant::Operation;
use wgpu_softmax::{Error, Gpu, MaskData, SoftmaxSpec};

/// Function that computes the result of some rows on the GPU, with the elements of their mask.
pub(super) type OnGpu<'f> =
    dyn Fn(&Gpu, &SoftmaxSpec, &Block<Floats>, Option<MaskData<'_>>) -> Result<Floats, Error> + 'f;

/// Function that computes the result of some rows by the reference.
pub(super) type ByReference<'f> = dyn Fn(&Block<Vec<f64>>, Columns, &Expanded) -> Vec<f64> + 'f;

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

    pub(super) fn run(
        &self,
        mut operands: Operands,
        shape: &[usize],
        on_gpu: &OnGpu<'_>,
        by_reference: &ByReference<'_>,
    ) -> Result<(), Failure> {
        let x = &operands.x;
        let float = self.float_of_result(x);
        let mut result = self.outputs.begin(self.result, float, shape)?;
        let engine = Engine::open(self.common, x, |rows| {
            let part = self.masking.part(x, &(0..x.rows))?;
            part.spec(self.spec(x, rows)).problem(self.operation)
        })?;
        let report = engine.report(self.operation.name(), x, &self.outputs, None);
        let blocks = self.blocks(x, shape, engine.block_bytes(self.common))?;
        progress::over_rows(engine.doing(x), x.rows, |bar| {
            for rows in blocks {
                let values = self.compute(&engine, &mut operands, &rows, on_gpu, by_reference)?;
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
        on_gpu: &OnGpu<'_>,
        by_reference: &ByReference<'_>,
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
                let spec = part.spec(self.spec(x, rows.len() as u64));
                on_gpu(gpu, &spec, &block, part.data())
            },
            |block| {
                let columns = Columns::new(x.cols).scale(self.common.scale);
                let mask = part.expanded(x, rows.len());
                let values = by_reference(&block.widened(), columns, &mask);
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

    fn blocks(&self, x: &Rows, shape: &[usize], most: u64) -> Result<Blocks, Failure> {
        let row_values = x.cols.max(values_of_a_row(shape, x.rows));
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

/// Returns the number of values of a result that come from one of `rows` rows.
fn values_of_a_row(shape: &[usize], rows: usize) -> usize {
    let values = shape
        .iter()
        .fold(1, |values: usize, &axis| values.saturating_mul(axis));
    values.checked_div(rows).unwrap_or(0)
}
