//! The cross-entropy of a linear layer's logits.

mod bindings;
mod chunks;
mod masks;
mod problem;
mod random;
mod row_outputs;
mod rows;
mod texts;
mod windows;
