//! Operations on rows, without losses.

use crate::common::{Output, assert_close, assert_probs, device_with_bindings_of, forced, upload};
use crate::windows::{LIMITS, SHAPES, on_small_devices, spec, windows};
use wgpu_softmax::check::{Inputs, bounds};
use wgpu_softmax::reference;
use wgpu_softmax::variant::{Access, Family, Reduce, Variant};
use wgpu_softmax::{
    LogSumExpBackwardBuffers, LogSumExpBuffers, SoftmaxBackwardBuffers, SoftmaxBuffers,
};

#[test]
fn softmax_and_its_backward_pass() {
    on_small_devices(|gpu, rows, cols| {
        let logits = Inputs::Peaked.logits(rows, cols, 1);
        let (input, probs) = (upload(gpu, &logits), Output::new(gpu, rows * cols));
        let buffers = SoftmaxBuffers {
            logits: &input,
            probs: &probs.buffer,
        };
        let plan = gpu.planner().softmax(spec((rows, cols))).expect("a plan");
        let bound = plan.bind(buffers).expect("bound");
        assert!(bound.dispatches() >= windows(gpu, rows, cols));
        gpu.run(&bound, "softmax").expect("runs");
        let (p, g) = (probs.floats(gpu), Inputs::Flat.logits(rows, cols, 2));
        assert_probs("probs", &p, &logits, cols);

        let (upstream, grad) = (upload(gpu, &g), Output::new(gpu, rows * cols));
        let buffers = SoftmaxBackwardBuffers {
            probs: &probs.buffer,
            grad_probs: &upstream,
            grad_logits: &grad.buffer,
        };
        let plan = gpu
            .planner()
            .softmax_backward(spec((rows, cols)))
            .expect("a plan");
        gpu.run(&plan.bind(buffers).expect("bound"), "backward")
            .expect("runs");
        let expected = reference::softmax_backward(&p, &g, cols);
        let allowed = bounds::softmax_backward(&p, &g, cols);
        assert_close("gradient", &grad.floats(gpu), &expected, &allowed, cols);
    });
}

#[test]
fn logsumexp_and_its_backward_pass() {
    on_small_devices(|gpu, rows, cols| {
        let logits = Inputs::Shifted1e4.logits(rows, cols, 1);
        let (input, lse) = (upload(gpu, &logits), Output::new(gpu, rows));
        let buffers = LogSumExpBuffers {
            logits: &input,
            lse: &lse.buffer,
        };
        let plan = gpu.planner().logsumexp(spec((rows, cols))).expect("a plan");
        gpu.run(&plan.bind(buffers).expect("bound"), "logsumexp")
            .expect("runs");
        let expected = reference::logsumexp(&logits, cols);
        assert_close(
            "lse",
            &lse.floats(gpu),
            &expected,
            &bounds::lse(&logits, cols),
            1,
        );

        let g = Inputs::Flat.logits(rows, 1, 3);
        let (upstream, grad) = (upload(gpu, &g), Output::new(gpu, rows * cols));
        let buffers = LogSumExpBackwardBuffers {
            logits: &input,
            grad_lse: &upstream,
            grad_logits: &grad.buffer,
        };
        let plan = gpu
            .planner()
            .logsumexp_backward(spec((rows, cols)))
            .expect("a plan");
        gpu.run(&plan.bind(buffers).expect("bound"), "backward")
            .expect("runs");
        let expected = reference::logsumexp_backward(&logits, &g, cols);
        let allowed = bounds::logsumexp_backward(&logits, &g, cols);
        assert_close("gradient", &grad.floats(gpu), &expected, &allowed, cols);
    });
}

#[test]
fn parts_of_rows_lie_within_bindings_too() {
    let (rows, cols) = SHAPES[0];
    let split = Variant {
        family: Family::Split { parts: 5 },
        reduce: Reduce::Workgroup,
        lanes: 4,
        workgroup: 16,
        access: Access::Words,
        int64: false,
        groups: 0,
    };
    let logits = Inputs::Peaked.logits(rows, cols, 9);
    for gpu in LIMITS.map(device_with_bindings_of) {
        let probs = forced(&gpu, split).softmax(&logits, rows).expect("softmax");
        assert_probs("probs", &probs, &logits, cols);
    }
}

#[test]
fn rows_may_fill_their_bindings() {
    let gpu = &device_with_bindings_of(4096);
    let logits = Inputs::Peaked.logits(3, 1024, 8);
    let (input, probs) = (upload(gpu, &logits), Output::new(gpu, 3 * 1024));
    let buffers = SoftmaxBuffers {
        logits: &input,
        probs: &probs.buffer,
    };
    let plan = gpu.planner().softmax(spec((3, 1024))).expect("a plan");
    gpu.run(&plan.bind(buffers).expect("bound"), "softmax")
        .expect("runs");
    assert_probs("probs", &probs.floats(gpu), &logits, 1024);
}
