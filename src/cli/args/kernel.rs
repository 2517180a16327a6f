//! Options of `kernel`.

use super::bench::{dtype, named};
use super::{Json, Reduction, numbers};
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use wgpu_softmax::variant::{Operation, Variant};
use wgpu_softmax::{DType, Error, MaskKind};

#[derive(Debug, Args)]
pub(crate) struct Kernel {
    /// Operation to print
    #[arg(value_name = "OP", value_parser = named(&Operation::ALL, Operation::name))]
    pub(crate) op: Operation,
    /// Shape of the logits: rows and columns, or any axes, as 8x12x100x100
    #[arg(long, value_name = "RxC", value_parser = extents)]
    pub(crate) shape: Extents,
    /// Axis that is normalised; negative counts from the end
    #[arg(long, value_name = "A", default_value_t = -1, allow_negative_numbers = true)]
    pub(crate) axis: i64,
    /// Storage type of the matrices
    #[arg(long, value_name = "DTYPE", default_value = "f32", value_parser = dtype())]
    pub(crate) dtype: DType,
    /// Write the result over the first input, in one buffer
    #[arg(long)]
    pub(crate) in_place: bool,
    /// Mask of softmax, log-softmax or logsumexp: float or bool, of the logits' shape, or of a shape that broadcasts to
    /// it, as bool:1x100
    #[arg(long, value_name = "KIND[:SHAPE]", value_parser = mask)]
    pub(crate) mask: Option<Mask>,
    /// Causal mask of the same operations: the last two axes are (query, key), and no query looks at a later key
    #[arg(long)]
    pub(crate) causal: bool,
    #[command(flatten)]
    pub(crate) loss: Loss,
    /// Variant by its name, as in the kernels of --json reports, for example registers4.subgroup8of64.quads [default: the
    /// preferred one]
    #[arg(long, value_name = "VARIANT", value_parser = variant)]
    pub(crate) variant: Option<Variant>,
    /// Adapter: an index from `devices`, part of a name, a backend, NAME@BACKEND, or software
    #[arg(long, value_name = "SEL")]
    pub(crate) adapter: Option<String>,
    #[command(flatten)]
    pub(crate) json: Json,
}

/// Options that change the code of a cross-entropy.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of cross-entropy")]
pub(crate) struct Loss {
    /// Type of the targets: class ids, or a probability for each class [default: i32]
    #[arg(long, value_enum, value_name = "TYPE")]
    pub(crate) target_type: Option<TargetType>,
    /// Reduction of the rows' losses [default: mean]
    #[arg(long, value_enum)]
    pub(crate) reduction: Option<Reduction>,
    /// Label smoothing, 0 to 1: of E, each of the C classes gets a target weight of E / C, and the target keeps the rest
    #[arg(long, value_name = "E", value_parser = numbers::share, allow_negative_numbers = true)]
    pub(crate) label_smoothing: Option<f32>,
    /// Add L * lse^2 to the loss of every row that counts, whatever its weight
    #[arg(long, value_name = "L", value_parser = numbers::finite, allow_negative_numbers = true)]
    pub(crate) z_loss: Option<f32>,
    /// Cap the logits: x becomes C * tanh(x / C), after the scale
    #[arg(long, value_name = "C", value_parser = numbers::positive, allow_negative_numbers = true)]
    pub(crate) softcap: Option<f32>,
    /// Outputs of a row in addition to its loss; may be repeated, or a comma-separated list
    #[arg(long, value_name = "OUTPUT", value_delimiter = ',', value_parser = PossibleValuesParser::new(ROW_OUTPUTS))]
    pub(crate) row_outputs: Vec<String>,
}

/// Names of the row outputs.
const ROW_OUTPUTS: [&str; 7] = [
    "target-log-prob",
    "log-probs",
    "entropy",
    "argmax",
    "hit",
    "max-prob",
    "z-loss",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TargetType {
    /// Class ids, signed integers of 32 bits
    I32,
    /// Class ids, unsigned integers of 32 bits
    U32,
    /// Class ids, signed integers of 64 bits
    I64,
    /// One probability for each class, stored as the logits are
    Probs,
}

/// Extents of the axes, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Extents(pub(crate) Vec<u64>);

/// Mask of a kernel that is only printed: a kind and a shape, without elements.
#[derive(Debug, Clone)]
pub(crate) struct Mask {
    pub(crate) kind: MaskKind,
    /// Shape of the mask; none for that of the logits.
    pub(crate) shape: Option<Extents>,
}

/// Parses `8192x1024`.
fn extents(text: &str) -> Result<Extents, String> {
    let number = |text: &str| text.parse().ok().filter(|&number: &u64| number > 0);
    let numbers: Option<Vec<u64>> = text.split('x').map(number).collect();
    let count = |numbers: &Vec<u64>| {
        numbers
            .iter()
            .try_fold(1, |all: u64, &n| all.checked_mul(n))
    };
    numbers
        .filter(|numbers| count(numbers).is_some())
        .map(Extents)
        .ok_or_else(|| "expected extents of at least 1, as 8192x1024".into())
}

/// Parses `float`, or `bool:1x100`.
fn mask(text: &str) -> Result<Mask, String> {
    let (kind, shape) = match text.split_once(':') {
        Some((kind, shape)) => (kind, Some(extents(shape)?)),
        None => (text, None),
    };
    let kind = match kind {
        "float" => MaskKind::Additive,
        "bool" => MaskKind::Boolean,
        _ => {
            return Err(
                "expected float or bool, or one of them with a shape, as bool:1x100".into(),
            );
        }
    };
    Ok(Mask { kind, shape })
}

fn variant(text: &str) -> Result<Variant, String> {
    text.parse().map_err(|error: Error| error.to_string())
}
