//! Memory of the library's: how many rows have their logits in it together, and how many bytes that takes.

use wgpu::Buffer;

use super::LinearCrossEntropyPlan;
use crate::device::memory::scratch;
use crate::device::rows::RowKernels;
use crate::device::tensor::F32;
use crate::error::Error;
use crate::ops::cross_entropy::tally::RECORD;
use crate::spec::linear::LinearCrossEntropySpec;
use crate::variant::{Abilities, Tile, WIDEST_ACCESS};

/// Bytes of the logits of a chunk, at most, unless a row has more.
const CHUNK_BYTES: u64 = 16 << 20;

/// Bytes that a binding holds in addition to the elements it is for, at most.
pub(super) const SLACK: u64 = 512;

/// Rows of a chunk. There are about as many chunks as the classes are times the features, so that the logits take no more memory
/// than hidden; a whole number of tiles.
pub(super) fn chunk_rows(spec: &LinearCrossEntropySpec, tile: Tile, abilities: &Abilities) -> u64 {
    let LinearCrossEntropySpec {
        rows,
        features,
        classes,
        ..
    } = *spec;
    let widest = features.max(classes) * F32;
    let bound = ((abilities.binding_bytes() - SLACK) / widest).max(1);
    let chosen = spec.chunk_rows.unwrap_or_else(|| {
        let alike = (rows / classes.div_ceil(features))
            .max(1)
            .next_power_of_two();
        let rows = alike.min(CHUNK_BYTES / (classes * F32)).min(bound).max(1);
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
    pub(super) logits: Buffer,
    /// Partial statistics of rows that are split.
    pub(super) partials: Option<Buffer>,
}

impl LinearCrossEntropyPlan {
    /// Bytes of memory that a binding for all rows allocates, with all gradients, in addition to the buffers given.
    pub fn scratch_bytes(&self) -> u64 {
        let rows = self.spec.rows;
        let row_losses = self
            .loss
            .base
            .row_losses()
            .map_or(0, |role| rows * role.shape.bytes_of_row());
        self.logits_bytes(rows) + self.partial_bytes(&self.loss.fused, rows) + row_losses + RECORD
    }

    /// Bytes of the logits of a chunk, in whole accesses of the widest kind.
    pub(super) fn logits_bytes(&self, rows: u64) -> u64 {
        let elements = self.chunk_rows.min(rows) * self.spec.classes;
        (elements * F32).next_multiple_of(WIDEST_ACCESS)
    }

    fn partial_bytes(&self, kernels: &RowKernels, rows: u64) -> u64 {
        match kernels.variant.family.parts() {
            1 => 0,
            _ => self.chunk_rows.min(rows) * kernels.partial_bytes(),
        }
    }

    /// Allocates the memory of a chunk, for `rows` rows in all.
    pub(super) fn chunk(&self, kernels: &RowKernels, rows: u64) -> Result<Chunk, Error> {
        let device = self.planner.device();
        let partials = match self.partial_bytes(kernels, rows) {
            0 => None,
            bytes => Some(scratch(device, "wgpu-softmax partial statistics", bytes)?),
        };
        let bytes = self.logits_bytes(rows);
        Ok(Chunk {
            logits: scratch(device, "wgpu-softmax logits of a chunk", bytes)?,
            partials,
        })
    }
}
