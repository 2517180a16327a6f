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
use wgpu_softmax::reference::{Columns, jacobian_row, softmax};
use wgpu_softmax::variant::Operation;

/// Number of values of Jacobians by the reference that are written at once, at least, but for the last ones.
const PART: usize = 1 << 16;

/// Job that the operations share, from the command line to the written result.
pub(super) struct Job<'a> {
    operation: Operation,
    result: &'static str,
    common: &'a args::Common,
    outputs: Outputs,
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
    fn float_of_result(&self, x: &Rows) -> Float {
        match self.operation {
            Operation::LogSumExp => Float::F32,
            _ => x.float.of_results(),
        }
    }

    pub(super) fn run(&self, mut operands: Operands) -> Result<(), Failure> {
        let x = &operands.x;
        let shape = match self.operation {
            Operation::LogSumExp => &x.row_shape,
            Operation::Jacobian => &[x.shape.as_slice(), &[x.cols]].concat(),
            _ => &x.shape,
        };
        let float = self.float_of_result(x);
        let mut result = self.outputs.begin(self.result, float, shape)?;
        let engine = Engine::open(self.common, x, |rows| {
            let part = self.masking.part(x, &(0..x.rows))?;
            part.spec(self.spec(x, rows)).problem(self.operation)
        })?;
        let report = engine.report(self.operation.name(), x, &self.outputs, None);
        let by_line = self.takes_rows() && engine.is_reference();
        let row_values = match self.takes_rows() && !by_line && x.rows > 0 {
            true => x.cols.saturating_mul(x.cols),
            false => x.cols,
        };
        let bytes = blocks::fitting(x, row_values, engine.block_bytes(self.common))?;
        let blocks = match self.masking.follows_rows() {
            true => Blocks::boxes(x, row_values, bytes),
            false => Blocks::new(x, row_values, bytes),
        };
        progress::over_rows(engine.doing(x), x.rows, |bar| {
            for rows in blocks {
                match by_line {
                    true => self.write_jacobians(&mut operands, rows.len(), &mut result)?,
                    false => result.write(&self.compute(&engine, &mut operands, &rows)?)?,
                }
                bar.inc(rows.len() as u64);
            }
            Ok::<_, Failure>(())
        })?;
        drop(operands);
        self.outputs.finish([result], &[("json", &report)])
    }

    /// Writes the Jacobians of the next rows by the reference, row by row of the matrices, which are never held.
    fn write_jacobians(
        &self,
        operands: &mut Operands,
        rows: usize,
        result: &mut ArrayOutput,
    ) -> Result<(), Failure> {
        let block = operands.next(rows)?;
        let x = &operands.x;
        let [_, cols, inner] = x.slices(rows);
        let columns = Columns::new(cols).scale(self.common.scale);
        let probs = softmax(&block.in_rows(x.slices(rows)).widened().x, columns);
        let floats = |values| Floats::from_f64(values, self.float_of_result(x));
        let mut part = Vec::new();
        for slice in probs.chunks_exact(cols * inner) {
            for i in 0..cols {
                for probs in slice.chunks_exact(cols) {
                    part.extend(jacobian_row(probs, i, columns));
                }
                if part.len() >= PART {
                    result.write(&floats(std::mem::take(&mut part)))?;
                }
            }
        }
        result.write(&floats(part))
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
                    sinks: part.sinks(),
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
