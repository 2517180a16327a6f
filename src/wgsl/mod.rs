//! Tools on WGSL text, which know nothing of the operations: choices decided, loops written out, the rest dropped.

pub(crate) mod decide;
#[cfg(feature = "planted-faults")]
pub mod faults;
pub(crate) mod prune;
pub(crate) mod unroll;
