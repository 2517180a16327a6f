//! Devices that fail: each error belongs to the call that it was made in, is typed, and meets nobody else.

#[path = "../common/mod.rs"]
mod common;

mod foreign;
mod futures;
mod lost;
mod memory;
mod program;
mod threads;
