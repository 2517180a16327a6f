//! Failing devices: each error belongs to the call that caused it, is typed, and affects no other call.

mod foreign;
mod futures;
mod lost;
mod memory;
mod program;
mod threads;
