//! Buffers filled on the device.

use wgpu::Buffer;

use crate::error::Error;
use crate::gpu::Gpu;

/// Fills the first bytes of buffers with copies of the first bytes of `block`, one after the other, the last copy cut to fit.
/// Both numbers of bytes are multiples of four.
pub(super) fn fill<'a>(
    gpu: &Gpu,
    (block, block_bytes): (&Buffer, u64),
    bytes: u64,
    buffers: impl IntoIterator<Item = &'a Buffer>,
) -> Result<(), Error> {
    gpu.submit("filling buffers", |encoder| {
        for buffer in buffers {
            for offset in (0..bytes).step_by(block_bytes.max(1) as usize) {
                let size = block_bytes.min(bytes - offset);
                encoder.copy_buffer_to_buffer(block, 0, buffer, offset, size);
            }
        }
    })
    .map(drop)
}
