//! Buffers that the cross-entropy of a linear layer reads and writes.

use wgpu::Buffer;

/// The buffers of the cross-entropy of a linear layer, each with usage `STORAGE`.
#[derive(Debug, Clone, Copy)]
pub struct LinearCrossEntropyBuffers<'a> {
    /// Read: `rows` x `features`.
    pub hidden: &'a Buffer,
    /// Read: `classes` x `features`.
    pub weight: &'a Buffer,
    /// Read if given: f32, `classes`, added to the logits of every row.
    pub bias: Option<&'a Buffer>,
    /// Read: `rows` class ids.
    pub targets: &'a Buffer,
    /// Written: f32, `rows` where the losses are not [reduced](crate::Reduction), else one.
    pub losses: &'a Buffer,
    /// The gradients that are wanted.
    pub gradients: LinearGradients<'a>,
}

/// The gradients of the loss by what the logits are made of, each with usage `STORAGE`. Written where given.
#[derive(Debug, Clone, Copy, Default)]
pub struct LinearGradients<'a> {
    /// By hidden: `rows` x `features`, of its type.
    pub hidden: Option<&'a Buffer>,
    /// By the weight: f32, `classes` x `features`.
    pub weight: Option<&'a Buffer>,
    /// By the bias: f32, `classes`.
    pub bias: Option<&'a Buffer>,
}
