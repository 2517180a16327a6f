//! Pipelines, memory and dispatches on a device. `kernel` is the one file that touches a compute pass.
//!
//! Work is divided in this order. A *window* is as many rows as one set of bindings holds, in whole *units*: single rows, or
//! *slices*, the rows that lie side by side on a strided axis. A variant cuts a row into *parts*, one for each group of lanes; a
//! *piece* is as many parts of a window as a binding holds where one row exceeds it. A *bin* is the causal rows of a window that
//! count about as many columns. A *slot* is one part of one row in a dispatch, and a *span* the bytes of a buffer that are bound.

pub(crate) mod bins;
pub(crate) mod caps;
#[cfg(feature = "kernels")]
pub(crate) mod described;
pub(crate) mod gemm;
pub(crate) mod kernel;
pub(crate) mod kernel_text;
pub(crate) mod memory;
pub(crate) mod planner;
mod row_texts;
pub(crate) mod rows;
pub(crate) mod runnable;
pub(crate) mod scope;
pub(crate) mod tensor;
pub(crate) mod tuning;
pub(crate) mod window;
