//! Options of `cross-entropy`.

use super::{Common, values};
use clap::Args;
use std::path::PathBuf;
use wgpu_softmax::{Reduction, ZeroValid};

#[derive(Debug, Args)]
pub(crate) struct CrossEntropy {
    /// Logits, any shape of one axis or more; - is standard input
    pub(crate) logits: PathBuf,
    /// Class ids, or class probabilities
    ///
    /// Ids are integers, of the logits' shape without the class axis; probabilities have the logits' type and shape.
    pub(crate) targets: PathBuf,
    /// The loss: one value, or one a row with --reduction none
    #[arg(short, long, value_name = "LOSS")]
    pub(crate) output: Option<PathBuf>,
    /// The gradient of the logits, their shape
    #[arg(long, value_name = "GRAD_LOGITS")]
    pub(crate) grad: Option<PathBuf>,
    /// The rows' logsumexp, the logits' shape without the class axis
    #[arg(long, value_name = "LSE")]
    pub(crate) lse: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) loss: Loss,
    /// Gradient of the loss, by which that of the logits is multiplied; 1 without it
    ///
    /// Floats: one value, or one a row with --reduction none.
    #[arg(long, value_name = "FILE", requires = "grad")]
    pub(crate) grad_losses: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Options of every loss.
#[derive(Debug, Args)]
pub(crate) struct Loss {
    /// Reduction of the rows' losses
    #[arg(long, default_value = "mean", value_parser = values::words(values::REDUCTIONS))]
    pub(crate) reduction: Reduction,
    /// Class weights, floats, one a class
    #[arg(long, value_name = "FILE")]
    pub(crate) weight: Option<PathBuf>,
    /// Row weights, floats, one a row: finite, at least 0
    ///
    /// A weight multiplies the row's loss, but for its z-loss, and counts in the mean. A row of weight 0 counts for nothing, whatever
    /// logits and target are.
    #[arg(long, value_name = "FILE")]
    pub(crate) row_weight: Option<PathBuf>,
    /// Scales of the rows, floats, one a row: logits are multiplied by S and by their row's
    ///
    /// 1 / temperature of the row, above 0; the gradient carries the factors. For classes along the last axis.
    #[arg(long, value_name = "FILE")]
    pub(crate) row_scale: Option<PathBuf>,
    /// Mask: a class whose bool is false is excluded
    ///
    /// Broadcast to the logits' shape by NumPy's rules. An excluded class is as one whose logit is -inf, and is never read: it has no
    /// probability and no gradient, and a target there has a loss of inf.
    #[arg(long, value_name = "FILE")]
    pub(crate) mask: Option<PathBuf>,
    /// Class id of ignored rows, which count for nothing
    ///
    /// It may lie outside the classes. There is no default; not allowed with probabilities.
    #[arg(long, value_name = "I", allow_negative_numbers = true)]
    pub(crate) ignore_index: Option<i64>,
    /// Label smoothing, 0 to 1
    ///
    /// Of E, each of the C classes gets a target weight of E / C, and the target keeps the rest.
    #[arg(long, value_name = "E", default_value_t = 0.0, value_parser = values::share, allow_negative_numbers = true)]
    pub(crate) label_smoothing: f32,
    /// Add L * lse^2 to the loss of every row that counts
    ///
    /// Whatever its weight.
    #[arg(long, value_name = "L", default_value_t = 0.0, value_parser = values::finite, allow_negative_numbers = true)]
    pub(crate) z_loss: f32,
    /// Cap the logits: x becomes C * tanh(x / C), after the scale
    #[arg(long, value_name = "C", value_parser = values::positive, allow_negative_numbers = true)]
    pub(crate) softcap: Option<f32>,
    /// Mean over no row that counts, or over weights that sum to 0
    #[arg(long, value_name = "RESULT", default_value = "nan", value_parser = values::words(values::ZERO_VALID))]
    pub(crate) zero_valid: ZeroValid,
}
