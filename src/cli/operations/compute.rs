//! Each operation on a block of rows: on the GPU, and by the reference.

use super::operands::Block;
use crate::cli::files::{Floats, narrow};
use crate::cli::mask::Expanded;
use wgpu_softmax::reference::{self, Columns};
use wgpu_softmax::variant::Operation;
use wgpu_softmax::{Element, Error, Gpu, MaskData, SoftmaxSpec};

/// Operation on the GPU, and its operands that are no matrices in the type of the logits.
pub(super) struct OnGpu<'a> {
    pub(super) operation: Operation,
    pub(super) gpu: &'a Gpu,
    pub(super) spec: SoftmaxSpec,
    pub(super) mask: Option<MaskData<'a>>,
    pub(super) sinks: Option<Vec<f32>>,
}

impl OnGpu<'_> {
    /// Computes on slices of the type that the block's floats have; the result has that type too, but for logsumexp.
    pub(super) fn compute(&self, block: &Block<Floats>) -> Result<Floats, Error> {
        let row_grad = narrow(block.row_grad.clone());
        match (&block.x, &block.grad) {
            (Floats::F32(x), Floats::F32(grad)) => self.typed(x, grad, &row_grad, Floats::F32),
            (Floats::F16(x), Floats::F16(grad)) => self.typed(x, grad, &row_grad, Floats::F16),
            (Floats::Bf16(x), Floats::Bf16(grad)) => self.typed(x, grad, &row_grad, Floats::Bf16),
            _ => unreachable!("the operands are opened with one type, and f64 has been narrowed"),
        }
    }

    fn typed<T: Element>(
        &self,
        x: &[T],
        grad: &[T],
        row_grad: &[f32],
        floats: fn(Vec<T>) -> Floats,
    ) -> Result<Floats, Error> {
        let Self {
            gpu, spec, mask, ..
        } = self;
        if let Some(sinks) = &self.sinks {
            let result = match self.operation {
                Operation::Softmax => gpu.softmax_with_sinks(spec, x, sinks, *mask),
                Operation::LogSoftmax => gpu.log_softmax_with_sinks(spec, x, sinks, *mask),
                _ => {
                    let lse = gpu.logsumexp_with_sinks(spec, x, sinks, *mask);
                    return lse.map(Floats::F32);
                }
            };
            return result.map(floats);
        }
        match (self.operation, *mask) {
            (Operation::Softmax, None) => gpu.softmax_with(spec, x),
            (Operation::Softmax, Some(mask)) => gpu.softmax_masked(spec, x, mask),
            (Operation::LogSoftmax, None) => gpu.log_softmax_with(spec, x),
            (Operation::LogSoftmax, Some(mask)) => gpu.log_softmax_masked(spec, x, mask),
            (Operation::SoftmaxBackward, _) => gpu.softmax_backward_with(spec, x, grad),
            (Operation::LogSoftmaxBackward, _) => gpu.log_softmax_backward_with(spec, x, grad),
            (Operation::LogSumExpBackward, _) => gpu.logsumexp_backward_with(spec, x, row_grad),
            (Operation::Jacobian, _) => gpu.jacobian_with(spec, x),
            (_, None) => return gpu.logsumexp_with(spec, x).map(Floats::F32),
            (_, Some(mask)) => return gpu.logsumexp_masked(spec, x, mask).map(Floats::F32),
        }
        .map(floats)
    }
}

/// Computes by the reference. A Jacobian has a way of its own.
pub(super) fn by_reference(
    operation: Operation,
    block: &Block<Vec<f64>>,
    columns: Columns,
    mask: &Expanded,
) -> Vec<f64> {
    let Block { x, grad, row_grad } = block;
    match operation {
        Operation::Softmax => reference::softmax(x, mask.on(columns)),
        Operation::LogSoftmax => reference::log_softmax(x, mask.on(columns)),
        Operation::SoftmaxBackward => reference::softmax_backward(x, grad, columns),
        Operation::LogSoftmaxBackward => reference::log_softmax_backward(x, grad, columns),
        Operation::LogSumExpBackward => reference::logsumexp_backward(x, row_grad, columns),
        _ => reference::logsumexp(x, mask.on(columns)),
    }
}
