//! Any bytes as a `.npy` file: see `Cargo.toml` in this folder for how to run it.
#![no_main]

mod read;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| read::read(read::Content::Npy, bytes));
