//! Pool of memory for the ceilings, and their runs in it.

use wgpu::{BindingResource, Buffer, BufferBinding, BufferSize};

use super::kernel::{Kernel, Run};
use crate::bench::sets::fill;
use crate::check::Inputs;
use crate::error::Error;
use crate::gpu::Gpu;
use crate::spec::dtype::DType;

/// WebGPU's largest offset alignment.
const ALIGNMENT: u64 = 256;

/// Source of finite numbers, whether words are taken as f32 or as two bf16, and a destination.
#[derive(Debug)]
pub(super) struct Pool {
    source: Buffer,
    destination: Buffer,
}

impl Pool {
    /// Allocates `bytes` bytes on either side, or as many as a binding takes.
    pub(super) fn new(gpu: &Gpu, bytes: u64) -> Result<Self, Error> {
        let bytes = bytes.min(gpu.planner().abilities().max_binding_bytes) / ALIGNMENT * ALIGNMENT;
        let pool = Self {
            source: gpu.allocate("ceiling source", bytes)?,
            destination: gpu.allocate("ceiling destination", bytes)?,
        };
        let block = gpu.upload("ceiling block", &words())?;
        fill(
            gpu,
            (&block, block.size()),
            bytes,
            [&pool.source, &pool.destination],
        )?;
        Ok(pool)
    }

    /// Returns the bytes of both sides.
    pub(super) fn bytes(&self) -> u64 {
        2 * self.source.size()
    }

    /// Prepares up to `most` runs over `quads` groups of 16 bytes, each at another place of the pool if there is room for more
    /// than one.
    pub(super) fn runs(
        &self,
        gpu: &Gpu,
        kernel: &Kernel,
        quads: u64,
        most: u64,
    ) -> Result<Vec<Run>, Error> {
        let room = self.source.size() / 16;
        let stride = quads.next_multiple_of(ALIGNMENT / 16);
        let count = (room / stride).clamp(1, most);
        (0..count)
            .map(|turn| self.run(gpu, kernel, turn * stride % room, quads))
            .collect()
    }

    /// Binds the dispatches of a run from one place on; at the end of the pool it continues at the start.
    fn run(&self, gpu: &Gpu, kernel: &Kernel, first: u64, quads: u64) -> Result<Run, Error> {
        let (mut first, mut quads) = (first, quads);
        let mut dispatches = Vec::new();
        while quads > 0 {
            let piece = quads.min(self.source.size() / 16 - first);
            let sides = [&self.source, &self.destination].map(|buffer| {
                BindingResource::Buffer(BufferBinding {
                    buffer,
                    offset: 16 * first,
                    size: BufferSize::new(16 * piece),
                })
            });
            dispatches.push(kernel.dispatch(gpu, piece, false, sides)?);
            (first, quads) = (0, quads - piece);
        }
        Ok(kernel.run(dispatches))
    }
}

/// Returns words of two bf16 each, which as an f32 are within 1 of 128 of the upper one: all of them normal numbers.
pub(super) fn words() -> Vec<u32> {
    let normals = Inputs::Flat.logits(2, 1 << 18, 1);
    let (upper, lower) = normals.split_at(1 << 18);
    let half = |value: &f32| DType::Bf16.encode(*value);
    let word = |(upper, lower)| half(upper) << 16 | half(lower);
    upper.iter().zip(lower).map(word).collect()
}
