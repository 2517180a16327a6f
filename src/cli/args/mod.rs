//! Types of the command line: a group of commands is an enum, a command a struct of its options, and what commands share
//! is here.
//!
//! The comments on commands and fields are the texts of `--help`; `-h` has their first paragraphs.

mod bench;
mod check;
mod cross_entropy;
mod help;
mod kernel;
mod linear;
mod operations;
mod report;
mod setup;
mod tune;
mod values;

pub(crate) use bench::{Bench, Timed};
pub(crate) use check::Check;
pub(crate) use cross_entropy::{CrossEntropy, Loss};
pub(crate) use help::{WGPU, backends, command};
pub(crate) use kernel::Kernel;
pub(crate) use linear::LinearCrossEntropy;
pub(crate) use operations::*;
pub(crate) use report::Report;
pub(crate) use setup::*;
pub(crate) use tune::{Tune, Tuned};
pub(crate) use values::{Extents, MaskShape};
pub(crate) use wgpu_softmax::Reduction;

use clap::{Args, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;
use wgpu_softmax::EmptyRows;

/// Softmax, log-softmax, logsumexp and cross-entropy on the GPU, with their backward passes
#[derive(Debug, Parser)]
#[command(version, long_version = help::version(), arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Print results and errors only: no notes, no progress
    #[arg(short, long, global = true, display_order = 900)]
    pub(crate) quiet: bool,
}

