//! Options of cross-entropy, its row outputs, the scale of all operations and their masks, in the reference: published numbers,
//! derivatives, rules, and no effect where they are off.

mod denominators;
mod derivatives;
mod exact_zeros;
mod golden;
mod identities;
mod kept;
mod masks;
mod misuse;
mod off;
mod row_outputs;
mod shape;
mod sinks;
mod special_values;

use wgpu_softmax::Reduction;
use wgpu_softmax::reference::CrossEntropy;

const REDUCTIONS: [Reduction; 3] = [Reduction::None, Reduction::Mean, Reduction::Sum];

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(error <= tolerance, "element {i}: {found} is not {expected}");
    }
}

const INF: f32 = f32::INFINITY;
const NAN: f32 = f32::NAN;

fn all_nan(values: &[f64]) -> bool {
    values.iter().all(|value| value.is_nan())
}

fn close(found: &[f64], expected: &[f64], tolerance: f64) -> bool {
    let near = |(a, b): (&f64, &f64)| a == b || (a - b).abs() <= tolerance * b.abs().max(1.0);
    found.len() == expected.len() && found.iter().zip(expected).all(near)
}

fn sum(cols: usize) -> CrossEntropy {
    CrossEntropy::new(cols).reduction(Reduction::Sum)
}
