//! Memory of dispatches. Each function that allocates is called within an error scope of its caller.

use std::sync::Arc;

use wgpu::{Buffer, BufferDescriptor, BufferUsages, Device};

use crate::device::scope::failed;
use crate::error::Error;

/// Bytes of the smallest buffer that kernels write and read: the slot of a uniform.
const LEAST: u64 = 256;

/// Memory that dispatches bind: a buffer, or what one would be where dispatches are only described.
#[derive(Debug, Clone)]
pub(crate) enum Memory {
    Buffer(Buffer),
    Described(Arc<Description>),
}

/// Memory without a device.
#[derive(Debug)]
pub(crate) struct Description {
    pub(crate) name: &'static str,
    pub(crate) bytes: u64,
}

impl Memory {
    #[cfg(feature = "kernels")]
    pub(crate) fn described(name: &'static str, bytes: u64) -> Self {
        Self::Described(Arc::new(Description { name, bytes }))
    }

    /// Name of what is described.
    #[cfg(feature = "kernels")]
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Buffer(_) => "buffer",
            Self::Described(description) => description.name,
        }
    }

    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Buffer(buffer) => buffer.size(),
            Self::Described(description) => description.bytes,
        }
    }

    pub(crate) fn usage(&self) -> BufferUsages {
        match self {
            Self::Buffer(buffer) => buffer.usage(),
            Self::Described(_) => BufferUsages::STORAGE,
        }
    }

    /// Returns the buffer that is bound.
    ///
    /// # Errors
    ///
    /// As [`no_device`].
    pub(crate) fn buffer(&self) -> Result<&Buffer, Error> {
        match self {
            Self::Buffer(buffer) => Ok(buffer),
            Self::Described(_) => Err(no_device()),
        }
    }
}

impl From<&Buffer> for Memory {
    fn from(buffer: &Buffer) -> Self {
        Self::Buffer(buffer.clone())
    }
}

impl PartialEq for Memory {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Buffer(one), Self::Buffer(other)) => one == other,
            (Self::Described(one), Self::Described(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

/// Error of what needs a device, where the planner has none.
pub(crate) fn no_device() -> Error {
    Error::value("planner", "one of a device", "one of abilities alone")
}

/// Maker of the library's own memory, from a name and a number of bytes.
pub(crate) type Make<'m> = &'m dyn Fn(&'static str, u64) -> Result<Memory, Error>;

/// Makes memory for kernels to write and to read, as a uniform too.
pub(crate) fn scratch(device: &Device, name: &str, bytes: u64) -> Result<Memory, Error> {
    let buffer = create(
        device,
        &BufferDescriptor {
            label: Some(&format!("wgpu-softmax {name}")),
            size: scratch_bytes(bytes),
            usage: BufferUsages::STORAGE | BufferUsages::UNIFORM,
            mapped_at_creation: false,
        },
    )?;
    Ok(Memory::Buffer(buffer))
}

/// Describes the memory that [`scratch`] makes.
#[cfg(feature = "kernels")]
pub(crate) fn described_scratch(name: &'static str, bytes: u64) -> Result<Memory, Error> {
    Ok(Memory::described(name, scratch_bytes(bytes)))
}

fn scratch_bytes(bytes: u64) -> u64 {
    let words = bytes.max(LEAST).checked_next_multiple_of(4);
    words.unwrap_or(u64::MAX)
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
