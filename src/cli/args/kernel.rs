//! Options of `kernel`.

use super::values::{self, Class, Extents, MaskShape};
use super::{Json, Tuned};
use clap::Args;
use clap::builder::TypedValueParser;
use std::path::PathBuf;
use wgpu_softmax::export::Optional;
use wgpu_softmax::variant::{Operation, Variant};
use wgpu_softmax::{DType, EmptyRows, Reduction, RowOutputs, TargetType, ZeroValid};

/// Operations on rows, and that of a linear layer.
const OPERATIONS: [Operation; 11] = {
    let mut all = [Operation::LinearCrossEntropy; 11];
    let (rows, _) = all.split_at_mut(10);
    rows.copy_from_slice(&Operation::ALL);
    all
};

#[derive(Debug, Args)]
pub(crate) struct Kernel {
    /// Operation to print
    #[arg(value_name = "OP", value_parser = values::named(&OPERATIONS, Operation::name))]
    pub(crate) op: Operation,
    /// Shape of the logits: rows and columns, or any axes, as 8x12x100x100
    #[arg(long, value_name = "RxC", value_parser = values::extents)]
    pub(crate) shape: Extents,
    /// Classes of linear-cross-entropy, whose --shape is that of its input: rows and features
    #[arg(long, value_name = "V", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) classes: Option<u64>,
    /// Axis that is normalised; negative counts from the end
    #[arg(long, value_name = "A", default_value_t = -1, allow_negative_numbers = true)]
    pub(crate) axis: i64,
    /// Storage type of the matrices
    #[arg(long, value_name = "DTYPE", default_value = "f32", value_parser = values::dtype())]
    pub(crate) dtype: DType,
    /// Multiply the logits by S first: 1 / temperature
    #[arg(long, value_name = "S", default_value_t = 1.0, value_parser = values::positive, allow_negative_numbers = true)]
    pub(crate) scale: f32,
    /// Write the result over the first input, in one buffer
    #[arg(long)]
    pub(crate) in_place: bool,
    /// Mask of softmax, log-softmax or logsumexp, float or bool, or of a loss, bool: of the logits' shape, or of a shape that
    /// broadcasts to it, as bool:1x100
    #[arg(long, value_name = "KIND[:SHAPE]", value_parser = values::mask)]
    pub(crate) mask: Option<MaskShape>,
    /// Causal mask of softmax, log-softmax or logsumexp: the last two axes are (query, key), and no query looks at a later key
    #[arg(long)]
    pub(crate) causal: bool,
    /// A sink a head for the same operations and their backward passes: the axes of the rows end in (head, query)
    #[arg(long)]
    pub(crate) sinks: bool,
    /// Result of a row whose logits are all excluded or -inf [default: nan]
    #[arg(long, value_name = "RESULT", value_parser = values::words(values::EMPTY_ROWS))]
    pub(crate) masked_rows: Option<EmptyRows>,
    /// Variant by its name, as in the kernels of --json reports, for example registers4.subgroup8of64.quads [default: the
    /// preferred one]
    #[arg(long, value_name = "VARIANT", value_parser = values::variant)]
    pub(crate) variant: Option<Variant>,
    /// Adapter: an index from `devices`, part of a name, a backend, NAME@BACKEND, or software
    #[arg(long, value_name = "SEL")]
    pub(crate) adapter: Option<String>,
    /// Choose for a class of devices, without an adapter: default is any WebGPU device, without subgroups
    #[arg(long, value_name = "CLASS", value_parser = values::class(), conflicts_with_all = ["adapter", "tuning", "abilities"])]
    pub(crate) device: Option<Class>,
    /// Choose for the abilities in a JSON file, without an adapter: those of any file that `kernel --json` wrote
    #[arg(long, value_name = "FILE", conflicts_with_all = ["adapter", "tuning"])]
    pub(crate) abilities: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) tuned: Tuned,
    #[command(flatten)]
    pub(crate) json: Json,
    /// In the JSON, make all bindings storage that is read and written, numbered without gaps, and the uniform storage that is
    /// read: for frameworks that pool memory
    #[arg(long, requires = "path")]
    pub(crate) flat: bool,
    /// Test cases in the JSON [default: 2 where no buffer has more than 4,096 elements, else 0]
    #[arg(long, value_name = "N", requires = "path", value_parser = clap::value_parser!(u8).range(..=16))]
    pub(crate) cases: Option<u8>,
    // Last, since what comes after it would be under its heading.
    #[command(flatten)]
    pub(crate) loss: Loss,
}

