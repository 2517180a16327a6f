//! Gradients by sinks.

use super::{Found, forward};
use crate::common::results::kernels;
use crate::common::{Output, assert_close, gpu, upload};
use wgpu_softmax::check::{Inputs, bounds, inputs};
use wgpu_softmax::reference::{self, Masked};
use wgpu_softmax::variant::Operation;
use wgpu_softmax::wgpu::Buffer;
use wgpu_softmax::{
    Bound, Error, LogSoftmaxBackwardBuffers, LogSumExpBackwardBuffers, Planner,
    SoftmaxBackwardBuffers, SoftmaxExtras, SoftmaxSpec,
};

const ROWS: usize = 24;
const COLS: usize = 45;
const SINKS: [f32; 3] = [-1.0, 0.5, 3.0];

const OPERATIONS: [Operation; 3] = [
    Operation::SoftmaxBackward,
    Operation::LogSoftmaxBackward,
    Operation::LogSumExpBackward,
];

/// What a forward pass leaves for a backward pass, and the upstream gradients.
struct Problem {
    logits: Vec<f32>,
    found: Found,
    grad_matrix: Vec<f32>,
    grad_rows: Vec<f32>,
    grad_logits: Output,
    grad_sinks: Output,
}

fn spec() -> SoftmaxSpec {
    SoftmaxSpec::new(ROWS as u64, COLS as u64).sinks(3, 2)
}

impl Problem {
    fn new() -> Self {
        let logits = Inputs::Flat.logits(ROWS, COLS, 4);
        Self {
            found: forward(gpu(), spec(), &logits, &SINKS, None),
            logits,
            grad_matrix: inputs::upstream(ROWS * COLS, 7),
            grad_rows: inputs::upstream(ROWS, 8),
            grad_logits: Output::new(gpu(), ROWS * COLS),
            grad_sinks: Output::new(gpu(), ROWS),
        }
    }

    fn bind(&self, operation: Operation, planner: &Planner) -> Result<Bound, Error> {
        let given = |values: &[f32]| -> Buffer { upload(gpu(), values) };
        let [sinks, sink_probs] = [&SINKS[..], &self.found.sink_probs[0]].map(given);
        let none = SoftmaxExtras::default().grad_sinks(&self.grad_sinks.buffer);
        let grad_logits = &self.grad_logits.buffer;
        match operation {
            Operation::SoftmaxBackward => {
                let buffers = SoftmaxBackwardBuffers {
                    probs: &given(&self.found.probs),
                    grad_probs: &given(&self.grad_matrix),
                    grad_logits,
                };
                let plan = planner.softmax_backward(spec())?;
                plan.bind_with(ROWS as u64, buffers, none.sink_probs(&sink_probs))
            }
            Operation::LogSoftmaxBackward => {
                let buffers = LogSoftmaxBackwardBuffers {
                    log_probs: &given(&self.found.log_probs),
                    grad_log_probs: &given(&self.grad_matrix),
                    grad_logits,
                };
                let plan = planner.log_softmax_backward(spec())?;
                plan.bind_with(ROWS as u64, buffers, none.sink_probs(&sink_probs))
            }
            _ => {
                let buffers = LogSumExpBackwardBuffers {
                    logits: &given(&self.logits),
                    grad_lse: &given(&self.grad_rows),
                    grad_logits,
                };
                let plan = planner.logsumexp_backward(spec())?;
                plan.bind_with(ROWS as u64, buffers, none.sinks(&sinks))
            }
        }
    }

    /// Fails unless the gradients by the sinks are within their bounds.
    fn assert(&self, operation: Operation, what: &str) {
        let (found, g) = (&self.found, &self.grad_matrix);
        let p_k = &found.sink_probs[0];
        let masked = Masked::new(COLS).sinks(&SINKS, 2);
        let (expected, allowed) = match operation {
            Operation::SoftmaxBackward => (
                reference::softmax_grad_sinks(&found.probs, g, p_k, COLS),
                bounds::softmax_grad_sinks(&found.probs, g, p_k, COLS),
            ),
            Operation::LogSoftmaxBackward => (
                reference::log_softmax_grad_sinks(&found.log_probs, g, p_k, COLS),
                bounds::log_softmax_grad_sinks(&found.log_probs, g, p_k, COLS),
            ),
            _ => (
                reference::logsumexp_grad_sinks(&self.logits, &self.grad_rows, masked),
                bounds::logsumexp_grad_sinks(&self.logits, &self.grad_rows, masked),
            ),
        };
        let of_sinks = self.grad_sinks.floats(gpu());
        assert_close(what, &of_sinks, &expected, &allowed, 1);
    }
}

/// Adding one number to a row's logits and its sink changes no probability: the gradients of a row and its sink sum to 0, and
/// to the upstream gradient of a logsumexp.
#[test]
fn gradients_of_a_row_and_its_sink_sum_to_zero() {
    let problem = Problem::new();
    let kinds = kernels(ROWS, COLS).into_iter().map(Some);
    for (turn, kind) in [None, None, None].into_iter().chain(kinds).enumerate() {
        let operation = OPERATIONS[turn % 3];
        let planner = gpu().planner();
        let planner = kind.map_or(planner.clone(), |kind| planner.with_variant(kind));
        let what = format!("grad_sinks of {operation} by {kind:?}");
        let bound = problem.bind(operation, &planner).expect("bound");
        gpu().run(&bound, &what).expect("runs");
        problem.assert(operation, &what);
        let of_sinks = problem.grad_sinks.floats(gpu());
        let of_logits = problem.grad_logits.floats(gpu());
        for (row, (of_row, of_sink)) in of_logits.chunks(COLS).zip(of_sinks).enumerate() {
            let sum = of_row.iter().sum::<f32>() + of_sink;
            let all = match operation {
                Operation::LogSumExpBackward => problem.grad_rows[row],
                _ => 0.0,
            };
            assert!((sum - all).abs() < 2e-5, "{what}, row {row}: {sum}");
        }
    }
}
