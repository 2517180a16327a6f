//! What a cross-entropy reads and writes.

use bytemuck::{Pod, Zeroable};
use wgpu::Buffer;

/// The buffers of a cross-entropy, each with usage `STORAGE`.
#[derive(Debug, Clone, Copy)]
pub struct CrossEntropyBuffers<'a> {
    /// Read: `rows` x `classes`.
    pub logits: &'a Buffer,
    /// Read: `rows` class ids, or `rows` x `classes` probabilities: see [`TargetType`](crate::TargetType).
    pub targets: &'a Buffer,
    /// Written: f32, `rows` where the losses are not [reduced](crate::Reduction), else one.
    pub losses: &'a Buffer,
    /// Written if given: `rows` x `classes`, the gradient of the loss by the logits.
    pub grad_logits: Option<&'a Buffer>,
}

/// What cross-entropy reads and writes besides, where it is asked to. Each with usage `STORAGE`.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct CrossEntropyExtras<'a> {
    /// Read: f32, the weight of each class; of all classes where the logits are a
    /// [shard](crate::CrossEntropySpec::shard)'s.
    pub weight: Option<&'a Buffer>,
    /// Read: f32, the upstream gradient of the losses: `rows` where they are not [reduced](crate::Reduction), else
    /// one.
    pub grad_losses: Option<&'a Buffer>,
    /// Written: two f32 a row, `(max, 1 / sum)`, from which the backward pass needs no reduction.
    pub pairs: Option<&'a Buffer>,
    /// Written: f32, `rows`, `ln sum exp` of the logits as they are read, of ignored rows too.
    pub lse: Option<&'a Buffer>,
    /// Written: one [`Status`].
    pub status: Option<&'a Buffer>,
    /// Written: as many words a row as [`row_layout`](crate::CrossEntropyPlan::row_layout) says. Where the spec asks for
    /// [row outputs](crate::RowOutputs), and only there.
    pub row_outputs: Option<&'a Buffer>,
    /// Read: [as many](crate::RowOutputs::log_probs_of) class ids a row, stored as class ids that are targets; i32 where
    /// targets are probabilities.
    pub candidates: Option<&'a Buffer>,
}

/// Declares the setters.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        impl<'a> CrossEntropyExtras<'a> {
            $($(#[$doc])*
            #[must_use]
            pub const fn $name(self, $name: &'a Buffer) -> Self {
                Self {
                    $name: Some($name),
                    ..self
                }
            })*
        }
    };
}

setters! {
    /// Weighs the classes: one f32 a class. The mean divides by the sum of the valid rows' target weights.
    weight,
    /// Multiplies the gradient: by one f32 a row where the losses are not reduced, else by one.
    grad_losses,
    /// Saves the pair `(max, 1 / sum)` of every row: two f32 a row. Where the row has no probabilities, its lse, which is
    /// infinite or NaN, and NaN.
    pairs,
    /// Writes `ln sum exp` of every row: one f32 a row.
    lse,
    /// Writes the counts of valid, bad and NaN rows: one [`Status`].
    status,
    /// Writes the [row outputs](crate::RowOutputs) that the spec asks for: so many words a row as
    /// [`row_layout`](crate::CrossEntropyPlan::row_layout) says.
    row_outputs,
    /// The classes whose log-probabilities are among the row outputs: as many ids a row.
    candidates,
}

/// What the device found, as it lies in the status buffer.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
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
    /// The sum of the valid rows' target weights; their count without weights, or where targets are probabilities.
    pub weight_sum: f32,
    /// The reduced loss; the sum where the losses are not [reduced](crate::Reduction).
    pub loss: f32,
    /// What of it is z-loss; 0 where the losses are not reduced.
    pub z_loss: f32,
}
