//! Right and wrong calls at the same time, on clones of one device.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use wgpu_softmax::wgpu::Buffer;
use wgpu_softmax::{Error, Gpu, SoftmaxBuffers};

use super::program::{Buffers, CALLS, Program, loss_on_slices, spec};

const THREADS: usize = 8;

/// Returns the time for which the threads work: `WGPU_SOFTMAX_THREADS_SECONDS=60` sets a minute.
fn seconds() -> f64 {
    let asked = std::env::var("WGPU_SOFTMAX_THREADS_SECONDS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(1.0)
}

/// Makes right calls, by turns: each with its right result.
fn right(gpu: &Gpu, buffers: &Buffers, turn: usize) -> Result<(), Error> {
    let close = |found: f32, expected: f32| {
        assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
    };
    match turn % 4 {
        0 => close(gpu.softmax(&[1.0, 1.0, 1.0, 1.0], 1)?[2], 0.25),
        1 => close(loss_on_slices(gpu)?, 8_f32.ln()),
        2 => {
            let buffer = gpu.upload("values", &[turn as u32; 5])?;
            assert_eq!(gpu.download::<u32>(&buffer, 5)?, [turn as u32; 5]);
        }
        _ => gpu.run(&CALLS[turn % CALLS.len()].1(gpu, buffers)?, "an operation")?,
    }
    Ok(())
}

/// Makes wrong calls, by turns.
fn wrong(gpu: &Gpu, (small, destroyed): (&Buffer, &Buffer), turn: usize) -> Result<(), Error> {
    match turn % 3 {
        0 => gpu.download::<f32>(small, 64).map(drop),
        1 => gpu.softmax(&[1.0; 5], 2).map(drop),
        _ => {
            let buffers = SoftmaxBuffers {
                logits: destroyed,
                probs: small,
            };
            gpu.planner().softmax(spec())?.bind(buffers).map(drop)
        }
    }
}

fn mix(gpu: &Gpu) {
    let buffers = Buffers::on(gpu);
    let small = gpu.upload("small", &[1.0_f32; 32]).expect("a buffer");
    let destroyed = gpu.allocate("destroyed", 128).expect("a buffer");
    destroyed.destroy();
    let end = Instant::now() + Duration::from_secs_f64(seconds());
    let calls = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (gpu, small, destroyed) = (gpu.clone(), &small, &destroyed);
            let (buffers, calls) = (&buffers, &calls);
            scope.spawn(move || {
                let mut turn = thread;
                while Instant::now() < end {
                    if let Err(error) = right(&gpu, buffers, turn) {
                        panic!("a right call, {turn}: {error}");
                    }
                    let result = wrong(&gpu, (small, destroyed), turn);
                    assert!(result.is_err(), "a wrong call, {turn}, is well");
                    turn += 1;
                }
                calls.fetch_add(turn - thread, SeqCst);
            });
        }
    });
    assert!(calls.into_inner() >= THREADS, "too few calls");
}

#[test]
fn with_a_handler_of_the_program() {
    let program = Program::new();
    mix(&program.gpu);
    program.assert_heard_nothing();
}

/// Without a handler, an uncaptured error would be a panic.
#[test]
fn without_a_handler() {
    mix(&Gpu::open().expect("an adapter"));
}
