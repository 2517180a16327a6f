//! Options of the operations without targets.

use super::{Common, MaskedRows, Masking};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Softmax {
    /// Logits, any shape of one axis or more; - is standard input
    pub(crate) logits: PathBuf,
    /// Probabilities, the logits' shape
    #[arg(short, long, value_name = "PROBS")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) masking: Masking,
    #[command(flatten)]
    pub(crate) masked_rows: MaskedRows,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct LogSoftmax {
    /// Logits, any shape of one axis or more; - is standard input
    pub(crate) logits: PathBuf,
    /// Log-probabilities, the logits' shape
    #[arg(short, long, value_name = "LOG_PROBS")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) masking: Masking,
    #[command(flatten)]
    pub(crate) masked_rows: MaskedRows,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Logsumexp {
    /// Logits, any shape of one axis or more; - is standard input
    pub(crate) logits: PathBuf,
    /// One value a row: the logits' shape without the axis
    #[arg(short, long, value_name = "LSE")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) masking: Masking,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct SoftmaxBackward {
    /// Output of softmax; - is standard input
    pub(crate) probs: PathBuf,
    /// The gradient of the probabilities, their shape
    pub(crate) grad_probs: PathBuf,
    /// The gradient of the logits, the same shape
    #[arg(short, long, value_name = "GRAD_LOGITS")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct LogSoftmaxBackward {
    /// Output of log-softmax; - is standard input
    pub(crate) log_probs: PathBuf,
    /// The gradient of the log-probabilities, their shape
    pub(crate) grad_log_probs: PathBuf,
    /// The gradient of the logits, the same shape
    #[arg(short, long, value_name = "GRAD_LOGITS")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct LogsumexpBackward {
    /// Logits, the input of logsumexp; - is standard input
    pub(crate) logits: PathBuf,
    /// The gradient of logsumexp's output, the logits' shape without the axis
    pub(crate) grad_lse: PathBuf,
    /// The gradient of the logits, their shape
    #[arg(short, long, value_name = "GRAD_LOGITS")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Jacobian {
    /// Logits, any shape of one axis or more; - is standard input
    pub(crate) logits: PathBuf,
    /// The derivatives, the logits' shape with the axis' extent once more, as a last axis
    #[arg(short, long, value_name = "JACOBIAN")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) common: Common,
}
