//! Devices whose storage bindings are small: rows pass through many windows, and come out the same.

use crate::common::outputs::{IGNORED, Outputs};
use crate::common::{
    Output, assert_close, bits, device_with_bindings_of, forced, rows_with_targets, upload, wide,
};
use wgpu_softmax::check::{Inputs, bounds};
use wgpu_softmax::reference::{self, CrossEntropy};
use wgpu_softmax::variant::{Access, Family, Reduce, Variant};
use wgpu_softmax::{
    CrossEntropyInputs, CrossEntropySpec, CrossEntropyWants, Gpu, JacobianBuffers,
    LogSumExpBackwardBuffers, LogSumExpBuffers, SoftmaxBackwardBuffers, SoftmaxBuffers,
    SoftmaxSpec,
};

/// Bytes of a binding.
const LIMITS: [u64; 2] = [65_536, 4096];

/// More rows than a workgroup counts, of 20, 180 and 192 bytes.
const SHAPES: [(usize, usize); 3] = [(9001, 5), (4500, 45), (4111, 48)];

fn on_small_devices(test: impl Fn(&Gpu, usize, usize)) {
    for gpu in LIMITS.map(device_with_bindings_of) {
        for (rows, cols) in SHAPES {
            test(&gpu, rows, cols);
        }
    }
}

fn spec((rows, cols): (usize, usize)) -> SoftmaxSpec {
    SoftmaxSpec::new(rows as u64, cols as u64)
}

/// How many bindings such a matrix takes at least.
fn windows(gpu: &Gpu, rows: usize, cols: usize) -> usize {
    let limit = gpu.device().limits().max_storage_buffer_binding_size;
    (4 * rows * cols).div_ceil(usize::try_from(limit).expect("a small limit"))
}

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
        let expected = reference::softmax(&logits, cols);
        assert_close(
            "probs",
            &p,
            &expected,
            &bounds::probability(&logits, cols),
            cols,
        );

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
fn cross_entropy_with_mean_ignored_rows_and_status() {
    on_small_devices(|gpu, rows, cols| {
        let (logits, ids) = rows_with_targets(Inputs::Peaked, (rows, cols), 4, IGNORED);
        let outputs = Outputs::new(gpu, rows, cols);
        let gradients = outputs.write(gpu, cols, &logits, &ids);
        let of = CrossEntropy::new(cols).ignore_index(i64::from(IGNORED));
        let expected = of.losses(&logits, &wide(&ids));
        let loss = expected.loss.expect("a mean");
        let bound = bounds::loss(&of, &logits, &wide(&ids)).expect("a bound");
        assert_close("mean", &outputs.loss.floats(gpu), &[loss], &[bound], 1);
        let allowed = bounds::lse(&logits, cols);
        assert_close("lse", &outputs.lse.floats(gpu), &expected.lse, &allowed, 1);
        let (gradient, allowed) = (
            of.gradient(&logits, &wide(&ids)),
            bounds::loss_gradient(&of, &logits, &wide(&ids)),
        );
        for found in gradients {
            assert_close("gradient", &found, &gradient, &allowed, cols);
        }
        let status = outputs.status(gpu);
        assert_eq!(status.valid_rows as usize, expected.valid_rows);
        assert_eq!((status.bad_targets, status.first_bad_row), (0, u32::MAX));
        assert_eq!(status.loss.to_bits(), outputs.loss.words(gpu)[0]);
    });
}

#[test]
fn rows_are_counted_from_the_first_of_all() {
    on_small_devices(|gpu, rows, cols| {
        let (mut logits, mut ids) = rows_with_targets(Inputs::Flat, (rows, cols), 5, IGNORED);
        let bad = [4321 - 256, 4000, 4100].map(|row| row.min(rows - 1));
        bad.iter().for_each(|&row| ids[row] = -7);
        ids[3] = 2;
        logits[3 * cols] = f32::NAN;
        let outputs = Outputs::new(gpu, rows, cols);
        let [fused, _] = outputs.write(gpu, cols, &logits, &ids);
        let status = outputs.status(gpu);
        assert_eq!((status.bad_targets, status.first_bad_row), (3, 4000));
        assert_eq!(status.nan_rows, 1);
        assert!(outputs.loss.floats(gpu)[0].is_nan());
        let nan_rows: Vec<_> = (0..rows).filter(|row| fused[row * cols].is_nan()).collect();
        assert_eq!(nan_rows, [3, 4000, 4065, 4100]);
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
        let expected = reference::softmax(&logits, cols);
        let allowed = bounds::probability(&logits, cols);
        assert_close("probs", &probs, &expected, &allowed, cols);
    }
}

#[test]
fn windows_of_few_rows_are_counted_too() {
    let gpu = device_with_bindings_of(1280);
    let (logits, ids) = rows_with_targets(Inputs::Peaked, (1800, 3), 6, IGNORED);
    let spec = CrossEntropySpec::new(1800, 3).ignore_index(IGNORED.into());
    let found = gpu.cross_entropy(
        &spec,
        CrossEntropyInputs::new(&logits, &ids),
        CrossEntropyWants::default(),
    );
    let valid = ids.iter().filter(|&&id| id != IGNORED).count();
    assert_eq!(found.expect("a loss").status.valid_rows as usize, valid);
}

#[test]
fn windows_change_no_bits() {
    let (rows, cols) = SHAPES[1];
    let (logits, ids) = rows_with_targets(Inputs::Peaked, (rows, cols), 6, IGNORED);
    let results = [65_536, 4096, 1 << 27].map(|limit| {
        let gpu = &device_with_bindings_of(limit);
        let outputs = Outputs::new(gpu, rows, cols);
        let gradients = outputs
            .write(gpu, cols, &logits, &ids)
            .map(|grad| bits(&grad));
        (gradients, outputs.pairs.words(gpu), outputs.lse.words(gpu))
    });
    assert!(results[0] == results[2], "64 KiB");
    assert!(results[1] == results[2], "4 KiB");
}

#[test]
fn jacobian() {
    for gpu in &LIMITS.map(device_with_bindings_of) {
        for (rows, cols) in [(500, 7), (300, 12), (1100, 3)] {
            let logits = Inputs::Peaked.logits(rows, cols, 7);
            let output = Output::new(gpu, rows * cols * cols);
            let buffers = JacobianBuffers {
                logits: &upload(gpu, &logits),
                jacobian: &output.buffer,
            };
            let plan = gpu.planner().jacobian(spec((rows, cols))).expect("a plan");
            let bound = plan.bind(buffers).expect("bound");
            assert!(bound.dispatches() > windows(gpu, rows, cols * cols));
            gpu.run(&bound, "jacobian").expect("runs");
            let expected = reference::jacobian(&logits, cols);
            let allowed = bounds::jacobian(&logits, cols);
            assert_close("jacobian", &output.floats(gpu), &expected, &allowed, cols);
        }
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
    let (expected, allowed) = (
        reference::softmax(&logits, 1024),
        bounds::probability(&logits, 1024),
    );
    assert_close("probs", &probs.floats(gpu), &expected, &allowed, 1024);
}
