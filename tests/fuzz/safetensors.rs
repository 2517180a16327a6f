//! Any bytes as a `.safetensors` file: see `Cargo.toml` beside this file for how to run it.
#![no_main]

mod read;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| read::read(read::Content::Safetensors, bytes));
