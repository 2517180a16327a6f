//! Cross-entropy with class ids: the loss, its gradient from the saved pair, and both in one call.

mod backward;
mod buffers;
mod forward;
mod spec;
mod tally;

pub use backward::{CrossEntropyBackwardBuffers, CrossEntropyBackwardPlan};
pub use buffers::{CrossEntropyBuffers, CrossEntropyExtras, Status};
pub use forward::CrossEntropyPlan;
pub use spec::CrossEntropySpec;

/// Bits of `options`, as `shaders/formula/` has them.
const HAS_IGNORE_INDEX: u32 = 1;
const MEAN: u32 = 2;
const SAVES_LSE: u32 = 4;
const SAVES_PAIR: u32 = 8;
