//! What a cross-entropy reads and writes.

use bytemuck::{Pod, Zeroable};
use wgpu::Buffer;

/// The buffers of a cross-entropy, each with usage `STORAGE`.
#[derive(Debug, Clone, Copy)]
pub struct CrossEntropyBuffers<'a> {
    /// Read: f32, `rows` x `classes`.
    pub logits: &'a Buffer,
    /// Read: i32, `rows`.
    pub targets: &'a Buffer,
    /// Written: f32, `rows` where the losses are not [reduced](crate::Reduction), else one.
    pub losses: &'a Buffer,
    /// Written if given: f32, `rows` x `classes`, the gradient of the loss by the logits.
    pub grad_logits: Option<&'a Buffer>,
}

/// What cross-entropy writes besides, where it is asked to. Each with usage `STORAGE`.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct CrossEntropyExtras<'a> {
    /// Written: two f32 a row, `(max, 1 / sum)`, from which the backward pass needs no reduction.
    pub pairs: Option<&'a Buffer>,
    /// Written: f32, `rows`, `ln sum exp` of the logits, of ignored rows too.
    pub lse: Option<&'a Buffer>,
    /// Written: one [`Status`].
    pub status: Option<&'a Buffer>,
}

impl<'a> CrossEntropyExtras<'a> {
    /// Saves the pair `(max, 1 / sum)` of every row: two f32 a row.
    #[must_use]
    pub const fn pairs(self, pairs: &'a Buffer) -> Self {
        Self {
            pairs: Some(pairs),
            ..self
        }
    }

    /// Writes `ln sum exp` of every row: one f32 a row.
    #[must_use]
    pub const fn lse(self, lse: &'a Buffer) -> Self {
        Self {
            lse: Some(lse),
            ..self
        }
    }

    /// Writes the counts of valid, bad and NaN rows: one [`Status`].
    #[must_use]
    pub const fn status(self, status: &'a Buffer) -> Self {
        Self {
            status: Some(status),
            ..self
        }
    }
}

/// What the device found, as it lies in the status buffer.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Status {
    /// Rows whose target is a class id in range.
    pub valid_rows: u32,
    /// Rows whose target is neither in range nor ignored.
    pub bad_targets: u32,
    /// The first of them, or `u32::MAX`.
    pub first_bad_row: u32,
    /// Valid rows whose loss is NaN.
    pub nan_rows: u32,
    /// Rows whose loss is infinite.
    pub infinite_rows: u32,
    /// The bits of the reduced loss; of the sum where the losses are not [reduced](crate::Reduction).
    pub loss_bits: u32,
}
