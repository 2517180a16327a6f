//! Tests of kernels on the device that `Gpu::open` takes.

#[path = "../common/mod.rs"]
mod common;

mod bench;
mod edges;
mod errors;
mod exact_buffers;
mod export;
mod extremes;
mod faults;
mod forced;
mod in_place;
mod layouts;
mod limits;
mod linear;
mod masked_slices;
mod masks;
mod operations;
mod options;
mod partial;
mod pipelines;
mod recording;
mod row_outputs;
mod sinks;
mod slices;
mod storage;
mod strided;
mod targets;
mod tune;
mod windows;
