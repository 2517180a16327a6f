//! Jacobian by the reference: written row by row of its matrices, which are never held.

use super::job::Job;
use super::operands::Operands;
use crate::cli::blocks::{self, Blocks};
use crate::cli::engine::Engine;
use crate::cli::failure::Failure;
use crate::cli::files::Floats;
use crate::cli::progress;
use wgpu_softmax::reference::{Columns, jacobian_row, softmax};

/// Number of values that are written at once, at least.
const PART: usize = 1 << 16;

impl Job<'_> {
    pub(super) fn jacobian_by_reference(&self, mut operands: Operands) -> Result<(), Failure> {
        let x = &operands.x;
        let float = self.float_of_result(x);
        let mut result = self.begin(x)?;
        let engine = Engine::Reference;
        let report = engine.report(self.operation.name(), x, &self.outputs, None);
        let columns = Columns::new(x.cols).scale(self.common.scale);
        let bytes = blocks::fitting(x, x.cols, engine.block_bytes(self.common))?;
        let blocks = Blocks::new(x, x.cols, bytes);
        progress::over_rows(engine.doing(x), x.rows, |bar| {
            let mut part = Vec::new();
            for rows in blocks {
                let block = operands.next(rows.len())?;
                let [outer, cols, inner] = operands.x.slices(rows.len());
                let block = block.in_rows([outer, cols, inner]).widened();
                let probs = softmax(&block.x, columns);
                for slice in probs.chunks_exact(cols * inner) {
                    for i in 0..cols {
                        for probs in slice.chunks_exact(cols) {
                            part.extend(jacobian_row(probs, i, columns));
                        }
                        if part.len() >= PART {
                            result.write(&Floats::from_f64(std::mem::take(&mut part), float))?;
                        }
                    }
                }
                bar.inc(rows.len() as u64);
            }
            result.write(&Floats::from_f64(part, float))
        })?;
        drop(operands);
        self.outputs.finish([result], &[("json", &report)])
    }
}
