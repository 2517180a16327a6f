//! Types of the command line: one struct of options for each operation, and the options that they share.
//!
//! The comments on commands and fields are the texts of `--help`.

mod bench;
mod check;
mod cross_entropy;
mod kernel;
mod report;
mod values;

pub(crate) use bench::Bench;
pub(crate) use check::Check;
pub(crate) use cross_entropy::CrossEntropy;
pub(crate) use kernel::Kernel;
pub(crate) use report::Report;
pub(crate) use values::{Extents, MaskShape};
pub(crate) use wgpu_softmax::Reduction;

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use wgpu_softmax::EmptyRows;

const CODES: &str = "\
Files are what their bytes say, whatever their names: NumPy's .npy; .npz, one array as FILE.npz#NAME; .safetensors, \
one tensor as FILE.safetensors#NAME, or of several files as FILE.index.json#NAME. One that holds a single array needs no \
#NAME. Any one input may be -, standard input, or -#NAME of it. \
Floats of 16, 32 and 64 bits and bfloat16, integers of any width, either byte order, C or Fortran order. \
The inputs of an operation have one type of floats, and its outputs have it too; but loss and lse are float32, their \
gradients may be, and weights are of any type. \
64-bit floats are computed in float32 and give float32. Outputs are .npy or .safetensors by their names; bfloat16 goes to \
.npy with --bf16 only. In .safetensors an output is the one tensor of its file, called NAME or after its result (probs, \
loss, ...). Files larger than memory are worked on in blocks of rows; along another axis than the last one, what lies at \
one place of the axes before it has to fit. Outputs take their places when everything has succeeded, with the mode of what \
they replace; one of them may be -, standard output.

Exit codes: 0 done; 1 check found a difference; 2 bad usage or bad input; 3 no usable adapter; 4 the device failed.";

/// Softmax, log-softmax, logsumexp and cross-entropy on the GPU, with their backward passes.
#[derive(Debug, Parser)]
#[command(version, after_help = CODES, arg_required_else_help = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the adapters, in the order in which --adapter searches them
    Devices(Devices),
    /// Probabilities: exp(x - max) / sum
    Softmax(Softmax),
    /// Log-probabilities: (x - max) - ln(sum)
    LogSoftmax(LogSoftmax),
    /// max + ln(sum), one value a row
    Logsumexp(Logsumexp),
    /// Gradient of the logits from softmax's output and its gradient
    SoftmaxBackward(SoftmaxBackward),
    /// Gradient of the logits from log-softmax's output and its gradient
    LogSoftmaxBackward(LogSoftmaxBackward),
    /// Gradient of the logits from the logits and logsumexp's gradient
    LogsumexpBackward(LogsumexpBackward),
    /// Loss of class ids or probabilities, its gradient and the rows' logsumexp; mean and sum are printed
    CrossEntropy(CrossEntropy),
    /// Derivative of each probability by each logit, one square matrix a row
    Jacobian(Jacobian),
    /// Compare every operation with the f64 reference on this machine's adapters
    Check(Check),
    /// Time every operation against a copy or a read of the same bytes on this machine's adapters
    Bench(Bench),
    /// Lay the results of several benches side by side: devices, versions, days
    Report(Report),
    /// Print the WGSL of an operation for a shape: each dispatch with its bindings, its workgroups, and why it is this one
    Kernel(Kernel),
}

/// Options of every operation.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Axis that is normalised; negative counts from the end
    #[arg(long, value_name = "A", default_value_t = -1, allow_negative_numbers = true)]
    pub(crate) axis: i64,
    /// Multiply the logits by S first: 1 / temperature. Gradients carry the factor
    #[arg(long, value_name = "S", default_value_t = 1.0, value_parser = values::positive, allow_negative_numbers = true)]
    pub(crate) scale: f32,
    /// Read elements of two bytes that NumPy has no type for (V2 in .npy files, as ml_dtypes saves them) as bfloat16, and
    /// write bfloat16 results to .npy files the same way
    #[arg(long)]
    pub(crate) bf16: bool,
    /// Adapter: an index from `devices`, part of a name, a backend, NAME@BACKEND, or software
    #[arg(long, value_name = "SEL")]
    pub(crate) adapter: Option<String>,
    /// Compute with the f64 CPU reference, without any adapter
    #[arg(long, conflicts_with = "adapter")]
    pub(crate) reference: bool,
    #[command(flatten)]
    pub(crate) json: Json,
    /// Largest number of bytes of a block of rows
    #[arg(skip = super::blocks::BYTES)]
    pub(crate) block_bytes: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Json {
    /// Write the result as JSON, with the adapter and the kernel that ran; - is standard output.
    /// Numbers that JSON lacks are the strings "NaN", "inf" and "-inf"
    #[arg(long = "json", value_name = "FILE")]
    pub(crate) path: Option<PathBuf>,
}

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
    #[arg(long = "masked-rows", default_value = "nan", value_parser = values::words(values::EMPTY_ROWS))]
    pub(crate) are: EmptyRows,
}

#[derive(Debug, Args)]
pub(crate) struct Devices {
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Softmax {
    /// Logits, any shape of one axis or more
    pub(crate) logits: PathBuf,
    /// Probabilities, the logits' shape
    #[arg(short, value_name = "PROBS")]
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
    /// Logits, any shape of one axis or more
    pub(crate) logits: PathBuf,
    /// Log-probabilities, the logits' shape
    #[arg(short, value_name = "LOG_PROBS")]
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
    /// Logits, any shape of one axis or more
    pub(crate) logits: PathBuf,
    /// One value a row: the logits' shape without the axis
    #[arg(short, value_name = "LSE")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) masking: Masking,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct SoftmaxBackward {
    /// Output of softmax
    pub(crate) probs: PathBuf,
    /// The gradient of the probabilities, their shape
    pub(crate) grad_probs: PathBuf,
    /// The gradient of the logits, the same shape
    #[arg(short, value_name = "GRAD_LOGITS")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct LogSoftmaxBackward {
    /// Output of log-softmax
    pub(crate) log_probs: PathBuf,
    /// The gradient of the log-probabilities, their shape
    pub(crate) grad_log_probs: PathBuf,
    /// The gradient of the logits, the same shape
    #[arg(short, value_name = "GRAD_LOGITS")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct LogsumexpBackward {
    /// Logits, the input of logsumexp
    pub(crate) logits: PathBuf,
    /// The gradient of logsumexp's output, the logits' shape without the axis
    pub(crate) grad_lse: PathBuf,
    /// The gradient of the logits, their shape
    #[arg(short, value_name = "GRAD_LOGITS")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Jacobian {
    /// Logits, any shape of one axis or more
    pub(crate) logits: PathBuf,
    /// The derivatives, the logits' shape with the axis' extent once more, as a last axis
    #[arg(short, value_name = "JACOBIAN")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) common: Common,
}