impl Cli {
    /// Parses the arguments, or ends the program with help or a message about them.
    pub(crate) fn of(arguments: impl Iterator<Item = OsString>) -> Self {
        let matches = command().get_matches_from(arguments);
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Compute(Compute),
    #[command(flatten)]
    Verify(Verify),
    #[command(flatten)]
    Measure(Measure),
    #[command(flatten)]
    Inspect(Inspect),
    #[command(flatten)]
    Install(Install),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Compute {
    /// Probabilities: exp(x - max) / sum
    Softmax(Softmax),
    /// Log-probabilities: (x - max) - ln(sum)
    LogSoftmax(LogSoftmax),
    /// max + ln(sum), one value a row
    Logsumexp(Logsumexp),
    /// Gradient of the logits through softmax
    ///
    /// From softmax's output and the gradient of that.
    SoftmaxBackward(SoftmaxBackward),
    /// Gradient of the logits through log-softmax
    ///
    /// From log-softmax's output and the gradient of that.
    LogSoftmaxBackward(LogSoftmaxBackward),
    /// Gradient of the logits through logsumexp
    ///
    /// From the logits and the gradient of logsumexp's output.
    LogsumexpBackward(LogsumexpBackward),
    /// Loss of class ids or probabilities, and its gradient
    ///
    /// The mean or the sum is printed. The gradient of the logits and the rows' logsumexp are written where they are asked
    /// for.
    CrossEntropy(CrossEntropy),
    /// Loss of a linear layer's logits, and its gradients
    ///
    /// The logits, HIDDEN times the transposed WEIGHT, are never in memory whole. The mean or the sum is printed. The
    /// gradients of the input, the weight and the bias are written where they are asked for.
    LinearCrossEntropy(LinearCrossEntropy),
    /// Derivative of each probability by each logit
    ///
    /// One square matrix a row.
    Jacobian(Jacobian),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verify {
    /// Compare every operation with an f64 reference
    ///
    /// Half a minute on a software adapter. A line is an operation and a storage type, with the largest error as a share
    /// of its bound.
    Check(Check),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Measure {
    /// Time every operation beside a copy of the same bytes
    ///
    /// Or beside a read, where no matrix is written.
    Bench(Bench),
    /// Lay the results of several benches side by side
    ///
    /// Devices, versions, days: a table, and with --html a page.
    Report(Report),
    /// Find the fastest kernels for given problems, by a race
    ///
    /// Those that may be the fastest are timed in turns, verified, and written to a file for --tuning.
    Tune(Tune),
}

/// Examples of `kernel`.
const EXPORTS: &str = "\
Examples:
  The kernels for this adapter, to be read:
    wgpu-softmax kernel softmax --shape 8192x1024
  As JSON with test cases, for any device of WebGPU, without an adapter:
    wgpu-softmax kernel softmax --shape 8x500 --device default --json s.json
  A loss with class weights, for this adapter:
    wgpu-softmax kernel cross-entropy --shape 32x99 --with weight --json l.json
  For the device of another machine, whose `kernel --json` wrote there.json:
    wgpu-softmax kernel logsumexp --shape 8x500 --abilities there.json --json -";

#[derive(Debug, Subcommand)]
pub(crate) enum Inspect {
    /// List the adapters, in the order that --adapter searches
    Devices(Devices),
    /// Say what works here, what is missing, and how to get it
    ///
    /// Opens each adapter and computes on it. Exit code 3 where none is usable.
    Doctor(Doctor),
    /// Print the WGSL of an operation, and why it is this one
    ///
    /// Each dispatch for a shape, with its bindings and its workgroups; with --json as data that any host of WebGPU runs.
    #[command(after_help = EXPORTS)]
    Kernel(Box<Kernel>),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Install {
    /// Print the completions of a shell
    ///
    /// For example: wgpu-softmax completions bash > ~/.local/share/bash-completion/completions/wgpu-softmax
    Completions(Completions),
    /// Write the man pages into a folder
    ///
    /// For example: wgpu-softmax man ~/.local/share/man/man1
    Man(Man),
}

/// Options of every operation.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Axis that is normalised; negative counts from the end
    #[arg(long, value_name = "A", default_value_t = -1, allow_negative_numbers = true)]
    pub(crate) axis: i64,
    /// Multiply the logits by S first: 1 / temperature
    ///
    /// Gradients carry the factor.
    #[arg(long, value_name = "S", default_value_t = 1.0, value_parser = values::positive, allow_negative_numbers = true)]
    pub(crate) scale: f32,
    /// Read and write bfloat16 in .npy files as ml_dtypes does
    ///
    /// NumPy has no such type: its elements are void, of two bytes (V2).
    #[arg(long)]
    pub(crate) bf16: bool,
    /// Adapter: an index from `devices`, part of a name, a backend, NAME@BACKEND, or software
    #[arg(long, value_name = "SEL")]
    pub(crate) adapter: Option<String>,
    /// Compute with the f64 CPU reference, without any adapter
    #[arg(long, conflicts_with_all = ["adapter", "tuning"])]
    pub(crate) reference: bool,
    #[command(flatten)]
    pub(crate) tuned: Tuned,
    #[command(flatten)]
    pub(crate) json: Json,
    /// Say which adapter and kernel compute, on stderr
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Largest number of bytes of a block of rows
    #[arg(skip = super::blocks::BYTES)]
    pub(crate) block_bytes: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Json {
    /// Write the result as JSON; - is standard output
    ///
    /// Numbers that JSON lacks are the strings "NaN", "inf" and "-inf".
    #[arg(long = "json", value_name = "FILE")]
    pub(crate) path: Option<PathBuf>,
}

/// Options that mask logits.
#[derive(Debug, Default, Args)]
pub(crate) struct Masking {
    /// Mask: floats are added, a logit whose bool is false is excluded
    ///
    /// Broadcast to the logits' shape by NumPy's rules. Floats are added to the scaled logits; what is excluded is never
    /// read.
    #[arg(long, value_name = "FILE")]
    pub(crate) mask: Option<PathBuf>,
    /// Exclude later keys: the last two axes are (query, key)
    ///
    /// Key j is excluded for query i where j > i + (keys - queries).
    #[arg(long)]
    pub(crate) causal: bool,
    /// Sinks: logits without a column, one more term of each row's denominator
    ///
    /// Floats, broadcast to the logits' shape without the axis by NumPy's rules: (heads, 1) for scores of (batch, heads, queries,
    /// keys). They are neither scaled nor masked.
    #[arg(long, value_name = "FILE")]
    pub(crate) sinks: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct MaskedRows {
    /// Result of a row whose logits are all excluded or -inf
    #[arg(long = "masked-rows", value_name = "RESULT", default_value = "nan", value_parser = values::words(values::EMPTY_ROWS))]
    pub(crate) are: EmptyRows,
}
