//! The reference by itself: derivatives against finite differences, identities, published numbers, and every special value once.

mod cross_entropy;
mod derivatives;
mod identities;
mod special_values;
mod statistic;

use proptest::prelude::*;
use wgpu_softmax::Reduction;
use wgpu_softmax::check::{Inputs, inputs};
use wgpu_softmax::reference::*;

const INF: f32 = f32::INFINITY;
const NAN: f32 = f32::NAN;

/// The logits and targets of the golden numbers, -100 being ignored.
const LOGITS: [f32; 12] = [2., 1., 0., -1., 0., 0., 3., 1., -2., 4., 1., 0.];
const TARGETS: [i64; 3] = [0, -100, 1];

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(error <= tolerance, "element {i}: {found} is not {expected}");
    }
}

fn dot(a: &[f64], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, &b)| a * f64::from(b)).sum()
}

fn all_nan(values: &[f64]) -> bool {
    values.iter().all(|value| value.is_nan())
}

/// Returns logits on a grid of 1/256, to which steps of 1/256 can be added without rounding.
fn on_grid(inputs: Inputs, cols: usize, seed: u64) -> Vec<f32> {
    let logits = inputs.logits(1, cols, seed);
    logits.iter().map(|x| (x * 256.0).round() / 256.0).collect()
}

/// Computes the gradient of `f` at `x` by central differences of two step widths, extrapolated (Richardson): with the steps
/// below, good to about 1e-12.
fn gradient_of(f: impl Fn(&[f32]) -> f64, x: &[f32]) -> Vec<f64> {
    let at = |i: usize, step: f32| {
        let mut moved = x.to_vec();
        moved[i] += step;
        f(&moved)
    };
    let central = |i, step: f32| (at(i, step) - at(i, -step)) / f64::from(2.0 * step);
    let extrapolated = |i| (4.0 * central(i, 1.0 / 512.0) - central(i, 1.0 / 256.0)) / 3.0;
    (0..x.len()).map(extrapolated).collect()
}
