//! Options of `linear-cross-entropy`.

use super::{Common, Loss};
use clap::{ArgGroup, Args};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("grads").multiple(true))]
pub(crate) struct LinearCrossEntropy {
    /// Input of the layer, any shape whose last axis has its features; - is standard input
    pub(crate) hidden: PathBuf,
    /// Weight of the layer, (classes, features), of the input's type
    #[arg(value_name = "WEIGHT")]
    pub(crate) layer: PathBuf,
    /// Class ids, integers, of the input's shape without the features
    pub(crate) targets: PathBuf,
    /// Bias of the layer, floats, one a class
    #[arg(long, value_name = "FILE")]
    pub(crate) bias: Option<PathBuf>,
    /// The loss: one value, or one a row with --reduction none
    #[arg(short, long, value_name = "LOSS")]
    pub(crate) output: Option<PathBuf>,
    /// The gradient of the input, its shape and type
    #[arg(long, value_name = "GRAD_HIDDEN", group = "grads")]
    pub(crate) grad_hidden: Option<PathBuf>,
    /// The gradient of the weight, float32, its shape
    #[arg(long, value_name = "GRAD_WEIGHT", group = "grads")]
    pub(crate) grad_weight: Option<PathBuf>,
    /// The gradient of the bias, float32, one a class
    #[arg(long, value_name = "GRAD_BIAS", group = "grads")]
    pub(crate) grad_bias: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) loss: Loss,
    /// Gradient of the loss, by which the others are multiplied; 1 without it
    ///
    /// Floats: one value, or one a row with --reduction none.
    #[arg(long, value_name = "FILE", requires = "grads")]
    pub(crate) grad_losses: Option<PathBuf>,
    /// Rows whose logits are in memory together [default: 64 or more, whose logits take 16 MiB at most]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) chunk_rows: Option<u64>,
    #[command(flatten)]
    pub(crate) common: Common,
}
