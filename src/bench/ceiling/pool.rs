//! Pool of memory for the ceilings, and their runs in it.

use wgpu::{BindGroup, BindingResource, Buffer, BufferBinding, BufferSize, BufferUsages};

use super::kernel::{Dispatch, Kernel, Run};
use crate::bench::fill::fill;
use crate::check::Inputs;
use crate::device::memory::filled;
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

/// Numbers of a dispatch, as `Work` in `shaders/ceiling.wgsl` has them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work {
    pub(super) quads: u64,
    pub(super) tiles: u64,
    /// True if every word read is written; otherwise only a word that equals a chance value of 32 bits is.
    pub(super) writes_words: bool,
}

impl Work {
    pub(super) fn uniform(self, gpu: &Gpu) -> Result<Buffer, Error> {
        let narrow = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let [mask, needle] = if self.writes_words {
            [0, 0]
        } else {
            [u32::MAX, 0x9e37_79b9]
        };
        let words = [narrow(self.quads), narrow(self.tiles), mask, needle];
        let whole = ("wgpu-softmax ceiling", BufferUsages::UNIFORM);
        filled(gpu.device(), whole, 16, bytemuck::bytes_of(&words))
    }
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
        let run = |turn| {
            let dispatches = self.dispatches(gpu, kernel, (turn * stride % room, quads))?;
            Ok(kernel.run(dispatches))
        };
        (0..count).map(run).collect()
    }

    /// Binds the dispatches of a run from one place on; at the end of the pool it continues at the start.
    fn dispatches(
        &self,
        gpu: &Gpu,
        kernel: &Kernel,
        (mut first, mut quads): (u64, u64),
    ) -> Result<Vec<Dispatch>, Error> {
        let mut list = Vec::new();
        while quads > 0 {
            let piece = quads.min(self.source.size() / 16 - first);
            let work = Work {
                quads: piece,
                tiles: kernel.form.tiles(piece),
                writes_words: false,
            };
            list.push((self.bind(gpu, kernel, work, first)?, kernel.grid(piece)));
            (first, quads) = (0, quads - piece);
        }
        Ok(list)
    }

    fn bind(&self, gpu: &Gpu, kernel: &Kernel, work: Work, first: u64) -> Result<BindGroup, Error> {
        let range = |buffer| {
            BindingResource::Buffer(BufferBinding {
                buffer,
                offset: 16 * first,
                size: BufferSize::new(16 * work.quads),
            })
        };
        let uniform = work.uniform(gpu)?;
        let resources = [
            uniform.as_entire_binding(),
            range(&self.source),
            range(&self.destination),
        ];
        Ok(kernel.bind(gpu.device(), resources))
    }
}

/// Returns words of two bf16 each, which as an f32 are within 1 of 128 of the upper one: all of them normal numbers.
pub(super) fn words() -> Vec<u32> {
    let normals = Inputs::Flat.logits(2, 1 << 18, 1);
    let (upper, lower) = normals.split_at(1 << 18);
    let half = |value: &f32| DType::Bf16.encode(*value);
    upper
        .iter()
        .zip(lower)
        .map(|(upper, lower)| half(upper) << 16 | half(lower))
        .collect()
}
