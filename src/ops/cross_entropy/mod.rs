//! Cross-entropy with class ids or class probabilities: the loss, its gradient from the saved pair, and both in one
//! call.

mod backward;
mod base;
mod bind;
mod buffers;
#[cfg(feature = "kernels")]
mod described;
mod forward;
#[cfg(feature = "kernels")]
mod kernels;
mod linear;
mod numbers;
mod tally;

pub use backward::{CrossEntropyBackwardBuffers, CrossEntropyBackwardPlan};
pub use buffers::{CrossEntropyBuffers, CrossEntropyExtras, Status};
#[cfg(feature = "kernels")]
pub use described::Optional;
pub use forward::CrossEntropyPlan;
pub use linear::{LinearCrossEntropyBuffers, LinearCrossEntropyPlan, LinearGradients};
