//! Row outputs of a cross-entropy, with its loss: by every kernel, of every kind of row; every option is among those of `options`.

#![allow(unreachable_pub, reason = "what tests share is as in tests/common")]

mod families;
mod golden;
mod problem;
mod refusals;
mod slices;
mod special_values;
mod ties;
mod windows;
