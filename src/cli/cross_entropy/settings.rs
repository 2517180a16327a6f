//! Settings that all blocks share, and the results of a block.

use super::mean::Counts;
use super::operands::Operands;
use super::targets::{IGNORED, Targets};
use crate::cli::args;
use crate::cli::files::{Float, Floats};
use wgpu_softmax::{CrossEntropyWants, LossOptions, Reduction, TargetType};

/// Settings that all blocks share.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) classes: usize,
    /// Number of logits from one class of a row to the next.
    pub(super) inner: usize,
    pub(super) float: Float,
    pub(super) targets: TargetType,
    /// Options of the loss; its ignored class is [`IGNORED`].
    pub(super) loss: LossOptions,
    pub(super) weight: Option<Vec<f64>>,
    pub(super) counts: Counts,
    /// Weights for the gradient of the mean, if they differ from `weight`, and their sum.
    pub(super) of_gradient: (Option<Vec<f64>>, f64),
    /// True if the losses of rows are without their z-losses, since the mean divides the two by different counts.
    pub(super) apart: bool,
    pub(super) wants: CrossEntropyWants,
}

/// Results of a block: the losses of the rows, and their lse and gradient, which may be empty unless asked for.
#[derive(Debug)]
pub(super) struct Computed {
    pub(super) losses: Vec<f64>,
    pub(super) lse: Vec<f64>,
    pub(super) grad_logits: Floats,
}

impl Settings {
    pub(super) fn new(args: &args::CrossEntropy, operands: &Operands) -> Self {
        let (logits, weight) = (&operands.logits, &operands.weight);
        let reduction = args.loss.reduction;
        let target_type = match operands.targets {
            Targets::Ids { .. } => TargetType::I32,
            Targets::Probs(_) => TargetType::Probs,
        };
        let weighted = weight.is_some() && target_type != TargetType::Probs;
        let row_weight = operands.row_weight.as_deref();
        let counts = Counts::of(
            &operands.targets,
            weight.as_deref(),
            row_weight,
            logits.rows,
        );
        let of_gradient = match weight {
            Some(weight) if weighted && reduction == Reduction::Mean => {
                let (divided, sum) = counts.divided(weight);
                ((divided != *weight).then_some(divided), sum)
            }
            _ => (None, counts.weight_sum),
        };
        let loss = options(&args.loss, args.common.scale);
        Self {
            classes: logits.cols,
            inner: logits.inner,
            float: logits.float.of_results(),
            targets: target_type,
            counts,
            of_gradient,
            weight: weight.clone(),
            loss,
            apart: (weighted || row_weight.is_some())
                && args.loss.z_loss != 0.0
                && reduction == Reduction::Mean,
            wants: CrossEntropyWants {
                grad_logits: args.grad.is_some(),
                lse: args.lse.is_some(),
            },
        }
    }

    /// Returns the factor of the z-loss in the losses of rows.
    pub(super) fn z_of_losses(&self) -> f32 {
        if self.apart { 0.0 } else { self.loss.z_loss }
    }
}

/// Returns the options of a loss; its ignored class is [`IGNORED`].
pub(super) fn options(args: &args::Loss, scale: f32) -> LossOptions {
    let mut loss = LossOptions::default();
    loss.ignore_index = args.ignore_index.map(|_| IGNORED.into());
    loss.reduction = args.reduction;
    loss.zero_valid = args.zero_valid;
    loss.label_smoothing = args.label_smoothing;
    loss.z_loss = args.z_loss;
    loss.softcap = args.softcap;
    loss.scale = scale;
    loss
}
