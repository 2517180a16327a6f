//! Buffers that cannot be bound, though their sizes and usages are right.

use wgpu_softmax::{Error, SoftmaxBuffers};

use super::program::{Buffers, CALLS, Program, spec};
use crate::common::gpu;

#[test]
fn a_destroyed_buffer_is_an_error_of_its_binding() {
    let program = Program::new();
    let planner = program.gpu.planner();
    let [logits, probs] = [0, 1].map(|_| program.gpu.allocate("matrix", 128).expect("a buffer"));
    logits.destroy();
    let plan = planner.softmax(spec()).expect("a plan");
    let refused = plan.bind(SoftmaxBuffers {
        logits: &logits,
        probs: &probs,
    });
    let message = refused.expect_err("destroyed").to_string();
    for part in ["binding softmax", "`logits` of 128 bytes", "destroyed"] {
        assert!(message.contains(part), "{message}");
    }
    let downloaded = program.gpu.download::<f32>(&logits, 4);
    assert!(matches!(downloaded, Err(Error::Device { .. })));
    program.assert_heard_nothing();
}

#[test]
fn buffers_of_another_device_are_an_error_of_their_binding() {
    let program = Program::new();
    let strange = Buffers::on(gpu());
    for (name, call) in CALLS {
        let refused = call(&program.gpu, &strange);
        let message = refused.map(drop).expect_err(name).to_string();
        assert!(message.contains("bytes"), "{name}: {message}");
    }
    let own = Buffers::on(&program.gpu);
    for (name, call) in CALLS {
        let bound = call(&program.gpu, &own).expect(name);
        program.gpu.run(&bound, name).expect(name);
    }
    program.assert_heard_nothing();
}

/// A buffer that is destroyed after it was bound fails where it is submitted.
#[test]
fn a_buffer_destroyed_after_its_binding() {
    let program = Program::new();
    let buffers = Buffers::on(&program.gpu);
    let (name, call) = CALLS[2];
    let bound = call(&program.gpu, &buffers).expect(name);
    buffers.loss.destroy();
    let result = program.gpu.run(&bound, name);
    assert!(matches!(result, Err(Error::Device { .. })), "{result:?}");
    program.assert_heard_nothing();
}

#[test]
fn no_buffer_is_larger_than_the_device_allows() {
    let program = Program::new();
    let most = program.gpu.device().limits().max_buffer_size;
    for bytes in [most + 1, u64::MAX - 3, u64::MAX] {
        let refused = program.gpu.allocate("too large", bytes);
        assert!(matches!(refused, Err(Error::Limit { .. })), "{bytes}");
    }
    // No multiple of four may be as large as the limit says.
    if !most.is_multiple_of(4) {
        let refused = program.gpu.allocate("largest", most);
        assert!(matches!(refused, Err(Error::Limit { .. })), "{refused:?}");
    }
    program.assert_heard_nothing();
}
