//! Tools on WGSL text, which know nothing of the operations: choices decided, loops written out, the rest dropped.

#[cfg(any(test, target_arch = "wasm32"))]
pub(crate) mod code;
pub(crate) mod decide;
#[cfg(feature = "planted-faults")]
pub mod faults;
pub(crate) mod prune;
pub(crate) mod unroll;
