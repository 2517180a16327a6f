//! The operations: a spec becomes a plan, and with buffers a binding.

pub(crate) mod any;
pub(crate) mod bytes;
pub(crate) mod cross_entropy;
#[cfg(feature = "kernels")]
mod described;
pub(crate) mod extras;
pub(crate) mod jacobian;
#[cfg(feature = "kernels")]
mod kernels;
pub(crate) mod plan;
mod setters;
pub(crate) mod shards;
pub(crate) mod softmax;
