//! Row outputs of a cross-entropy, with its loss: by every kernel, with every option, of every kind of row.

#![allow(unreachable_pub, reason = "what tests share is as in tests/common")]

mod families;
mod golden;
mod options;
mod problem;
mod refusals;
mod slices;
mod special_values;
mod ties;
mod windows;
