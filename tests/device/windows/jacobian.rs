//! Matrices of rows: many of them, and matrices that are larger than a binding.

use crate::common::{Output, assert_close, bits, device_with_bindings_of, gpu, upload};
use crate::windows::{LIMITS, halves, spec, windows};
use wgpu_softmax::check::{Inputs, bounds};
use wgpu_softmax::reference;
use wgpu_softmax::{DType, Gpu, JacobianBuffers};

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
fn fewer_rows_than_planned() {
    let gpu = gpu();
    let (planned, rows, cols) = (5, 3, 4);
    let logits = Inputs::Peaked.logits(rows, cols, 7);
    let output = Output::new(gpu, rows * cols * cols);
    let buffers = JacobianBuffers {
        logits: &upload(gpu, &logits),
        jacobian: &output.buffer,
    };
    let plan = gpu
        .planner()
        .jacobian(spec((planned, cols)))
        .expect("a plan");
    // The buffers hold no more rows.
    assert!(plan.bind(buffers).is_err());
    assert!(plan.bind_rows(6, buffers).is_err());
    let bound = plan.bind_rows(rows as u64, buffers).expect("bound");
    gpu.run(&bound, "jacobian").expect("runs");
    let expected = reference::jacobian(&logits, cols);
    let allowed = bounds::jacobian(&logits, cols);
    assert_close("jacobian", &output.floats(gpu), &expected, &allowed, cols);
    assert!(bound.dispatches() <= plan.pipelines());
}

/// A matrix of 12,996 bytes a row.
#[test]
fn squares_larger_than_a_binding() {
    let (rows, cols) = (2, 57);
    let logits = Inputs::Peaked.logits(rows, cols, 7);
    for (dtype, bits_of) in [
        (
            DType::F32,
            jacobian_bits as fn(&Gpu, &[f32], usize) -> Vec<u32>,
        ),
        (DType::F16, half_jacobian_bits),
    ] {
        let [small, large] =
            [4096, 1 << 27].map(|limit| bits_of(&device_with_bindings_of(limit), &logits, rows));
        assert!(small == large, "{dtype:?}");
    }
}

fn jacobian_bits(gpu: &Gpu, logits: &[f32], rows: usize) -> Vec<u32> {
    bits(&gpu.jacobian(logits, rows).expect("runs"))
}

fn half_jacobian_bits(gpu: &Gpu, logits: &[f32], rows: usize) -> Vec<u32> {
    let spec = spec((rows, logits.len() / rows)).dtype(DType::F16);
    let found = gpu.jacobian_with(&spec, &halves(DType::F16, logits));
    found.expect("runs").into_iter().map(u32::from).collect()
}