/// Options that change the code of a cross-entropy.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of cross-entropy")]
pub(crate) struct Loss {
    /// Type of the targets: class ids, or a probability for each class [default: i32]
    #[arg(long, value_name = "TYPE", value_parser = values::words(values::TARGET_TYPES))]
    pub(crate) target_type: Option<TargetType>,
    /// Reduction of the rows' losses [default: mean]
    #[arg(long, value_parser = values::words(values::REDUCTIONS))]
    pub(crate) reduction: Option<Reduction>,
    /// Leave out rows whose class id is I
    #[arg(long, value_name = "I", allow_negative_numbers = true)]
    pub(crate) ignore_index: Option<i64>,
    /// The mean over no valid row
    #[arg(long, value_name = "RESULT", value_parser = values::words(values::ZERO_VALID))]
    pub(crate) zero_valid: Option<ZeroValid>,
    /// Label smoothing, 0 to 1: of E, each of the C classes gets a target weight of E / C, and the target keeps the rest
    #[arg(long, value_name = "E", value_parser = values::share, allow_negative_numbers = true)]
    pub(crate) label_smoothing: Option<f32>,
    /// Add L * lse^2 to the loss of every row that counts, whatever its weight
    #[arg(long, value_name = "L", value_parser = values::finite, allow_negative_numbers = true)]
    pub(crate) z_loss: Option<f32>,
    /// Cap the logits: x becomes C * tanh(x / C), after the scale
    #[arg(long, value_name = "C", value_parser = values::positive, allow_negative_numbers = true)]
    pub(crate) softcap: Option<f32>,
    /// Buffers that a binding in the JSON has in addition; may be repeated, or a comma-separated list
    #[arg(long, value_name = "BUFFER", value_delimiter = ',', requires = "path", value_parser = values::named(&Optional::ALL, optional))]
    pub(crate) with: Vec<Optional>,
    /// Outputs of a row in addition to its loss; may be repeated, or a comma-separated list
    #[arg(long, value_name = "OUTPUT", value_delimiter = ',', value_parser = row_output())]
    pub(crate) row_outputs: Vec<RowOutput>,
}

const fn optional(of: Optional) -> &'static str {
    match of {
        Optional::GradLosses => "grad-losses",
        Optional::RowWeight => "row-weight",
        Optional::RowScale => "row-scale",
        other => other.name(),
    }
}

/// Request for one more row output.
type RowOutput = fn(RowOutputs) -> RowOutputs;

const ROW_OUTPUTS: [(&str, RowOutput); 7] = [
    ("target-log-prob", RowOutputs::target_log_prob),
    ("log-probs", |outputs| outputs.log_probs_of(1)),
    ("entropy", RowOutputs::entropy),
    ("argmax", RowOutputs::argmax),
    ("hit", RowOutputs::hit),
    ("max-prob", RowOutputs::max_prob),
    ("z-loss", RowOutputs::z_loss),
];

fn row_output() -> impl TypedValueParser<Value = RowOutput> {
    values::named(&ROW_OUTPUTS, |(name, _)| name).map(|(_, output)| output)
}

impl Loss {
    /// Returns the first flag that is given.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let flags = [
            ("--target-type", self.target_type.is_some()),
            ("--reduction", self.reduction.is_some()),
            ("--ignore-index", self.ignore_index.is_some()),
            ("--zero-valid", self.zero_valid.is_some()),
            ("--label-smoothing", self.label_smoothing.is_some()),
            ("--z-loss", self.z_loss.is_some()),
            ("--softcap", self.softcap.is_some()),
            ("--with", !self.with.is_empty()),
            ("--row-outputs", !self.row_outputs.is_empty()),
        ];
        flags
            .into_iter()
            .find_map(|(flag, is_given)| is_given.then_some(flag))
    }
}
