//! Memory of the library's: how many rows have their logits in it together, and how many bytes that takes.

use super::LinearCrossEntropyPlan;
use crate::device::memory::{Make, Memory};
use crate::device::rows::RowKernels;
use crate::device::tensor::{F32, shapes_of};
use crate::error::Error;
use crate::ops::cross_entropy::tally::RECORD;
use crate::spec::dtype::DType;
use crate::spec::linear::LinearCrossEntropySpec;
use crate::variant::{Abilities, Tile};

/// Bytes of the logits of a chunk, at most, unless a row has more.
const CHUNK_BYTES: u64 = 16 << 20;

/// Bytes that a binding holds in addition to the elements it is for, at most.
pub(super) const SLACK: u64 = 512;

/// Rows of a chunk, at least, if that many fit: each chunk reads and writes the gradient by the weight once, which takes as long as
/// the products of few rows.
const LEAST_ROWS: u64 = 64;

/// Rows of a chunk. There are about as many chunks as the classes are times the features, so that the logits take no more memory
/// than hidden; a whole number of tiles.
pub(super) fn chunk_rows(spec: &LinearCrossEntropySpec, tile: Tile, abilities: &Abilities) -> u64 {
    let LinearCrossEntropySpec {
        rows,
        features,
        classes,
        ..
    } = *spec;
    let logits = spec.row_stride();
    let widest = features.max(logits) * F32;
    // Of 16-bit storage, the gradient by hidden is summed in f32.
    let row = match spec.dtype {
        DType::F32 => logits * F32,
        _ => (logits + features) * F32,
    };
    let bound = ((abilities.binding_bytes() - SLACK) / widest).max(1);
    let chosen = spec.chunk_rows.unwrap_or_else(|| {
        let alike = (rows / classes.div_ceil(features))
            .max(1)
            .next_power_of_two();
        let rows = alike
            .max(LEAST_ROWS)
            .min(CHUNK_BYTES / row)
            .min(bound)
            .max(1);
        let height = u64::from(tile.height());
        if rows > height {
            rows - rows % height
        } else {
            rows
        }
    });
    chosen.min(bound).min(rows.max(1))
}

/// Memory of a chunk.
pub(super) struct Chunk {
    pub(super) logits: Memory,
    /// The gradient by hidden in f32, where it is stored in 16 bits.
    pub(super) grad_hidden: Option<Memory>,
    /// Partial statistics of rows that are split.
    pub(super) partials: Option<Memory>,
}

impl LinearCrossEntropyPlan {
    /// Bytes of memory that a binding for all rows allocates, with all gradients, in addition to the buffers given. Weights and
    /// scales of rows take 12 bytes a row more.
    pub fn scratch_bytes(&self) -> u64 {
        let (rows, base) = (self.spec.rows, &self.loss.base);
        let pairs = base.row_outputs.as_ref().map(|_| base.saved_pairs());
        let of_rows = base.row_losses().into_iter().chain(pairs);
        let of_rows = of_rows.map(|role| rows * role.shape.bytes_of_row());
        let roles = base.callers(&self.loss.fused.geometry);
        let records = base.tally.bytes(shapes_of(&roles), rows);
        self.logits_bytes(rows)
            + self.grad_hidden_bytes(rows)
            + self.partial_bytes(&self.loss.fused, rows)
            + of_rows.sum::<u64>()
            + records.unwrap_or(RECORD)
    }

    /// Bytes of the logits of a chunk.
    pub(super) fn logits_bytes(&self, rows: u64) -> u64 {
        self.chunk_rows.min(rows) * self.spec.row_stride() * F32
    }

    fn grad_hidden_bytes(&self, rows: u64) -> u64 {
        match self.spec.dtype {
            DType::F32 => 0,
            _ => self.chunk_rows.min(rows) * self.spec.features * F32,
        }
    }

    fn partial_bytes(&self, kernels: &RowKernels, rows: u64) -> u64 {
        match kernels.variant.family.parts() {
            1 => 0,
            _ => self.chunk_rows.min(rows) * kernels.partial_bytes(),
        }
    }

    /// Makes the memory of a chunk, for `rows` rows in all.
    pub(super) fn chunk(
        &self,
        kernels: &RowKernels,
        rows: u64,
        wants_hidden: bool,
        make: Make<'_>,
    ) -> Result<Chunk, Error> {
        let some = |label, bytes| match bytes {
            0 => Ok(None),
            bytes => make(label, bytes).map(Some),
        };
        let of_hidden = if wants_hidden {
            self.grad_hidden_bytes(rows)
        } else {
            0
        };
        let partials = self.partial_bytes(kernels, rows);
        Ok(Chunk {
            logits: make("logits of a chunk", self.logits_bytes(rows))?,
            grad_hidden: some("gradient by hidden", of_hidden)?,
            partials: some("partial statistics", partials)?,
        })
    }
}
