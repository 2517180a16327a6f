//! Devices for a test binary, also with other limits, and checks of results.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test binary uses a part of this"
)]

pub mod bench;
pub mod expected;
pub mod found;
pub mod place;
pub mod problem;
pub mod results;
pub mod shards;
pub mod sweep;

use std::sync::{Mutex, OnceLock};

use bytemuck::Pod;
use wgpu_softmax::check::{Inputs, bounds, compare, inputs};
use wgpu_softmax::variant::{Operation, Problem, Variant};
use wgpu_softmax::wgpu::{
    Adapter, AdapterInfo, Backends, Buffer, BufferDescriptor, BufferUsages, DeviceDescriptor,
    Features, Instance, InstanceDescriptor, Limits,
};
use wgpu_softmax::{Bound, DType, Error, Gpu, reference, wanted};

/// Word that fills an output before it is written: bits that no operation gives.
pub const POISON: u32 = 0xdead_beef;

/// Number of words after the last one of an output, which must survive.
const MARGIN: usize = 64;

/// Returns the device of this test, with the features and limits that serve best. Its uncaptured errors are panics. A missing
/// adapter is a failure: tests without one would test nothing.
///
/// Tests that run at the same time have devices of their own, since each device compiles on one thread.
pub fn gpu() -> &'static Gpu {
    thread_local! {
        static LEASE: Lease = Lease::new();
    }
    LEASE.with(|lease| lease.0)
}

/// Devices that no test uses now.
static IDLE: Mutex<Vec<&'static Gpu>> = Mutex::new(Vec::new());

/// Device leased by a thread as long as it lives. Its pipelines are dropped with the thread: those of all tests would take
/// gigabytes.
struct Lease(&'static Gpu);

impl Lease {
    fn new() -> Self {
        let idle = IDLE.lock().expect("no test panics here").pop();
        Self(idle.unwrap_or_else(|| {
            let (features, limits) = wanted(adapter());
            Box::leak(Box::new(device(features, limits)))
        }))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.planner().clear();
        IDLE.lock().expect("no test panics here").push(self.0);
    }
}

/// Returns the adapter that [`Gpu::open`] takes.
pub fn adapter() -> &'static Adapter {
    static ADAPTER: OnceLock<Adapter> = OnceLock::new();
    ADAPTER.get_or_init(|| {
        let opened = Gpu::open().unwrap_or_else(|error| panic!("these tests need a GPU: {error}"));
        let name = |info: AdapterInfo| (info.name, info.backend, info.device_type);
        let instance = Instance::new(InstanceDescriptor::new_without_display_handle_from_env());
        let found = pollster::block_on(instance.enumerate_adapters(Backends::all()));
        let same = |adapter: &Adapter| name(adapter.get_info()) == name(opened.adapter_info());
        found
            .into_iter()
            .find(same)
            .expect("the adapter was there a moment ago")
    })
}

/// Creates a device as a program makes its own, whose errors are panics.
pub fn device(features: Features, limits: Limits) -> Gpu {
    let descriptor = DeviceDescriptor {
        required_features: features,
        required_limits: limits,
        ..Default::default()
    };
    let (device, queue) = pollster::block_on(adapter().request_device(&descriptor))
        .expect("a device that its adapter offers");
    Gpu::from_device(device, queue)
}

/// Creates a device without features whose storage bindings have `bytes` bytes at most.
pub fn device_with_bindings_of(bytes: u64) -> Gpu {
    let limits = Limits {
        max_storage_buffer_binding_size: bytes,
        ..Limits::default()
    };
    device(Features::empty(), limits)
}

/// Returns `gpu` with `variant` forced.
pub fn forced(gpu: &Gpu, variant: Variant) -> Gpu {
    gpu.with_planner(gpu.planner().with_variant(variant))
}

pub fn problem(operation: Operation, rows: usize, cols: usize) -> Problem {
    let cols = u32::try_from(cols).expect("a row that fits");
    Problem::contiguous(operation, rows as u64, cols, DType::F32)
}

/// Draws logits with one class id a row, of which every fifth is `ignored`.
pub fn rows_with_targets(
    inputs: Inputs,
    (rows, cols): (usize, usize),
    seed: u64,
    ignored: i32,
) -> (Vec<f32>, Vec<i32>) {
    (
        inputs.logits(rows, cols, seed),
        inputs::targets(rows, cols, seed, Some(i64::from(ignored))),
    )
}

/// Converts class ids to the type that the reference takes.
pub fn wide(targets: &[i32]) -> Vec<i64> {
    targets.iter().map(|&target| i64::from(target)).collect()
}

/// Fails unless every element is within its bound, and there is at least one.
#[track_caller]
pub fn assert_close(what: &str, found: &[f32], expected: &[f64], allowed: &[f64], cols: usize) {
    let comparison = compare(found, expected, allowed, cols);
    assert!(comparison.elements > 0, "{what}: nothing was compared");
    assert!(comparison.passed(), "{what}: {comparison}");
}

/// Fails unless every probability is within its bound.
#[track_caller]
pub fn assert_probs(what: &str, found: &[f32], logits: &[f32], cols: usize) {
    let expected = reference::softmax(logits, cols);
    let allowed = bounds::probability(logits, cols);
    assert_close(what, found, &expected, &allowed, cols);
}

/// Fails unless the result is an error with this text.
#[track_caller]
pub fn assert_error<T>(result: Result<T, Error>, expected: &str) {
    match result {
        Ok(_) => panic!("expected the error {expected:?}"),
        Err(error) => assert_eq!(error.to_string(), expected),
    }
}

pub fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Poisoned output of `len` words with a margin behind it.
#[derive(Debug)]
pub struct Output {
    pub buffer: Buffer,
    len: usize,
}

impl Output {
    pub fn new(gpu: &Gpu, len: usize) -> Self {
        let buffer = gpu
            .upload("output", &vec![POISON; len + MARGIN])
            .expect("an output");
        Self { buffer, len }
    }

    /// Reads the words written. Fails if a word was written behind them.
    #[track_caller]
    pub fn words(&self, gpu: &Gpu) -> Vec<u32> {
        let mut words: Vec<u32> = download(gpu, &self.buffer, self.len + MARGIN);
        let margin = words.split_off(self.len);
        assert_eq!(margin, [POISON; MARGIN], "something was written behind");
        words
    }

    #[track_caller]
    pub fn floats(&self, gpu: &Gpu) -> Vec<f32> {
        bytemuck::cast_vec(self.words(gpu))
    }
}

/// Creates a storage buffer that holds `values`.
pub fn upload<T: bytemuck::NoUninit>(gpu: &Gpu, values: &[T]) -> Buffer {
    gpu.upload("input", values).expect("an input")
}

pub fn download<T: Pod>(gpu: &Gpu, buffer: &Buffer, count: usize) -> Vec<T> {
    gpu.download(buffer, count).expect("a download")
}

/// Creates a buffer of exactly `bytes` bytes with `usage`.
pub fn buffer(gpu: &Gpu, bytes: u64, usage: BufferUsages) -> Buffer {
    gpu.device().create_buffer(&BufferDescriptor {
        label: None,
        size: bytes,
        usage,
        mapped_at_creation: false,
    })
}

/// Runs recordings in the order given, one pass for each group of them, in one submission.
pub fn run_passes(gpu: &Gpu, passes: &[&[&Bound]]) {
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    for pass in passes {
        let mut recording = encoder.begin_compute_pass(&Default::default());
        pass.iter().for_each(|bound| bound.record(&mut recording));
    }
    gpu.queue().submit([encoder.finish()]);
}
