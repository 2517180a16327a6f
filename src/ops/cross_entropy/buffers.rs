//! Buffers that a cross-entropy reads and writes.

use bytemuck::{Pod, Zeroable};
use wgpu::Buffer;

use crate::ops::setters::buffer_setters;

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

/// Further inputs and outputs of a cross-entropy, all optional. Each with usage `STORAGE`.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct CrossEntropyExtras<'a> {
    /// Read: f32, the weight of each class; of all classes where the logits are a
    /// [shard](crate::CrossEntropySpec::shard)'s.
    pub weight: Option<&'a Buffer>,
    /// Read: f32, `rows`: the weight of each row.
    pub row_weight: Option<&'a Buffer>,
    /// Read: f32, `rows`: the scale of each row's logits.
    pub row_scale: Option<&'a Buffer>,
    /// Read: the elements of the spec's [mask](crate::CrossEntropySpec::mask), one byte each and up to a multiple of four, for all
    /// rows of the plan. Given exactly where the spec has a mask.
    pub mask: Option<&'a Buffer>,
    /// Read: f32, the upstream gradient of the losses: `rows` where they are not [reduced](crate::Reduction), else
    /// one.
    pub grad_losses: Option<&'a Buffer>,
    /// Written: two f32 a row, `(max, 1 / sum)`, from which the backward pass needs no reduction.
    pub pairs: Option<&'a Buffer>,
    /// Written: f32, `rows`, `ln sum exp` of the logits after scale and softcap, of ignored rows too.
    pub lse: Option<&'a Buffer>,
    /// Written: one [`Status`].
    pub status: Option<&'a Buffer>,
    /// Written: `words` words a row, as in the plan's [`row_layout`](crate::CrossEntropyPlan::row_layout). Given exactly
    /// where the spec asks for [row outputs](crate::RowOutputs).
    pub row_outputs: Option<&'a Buffer>,
    /// Read: [`log_probs_of`](crate::RowOutputs::log_probs_of) class ids a row, stored as the targets' class ids are; i32
    /// where targets are probabilities.
    pub candidates: Option<&'a Buffer>,
}

buffer_setters! {
    CrossEntropyExtras:
    /// Weights the classes: one f32 a class. The mean divides by the sum of the class weights of the valid rows' targets.
    weight,
    /// Weights the rows: one f32 a row, a factor of the row's cross-entropy and its gradient, as a class weight is, and of the weight
    /// that the row has in the mean. It may be negative; one that is not finite makes the row's gradient NaN.
    ///
    /// A row of weight 0 is ignored, with class ids and with probabilities: its loss and gradient are exactly 0 whatever logits and
    /// target are, and it is not among the valid rows. The z-loss of the others is not weighted.
    row_weight,
    /// Multiplies the logits of each row by one f32, and by the [scale](crate::CrossEntropySpec::scale) of the spec: 1 / temperature of
    /// the row. The gradient carries both factors. A row is NaN where their product, an f32, is not between 2^-100 and 2^126. Not on a
    /// strided axis, and not in a shard of the classes.
    row_scale,
    /// Excludes the classes whose element of the spec's [mask](crate::CrossEntropySpec::mask) is 0: one byte an element, up to a
    /// multiple of four, for all rows of the plan.
    mask,
    /// Multiplies the gradient: by one f32 a row where the losses are not reduced, else by one.
    grad_losses,
    /// Saves the pair `(max, 1 / sum)` of every row: two f32 a row. For a row without probabilities the pair is its lse,
    /// which is infinite or NaN, and NaN.
    pairs,
    /// Writes `ln sum exp` of every row: one f32 a row.
    lse,
    /// Writes the counts of valid, bad and NaN rows: one [`Status`].
    status,
    /// Writes the [row outputs](crate::RowOutputs) that the spec asks for: `words` words a row, as in the plan's
    /// [`row_layout`](crate::CrossEntropyPlan::row_layout).
    row_outputs,
    /// Reads the ids of the classes whose log-probabilities are row outputs:
    /// [`log_probs_of`](crate::RowOutputs::log_probs_of) ids a row.
    candidates,
}

/// Counts and sums over all rows, in the layout of the status buffer.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
pub struct Status {
    /// Rows that are not ignored, and whose target is a class id in range, or probabilities.
    pub valid_rows: u32,
    /// Rows whose target is neither in range nor ignored.
    pub bad_targets: u32,
    /// First row with such a target, or `u32::MAX`.
    pub first_bad_row: u32,
    /// Valid rows whose loss is NaN.
    pub nan_rows: u32,
    /// Rows whose loss is infinite.
    pub infinite_rows: u32,
    /// Sum of the weights of the valid rows, each times the class weight of its target; without these, or where targets are
    /// probabilities, 1 takes their place.
    pub weight_sum: f32,
    /// The reduced loss; the sum where the losses are not [reduced](crate::Reduction).
    pub loss: f32,
    /// The z-loss within `loss`; 0 where the losses are not reduced.
    pub z_loss: f32,
}
