//! Number of matrices that a call on slices holds on the device, counted as they are made.

use std::cell::RefCell;

use super::{CrossEntropyInputs, CrossEntropyWants, Gpu};
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::dtype::DType;
use crate::spec::layout::Layout;
use crate::spec::softmax::SoftmaxSpec;

const ROWS: usize = 33;

/// Number of columns: odd, so that 16-bit rows share words.
const COLS: usize = 41;

thread_local! {
    static MADE: RefCell<Vec<(String, u64)>> = RefCell::default();
}

/// Records a buffer: called for every one that an upload or an allocation makes.
pub(super) fn note(role: &str, size: u64) {
    MADE.with_borrow_mut(|made| made.push((role.to_owned(), size)));
}

/// Returns the names of the buffers as large as a matrix of `element` bytes a value that `call` makes.
fn matrices<T>(element: usize, call: impl FnOnce() -> T) -> Vec<String> {
    MADE.take();
    call();
    let is_matrix = |(_, size): &(String, u64)| *size >= (ROWS * COLS * element) as u64;
    let made = MADE.take().into_iter().filter(is_matrix);
    made.map(|(role, _)| role).collect()
}

#[test]
fn one_matrix_where_the_result_has_the_shape_of_the_input() {
    let gpu = Gpu::open().expect("these tests need a GPU");
    let matrix = vec![0.5_f32; ROWS * COLS];
    let halves = vec![DType::F16.encode(0.5) as u16; ROWS * COLS];
    let spec = SoftmaxSpec::new(ROWS as u64, COLS as u64).dtype(DType::F16);

    let of_f32 = matrices(4, || gpu.softmax(&matrix, ROWS).expect("softmax"));
    assert_eq!(of_f32, ["logits"]);
    let of_f16 = matrices(2, || gpu.softmax_with(&spec, &halves).expect("softmax"));
    assert_eq!(of_f16, ["logits"]);
    let logs = matrices(4, || gpu.log_softmax(&matrix, ROWS).expect("log-softmax"));
    assert_eq!(logs, ["logits"]);
    let per_row = vec![1.0; ROWS];
    let of_lse = matrices(4, || {
        let grad = gpu.logsumexp_backward(&matrix, &per_row, ROWS);
        grad.expect("its gradient")
    });
    assert_eq!(of_lse, ["logits"]);
    let of_probs = matrices(4, || {
        let grad = gpu.softmax_backward(&matrix, &matrix, ROWS);
        grad.expect("its gradient")
    });
    assert_eq!(of_probs, ["probs", "grad_probs"]);
}

#[test]
fn one_matrix_for_a_loss_with_its_gradient() {
    let gpu = Gpu::open().expect("these tests need a GPU");
    let (matrix, ids) = (vec![0.5_f32; ROWS * COLS], vec![3_i32; ROWS]);
    let wants = CrossEntropyWants {
        grad_logits: true,
        lse: true,
    };
    let spec = CrossEntropySpec::new(ROWS as u64, COLS as u64);
    let run = |spec| {
        let inputs = CrossEntropyInputs::new(&matrix, &ids);
        let output = gpu.cross_entropy(&spec, inputs, wants);
        output.expect("a loss").grad_logits.expect("a gradient")
    };
    assert_eq!(matrices(4, || run(spec)), ["logits"]);
    // With its stride stated, the layout of the gradient differs from that of the logits, and the result is not in place.
    let apart = spec.grad_layout(Layout::CONTIGUOUS.stride(COLS as u64));
    assert_eq!(matrices(4, || run(apart)), ["logits", "grad_logits"]);
    assert_eq!(run(spec), run(apart));
}

#[test]
fn two_matrices_for_a_jacobian() {
    let gpu = Gpu::open().expect("these tests need a GPU");
    let matrix = vec![0.5_f32; ROWS * COLS];
    let of_jacobian = matrices(4, || gpu.jacobian(&matrix, ROWS).expect("a Jacobian"));
    assert_eq!(of_jacobian, ["logits", "jacobian"]);
}
