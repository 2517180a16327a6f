//! The cross-entropy of some rows: every row on its own, with the gradient of the reduced loss.

use super::targets::IGNORED;
use crate::cli::args::{CrossEntropy, Reduction};
use crate::cli::files::{Float, Floats, narrow};
use crate::cli::rows::Rows;
use wgpu_softmax::{
    CrossEntropyInputs, CrossEntropySpec, CrossEntropyWants, Error, Gpu, reference,
};

/// What all blocks share.
#[derive(Debug)]
pub(super) struct Settings {
    /// Rows of all blocks that are not ignored.
    pub(super) valid_rows: usize,
    classes: usize,
    float: Float,
    scale: f32,
    ignores: bool,
    mean: bool,
    wants: CrossEntropyWants,
}

/// What was computed: the losses of the rows; the others empty unless asked for.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) losses: Vec<f64>,
    pub(super) grad_logits: Floats,
    pub(super) lse: Vec<f32>,
}

impl Settings {
    pub(super) fn new(args: &CrossEntropy, logits: &Rows, targets: &[i32]) -> Self {
        Self {
            valid_rows: targets.iter().filter(|&&target| target != IGNORED).count(),
            classes: logits.cols,
            float: logits.float.of_results(),
            scale: args.common.scale,
            ignores: args.ignore_index.is_some(),
            mean: args.reduction == Reduction::Mean,
            wants: CrossEntropyWants {
                grad_logits: args.grad.is_some(),
                lse: args.lse.is_some(),
            },
        }
    }

    pub(super) fn on_gpu(
        &self,
        gpu: &Gpu,
        logits: &[f32],
        targets: &[i32],
    ) -> Result<Block, Error> {
        let mut spec = CrossEntropySpec::new(targets.len() as u64, self.classes as u64)
            .reduction(wgpu_softmax::Reduction::None)
            .scale(self.scale);
        if self.ignores {
            spec = spec.ignore_index(IGNORED.into());
        }
        let output =
            gpu.cross_entropy(&spec, CrossEntropyInputs::new(logits, targets), self.wants)?;
        let (grad_logits, divisor) = (output.grad_logits.unwrap_or_default(), self.divisor());
        let divided = |grad: f32| f64::from(grad) / divisor;
        Ok(Block {
            losses: output.losses.into_iter().map(f64::from).collect(),
            grad_logits: self.grad(grad_logits.into_iter().map(divided).collect()),
            lse: output.lse.unwrap_or_default(),
        })
    }

    pub(super) fn by_reference(&self, logits: &[f32], targets: &[i32]) -> Block {
        let mut reference = reference::CrossEntropy::new(self.classes)
            .reduction(wgpu_softmax::Reduction::None)
            .scale(self.scale)
            .grad_loss(1.0 / self.divisor());
        if self.ignores {
            reference = reference.ignore_index(IGNORED.into());
        }
        let targets: Vec<i64> = targets.iter().map(|&target| target.into()).collect();
        let result = reference.losses(logits, &targets);
        let gradient = || reference.gradient(logits, &targets);
        Block {
            losses: result.row_losses,
            grad_logits: self.grad(self.wants.grad_logits.then(gradient).unwrap_or_default()),
            lse: narrow(result.lse),
        }
    }

    fn grad(&self, values: Vec<f64>) -> Floats {
        Floats::from_f64(values, self.float)
    }

    /// What the gradient of a row's loss is divided by. Without a valid row there is nothing to divide.
    fn divisor(&self) -> f64 {
        if self.mean {
            self.valid_rows.max(1) as f64
        } else {
            1.0
        }
    }
}
