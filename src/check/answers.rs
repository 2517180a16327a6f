//! Answers of the reference to operations without targets, with their bounds as f32.

use super::bounds;
use crate::reference::{self, Masked};
use crate::variant::Operation;

/// Name of the result of an operation without targets.
pub(crate) const fn result_of(operation: Operation) -> &'static str {
    match operation {
        Operation::Softmax | Operation::SoftmaxFromPairs => "probs",
        Operation::LogSoftmax => "log_probs",
        Operation::LogSumExp => "lse",
        Operation::Jacobian => "jacobian",
        _ => "grad_logits",
    }
}

/// Returns the result of an operation without targets by the reference, and its bounds as f32.
pub(crate) fn of_rows(
    operation: Operation,
    (x, g): (&[f32], &[f32]),
    masked: Masked<'_>,
) -> (Vec<f64>, Vec<f64>) {
    let columns = masked.columns;
    match operation {
        Operation::Softmax | Operation::SoftmaxFromPairs => (
            reference::softmax(x, masked),
            bounds::probability(x, masked),
        ),
        Operation::LogSoftmax => (
            reference::log_softmax(x, masked),
            bounds::log_probability(x, masked),
        ),
        Operation::LogSumExp => (reference::logsumexp(x, masked), bounds::lse(x, masked)),
        Operation::Jacobian => (
            reference::jacobian(x, columns),
            bounds::jacobian(x, columns),
        ),
        Operation::SoftmaxBackward => (
            reference::softmax_backward(x, g, columns),
            bounds::softmax_backward(x, g, columns),
        ),
        Operation::LogSoftmaxBackward => (
            reference::log_softmax_backward(x, g, columns),
            bounds::log_softmax_backward(x, g, columns),
        ),
        Operation::LogSumExpBackward => (
            reference::logsumexp_backward(x, g, masked),
            bounds::logsumexp_backward(x, g, masked),
        ),
        _ => unreachable!("the other operations have targets"),
    }
}

/// Returns what an operation gives of sinks by the reference, its name first and its bounds last. `sink_probs` are those that a
/// backward pass reads.
pub(crate) fn of_sinks(
    operation: Operation,
    (x, g): (&[f32], &[f32]),
    sink_probs: &[f32],
    masked: Masked<'_>,
) -> (&'static str, Vec<f64>, Vec<f64>) {
    let cols = masked.columns.count;
    match operation {
        Operation::SoftmaxBackward => (
            "grad_sinks",
            reference::softmax_grad_sinks(x, g, sink_probs, cols),
            bounds::softmax_grad_sinks(x, g, sink_probs, cols),
        ),
        Operation::LogSoftmaxBackward => (
            "grad_sinks",
            reference::log_softmax_grad_sinks(x, g, sink_probs, cols),
            bounds::log_softmax_grad_sinks(x, g, sink_probs, cols),
        ),
        Operation::LogSumExpBackward => (
            "grad_sinks",
            reference::logsumexp_grad_sinks(x, g, masked),
            bounds::logsumexp_grad_sinks(x, g, masked),
        ),
        _ => (
            "sink_probs",
            reference::sink_probs(x, masked),
            bounds::sink_probs(x, masked),
        ),
    }
}
