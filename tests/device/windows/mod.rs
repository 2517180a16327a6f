//! Devices whose storage bindings are small: rows pass through many windows, and give the same results.

mod jacobian;
mod long_rows;
mod losses;
mod rows;

use crate::common::device_with_bindings_of;
use wgpu_softmax::{DType, Gpu, SoftmaxSpec};

/// Number of bytes of a binding.
const LIMITS: [u64; 2] = [65_536, 4096];

/// Shapes with more rows than a workgroup counts, of 20, 180 and 192 bytes.
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

/// Returns the least number of bindings that such a matrix takes.
fn windows(gpu: &Gpu, rows: usize, cols: usize) -> usize {
    let limit = gpu.device().limits().max_storage_buffer_binding_size;
    (4 * rows * cols).div_ceil(usize::try_from(limit).expect("a small limit"))
}

fn halves(dtype: DType, values: &[f32]) -> Vec<u16> {
    values
        .iter()
        .map(|&value| dtype.encode(value) as u16)
        .collect()
}
