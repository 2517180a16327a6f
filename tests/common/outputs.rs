//! Outputs of cross-entropy, poisoned beforehand.

use wgpu_softmax::{
    CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras, CrossEntropySpec, Gpu,
    Status,
};

use super::{Output, upload};

/// The class id that is ignored.
pub const IGNORED: i32 = -100;

/// Outputs of cross-entropy.
#[derive(Debug)]
pub struct Outputs {
    pub loss: Output,
    pub grad: Output,
    pub pairs: Output,
    pub lse: Output,
    pub status: Output,
}

impl Outputs {
    pub fn new(gpu: &Gpu, rows: usize, cols: usize) -> Self {
        Self {
            loss: Output::new(gpu, 1),
            grad: Output::new(gpu, rows * cols),
            pairs: Output::new(gpu, 2 * rows),
            lse: Output::new(gpu, rows),
            status: Output::new(gpu, size_of::<Status>() / 4),
        }
    }

    pub fn status(&self, gpu: &Gpu) -> Status {
        *bytemuck::from_bytes(bytemuck::cast_slice(&self.status.words(gpu)))
    }

    /// Computes the mean with its gradient, and then the gradient again, from the pairs.
    pub fn write(&self, gpu: &Gpu, cols: usize, logits: &[f32], targets: &[i32]) -> [Vec<f32>; 2] {
        let rows = targets.len() as u64;
        let spec = CrossEntropySpec::new(rows, cols as u64).ignore_index(IGNORED.into());
        let (logits, targets) = (&upload(gpu, logits), &upload(gpu, targets));
        let buffers = CrossEntropyBuffers {
            logits,
            targets,
            losses: &self.loss.buffer,
            grad_logits: Some(&self.grad.buffer),
        };
        let extras = CrossEntropyExtras::default()
            .pairs(&self.pairs.buffer)
            .lse(&self.lse.buffer)
            .status(&self.status.buffer);
        let plan = gpu.planner().cross_entropy(spec).expect("a plan");
        let bound = plan.bind_with(rows, buffers, extras).expect("bound");
        gpu.run(&bound, "cross-entropy").expect("runs");
        let fused = self.grad.floats(gpu);

        let buffers = CrossEntropyBackwardBuffers {
            logits,
            targets,
            pairs: &self.pairs.buffer,
            grad_logits: &self.grad.buffer,
        };
        let plan = gpu.planner().cross_entropy_backward(spec).expect("a plan");
        gpu.run(&plan.bind(buffers).expect("bound"), "backward")
            .expect("runs");
        [fused, self.grad.floats(gpu)]
    }
}
