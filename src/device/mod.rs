//! Pipelines, memory and dispatches on a device. `kernel` is the one file that touches a compute pass.

mod absent;
pub(crate) mod bins;
pub(crate) mod caps;
pub(crate) mod kernel;
pub(crate) mod kernel_text;
pub(crate) mod memory;
pub(crate) mod pieces;
pub(crate) mod planner;
mod row_texts;
pub(crate) mod rows;
pub(crate) mod runnable;
pub(crate) mod scope;
pub(crate) mod tensor;
pub(crate) mod tuning;
pub(crate) mod window;
