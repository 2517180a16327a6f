//! Buffers of an operation on slices: inputs that may be empty or not given, and outputs that may be wanted.

use bytemuck::NoUninit;
use wgpu::Buffer;

use super::Gpu;
use crate::error::Error;

/// An output, with the words that are downloaded of it.
pub(super) type Output = (Buffer, usize);

/// Returns the buffer of an output that is wanted.
pub(super) fn buffer_of(output: &Option<Output>) -> Option<&Buffer> {
    output.as_ref().map(|(buffer, _)| buffer)
}

/// Returns a length of a slice; the largest where no slice is as long.
pub(super) fn native(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

impl Gpu {
    /// Uploads values to a buffer; without any, it has two words, the most that an element has: an empty buffer cannot be
    /// bound.
    pub(super) fn upload_some<T: NoUninit>(
        &self,
        role: &str,
        values: &[T],
    ) -> Result<Buffer, Error> {
        match values {
            [] => self.allocate(role, 8),
            values => self.upload(role, values),
        }
    }

    /// Uploads the values of an input that may be left out.
    pub(super) fn upload_given<T: NoUninit>(
        &self,
        role: &str,
        values: Option<&[T]>,
    ) -> Result<Option<Buffer>, Error> {
        let values = values.map(|values| self.upload_some(role, values));
        values.transpose()
    }

    /// Makes an output of `words` words.
    pub(super) fn output(&self, role: &str, words: usize) -> Result<Output, Error> {
        let buffer = self.allocate(role, words.max(1) as u64 * 4)?;
        Ok((buffer, words))
    }

    /// Makes an output if it is wanted.
    pub(super) fn output_if(
        &self,
        is_wanted: bool,
        role: &str,
        words: usize,
    ) -> Result<Option<Output>, Error> {
        is_wanted.then(|| self.output(role, words)).transpose()
    }
}
