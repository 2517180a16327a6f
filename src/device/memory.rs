//! Buffers that the library allocates. Each function is called within an error scope of its caller.

use wgpu::{Buffer, BufferDescriptor, BufferUsages, Device};

use crate::device::scope::failed;
use crate::error::Error;

/// Bytes of the smallest buffer that kernels write and read: the slot of a uniform.
const LEAST: u64 = 256;

/// Makes a buffer for kernels to write and to read, as a uniform too.
pub(crate) fn scratch(device: &Device, label: &str, bytes: u64) -> Result<Buffer, Error> {
    let size = bytes.max(LEAST).checked_next_multiple_of(4);
    create(
        device,
        &BufferDescriptor {
            label: Some(label),
            size: size.unwrap_or(u64::MAX),
            usage: BufferUsages::STORAGE | BufferUsages::UNIFORM,
            mapped_at_creation: false,
        },
    )
}

/// Makes a buffer of `size` bytes that begins with `contents`.
pub(crate) fn filled(
    device: &Device,
    (label, usage): (&str, BufferUsages),
    size: u64,
    contents: &[u8],
) -> Result<Buffer, Error> {
    let descriptor = BufferDescriptor {
        label: Some(label),
        size,
        usage,
        mapped_at_creation: !contents.is_empty(),
    };
    let buffer = create(device, &descriptor)?;
    if !contents.is_empty() {
        let unmapped =
            |reason: wgpu::MapRangeError| failed(device, sized(label, size), reason.to_string());
        let mut mapped = buffer.get_mapped_range_mut(..).map_err(unmapped)?;
        mapped.slice(..contents.len()).copy_from_slice(contents);
        drop(mapped);
        buffer.unmap();
    }
    Ok(buffer)
}

/// Makes a buffer, if the device allows buffers of its size.
pub(crate) fn create(device: &Device, descriptor: &BufferDescriptor<'_>) -> Result<Buffer, Error> {
    let available = device.limits().max_buffer_size;
    if descriptor.size > available {
        return Err(Error::Limit {
            what: format!("buffer `{}`", descriptor.label.unwrap_or_default()),
            limit: "max_buffer_size",
            needed: descriptor.size,
            available,
        });
    }
    Ok(device.create_buffer(descriptor))
}

/// Describes a buffer in words.
pub(crate) fn sized(role: &str, bytes: u64) -> String {
    format!("buffer `{role}` of {bytes} bytes")
}
