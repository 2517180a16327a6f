//! Cross-entropy of some rows by the f64 reference.

use super::mean::Counts;
use super::operands::Block;
use super::settings::{Computed, Settings};
use super::targets::SomeTargets;
use crate::cli::files::Floats;
use crate::cli::mask::Expanded;
use std::sync::Arc;
use wgpu_softmax::Reduction;
use wgpu_softmax::reference::{CrossEntropy, Targets};

impl Settings {
    pub(super) fn by_reference(&self, block: Block, mask: Expanded) -> Computed {
        let slices @ [outer, classes, inner] = [block.rows / self.inner, self.classes, self.inner];
        let logits = block.logits.swapped(slices).into_f64();
        let (ids, probs): (Vec<i64>, Vec<f64>);
        let targets: Targets<'_, f64> = match block.targets {
            SomeTargets::Ids(found) => {
                ids = found.into_iter().map(i64::from).collect();
                (&ids).into()
            }
            SomeTargets::Probs(found) => {
                probs = found.swapped(slices).into_f64();
                (&probs).into()
            }
        };
        let kept: Option<Arc<[bool]>> = mask.into_kept().map(Into::into);
        let reference = |z_loss| {
            let mut operation = self.reference(z_loss);
            if let Some(weight) = &block.row_weight {
                operation = operation.row_weight(weight.clone());
            }
            if let Some(scale) = &block.row_scale {
                operation = operation.row_scale(scale.clone());
            }
            if let Some(kept) = &kept {
                operation = operation.kept(Arc::clone(kept));
            }
            operation
        };
        let of_losses = reference(self.z_of_losses()).losses(&logits, targets);
        let gradient = || {
            let mut operation = reference(self.loss.z_loss);
            if self.loss.reduction == Reduction::Mean {
                let Counts {
                    weight_sum,
                    valid_rows,
                } = self.counts;
                operation = operation.mean_over(weight_sum, valid_rows);
            }
            if let Some(grad_losses) = block.grad_losses {
                operation = operation.grad_losses(grad_losses);
            }
            operation.gradient(&logits, targets)
        };
        let gradient = self.wants.grad_logits.then(gradient).unwrap_or_default();
        Computed {
            losses: of_losses.row_losses,
            lse: of_losses.lse,
            grad_logits: Floats::from_f64(gradient, self.float).swapped([outer, inner, classes]),
        }
    }

    fn reference(&self, z_loss: f32) -> CrossEntropy {
        let mut loss = self.loss;
        loss.reduction = Reduction::None;
        loss.z_loss = z_loss;
        let operation = CrossEntropy::new(self.classes).loss(loss);
        match &self.weight {
            Some(weight) => operation.weight(weight.clone()),
            None => operation,
        }
    }
}
