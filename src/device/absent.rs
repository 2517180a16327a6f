//! Placeholders for inputs and outputs of a kernel that were not asked for: never read, or never written.

use bytemuck::Contiguous;
use wgpu::{Buffer, Device};

use crate::device::caps::{SLOT, UNIFORM};
use crate::device::kernel::Span;
use crate::device::memory::scratch;
use crate::error::Error;
use crate::shader::Binding;

/// Buffers of placeholders. There are two, since a dispatch may not both read and write a buffer.
pub(crate) struct Absent {
    unread: Buffer,
    unwritten: Buffer,
}

impl Absent {
    pub(crate) fn new(device: &Device) -> Result<Self, Error> {
        let make = |bytes: u32| scratch(device, "wgpu-softmax placeholder", bytes.into());
        Ok(Self {
            unread: make(UNIFORM)?,
            unwritten: make((Binding::MAX_VALUE + 1) * SLOT)?,
        })
    }

    /// Returns what is bound in place of a buffer.
    pub(crate) fn span(&self, binding: Binding, written: bool) -> Span<'_> {
        let (buffer, offset) = match written {
            true => (&self.unwritten, offset(binding)),
            false => (&self.unread, 0),
        };
        Span {
            buffer,
            offset,
            size: u64::from(UNIFORM),
        }
    }
}

/// Returns the offset of what may be written: each binding has a place of its own, as browsers refuse two that overlap.
fn offset(binding: Binding) -> u64 {
    u64::from(binding as u32 * SLOT)
}

#[cfg(test)]
mod tests {
    use super::{Binding, Contiguous, UNIFORM, offset};

    #[test]
    fn placeholders_that_are_written_do_not_overlap() {
        let all = || (0..=Binding::MAX_VALUE).filter_map(Binding::from_integer);
        for (one, other) in all().flat_map(|one| all().map(move |other| (one, other))) {
            let apart = offset(one).abs_diff(offset(other)) >= u64::from(UNIFORM);
            assert!(apart || one == other, "{one:?} and {other:?}");
        }
    }
}
