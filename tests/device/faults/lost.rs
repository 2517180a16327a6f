//! A device that is destroyed at each step of a call.

use std::pin::pin;
use std::task::{Context, Waker};

use wgpu_softmax::Error;

use super::program::{Buffers, CALLS, COLS, Program, ROWS, loss_on_slices, spec};

#[track_caller]
fn assert_lost<T: std::fmt::Debug>(what: &str, result: Result<T, Error>) {
    assert!(
        matches!(result, Err(Error::Lost { .. })),
        "{what}: {result:?}"
    );
}

#[test]
fn before_a_plan() {
    for (name, call) in CALLS {
        let program = Program::new();
        let buffers = Buffers::on(&program.gpu);
        program.gpu.device().destroy();
        assert_lost(name, call(&program.gpu, &buffers));
        program.assert_heard_nothing();
    }
}

#[test]
fn before_a_binding() {
    let program = Program::new();
    let buffers = Buffers::on(&program.gpu);
    for (name, call) in CALLS {
        call(&program.gpu, &buffers).expect(name);
    }
    program.gpu.device().destroy();
    for (name, call) in CALLS {
        let result = call(&program.gpu, &buffers);
        let message = result.as_ref().map(drop).map_err(Error::to_string);
        assert_lost(name, result);
        let message = message.expect_err("lost");
        assert!(message.contains("lost, at binding"), "{message}");
        assert!(message.contains("bytes"), "{message}");
    }
    program.assert_heard_nothing();
}

#[test]
fn before_recording_and_between_recording_and_submission() {
    for submits_late in [false, true] {
        let program = Program::new();
        let buffers = Buffers::on(&program.gpu);
        let bounds = CALLS.map(|(name, call)| call(&program.gpu, &buffers).expect(name));
        let device = program.gpu.device();
        let mut encoder = device.create_command_encoder(&Default::default());
        if !submits_late {
            device.destroy();
        }
        let mut pass = encoder.begin_compute_pass(&Default::default());
        bounds.iter().for_each(|bound| bound.record(&mut pass));
        drop(pass);
        let commands = encoder.finish();
        device.destroy();
        program.gpu.queue().submit([commands]);
        assert_lost("run", program.gpu.run(&bounds[0], "softmax"));
        program.assert_heard_nothing();
    }
}

#[test]
fn before_every_call_on_slices() {
    let program = Program::new();
    let gpu = &program.gpu;
    let values = [0.25_f32; ROWS * COLS];
    let buffer = gpu.upload("values", &values).expect("an upload");
    loss_on_slices(gpu).expect("a loss");
    gpu.device().destroy();
    assert_lost("upload", gpu.upload("values", &values));
    assert_lost("allocate", gpu.allocate("values", 64));
    assert_lost("download", gpu.download::<f32>(&buffer, 4));
    assert_lost("softmax", gpu.softmax(&values, ROWS));
    assert_lost("log-softmax", gpu.log_softmax(&values, ROWS));
    assert_lost("jacobian", gpu.jacobian(&values, ROWS));
    assert_lost("cross-entropy", loss_on_slices(gpu));
    program.assert_heard_nothing();
}

/// Its futures end with an error, whenever the device was lost.
#[test]
fn while_a_future_waits() {
    let program = Program::new();
    let values = [0.25_f32; ROWS * COLS];
    let spec = spec();
    let mut call = pin!(program.gpu.softmax_with_async(&spec, &values));
    let first = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(first.is_pending(), "{first:?}");
    program.gpu.device().destroy();
    assert_lost("softmax", pollster::block_on(call));
    program.assert_heard_nothing();
}
