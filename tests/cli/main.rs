//! Tests of the command as its users see it: files in, files out, messages, exit codes.
//!
//! Runs without `--reference` need an adapter and fail where there is none.

#![cfg(feature = "cli")]

mod axis;
mod bench;
mod completions;
mod cross_entropy;
mod doctor;
mod doubles;
mod exports;
mod failures;
mod files;
mod folder;
mod formats;
mod help;
mod inputs;
mod kernel;
mod linear;
mod manners;
mod masks;
mod memory;
mod mutations;
mod places;
mod refusals;
mod reports;
mod results;
mod safetensors;
mod scale;
mod schema;
mod tune;
mod types;
