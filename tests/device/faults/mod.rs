//! Devices that fail: each error belongs to the call that it was made in, is typed, and meets nobody else.

mod foreign;
mod futures;
mod lost;
mod memory;
mod program;
mod threads;
