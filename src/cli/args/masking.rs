//! Options of masked operations.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Options that mask logits.
#[derive(Debug, Default, Args)]
pub(crate) struct Masking {
    /// Mask: floats are added to the scaled logits; where a bool is false, a logit is excluded and never read. Broadcast
    /// to the logits' shape by NumPy's rules
    #[arg(long, value_name = "FILE")]
    pub(crate) mask: Option<PathBuf>,
    /// Exclude later keys: the last two axes are (query, key), and key j is excluded for query i where j > i + (keys -
    /// queries)
    #[arg(long)]
    pub(crate) causal: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MaskedRows {
    /// Result of a row whose logits are all excluded or -inf
    #[arg(long = "masked-rows", value_enum, default_value_t = EmptyRows::Nan)]
    pub(crate) are: EmptyRows,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EmptyRows {
    /// Not a number, as in PyTorch
    Nan,
    /// Probabilities of 0, log-probabilities of -inf
    Zero,
}
