//! Buffers filled on the device.

use wgpu::Buffer;

use crate::Gpu;

/// Fills the first bytes of buffers, a multiple of four, with copies of `block`, one after the other, and with as much
/// of it as the end takes.
pub(super) fn fill<'a>(
    gpu: &Gpu,
    block: &Buffer,
    bytes: u64,
    buffers: impl IntoIterator<Item = &'a Buffer>,
) {
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    for buffer in buffers {
        for offset in (0..bytes).step_by(block.size().max(1) as usize) {
            let size = block.size().min(bytes - offset);
            encoder.copy_buffer_to_buffer(block, 0, buffer, offset, size);
        }
    }
    gpu.queue().submit([encoder.finish()]);
}
