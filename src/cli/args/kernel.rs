//! The options of `kernel`.

use super::bench::{dtype, named};
use super::{Json, Reduction, numbers};
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use wgpu_softmax::variant::{Operation, Variant};
use wgpu_softmax::{DType, Error, MaskKind};

#[derive(Debug, Args)]
pub(crate) struct Kernel {
    /// The operation
    #[arg(value_name = "OP", value_parser = named(&Operation::ALL, Operation::name))]
    pub(crate) op: Operation,
    /// The shape of the logits: rows and columns, or any axes, as 8x12x100x100
    #[arg(long, value_name = "RxC", value_parser = extents)]
    pub(crate) shape: Extents,
    /// The axis that is normalised; negative counts from the end
    #[arg(long, value_name = "A", default_value_t = -1, allow_negative_numbers = true)]
    pub(crate) axis: i64,
    /// How matrices are stored
    #[arg(long, value_name = "DTYPE", default_value = "f32", value_parser = dtype())]
    pub(crate) dtype: DType,
    /// The result lies over the first input, in one buffer
    #[arg(long)]
    pub(crate) in_place: bool,
    /// Softmax, log-softmax, logsumexp: the kind of a mask, float or bool, of the logits' shape; or of a shape that broadcasts
    /// to it, as bool:1x100
    #[arg(long, value_name = "KIND[:SHAPE]", value_parser = mask)]
    pub(crate) mask: Option<Mask>,
    /// The same operations: the last two axes are (query, key), and no query looks at a later key
    #[arg(long)]
    pub(crate) causal: bool,
    #[command(flatten)]
    pub(crate) loss: Loss,
    /// A variant by its name, as in the kernels of --json reports: registers4.subgroup8of64.quads, for one. Without it, the
    /// one that is preferred
    #[arg(long, value_name = "VARIANT", value_parser = variant)]
    pub(crate) variant: Option<Variant>,
    /// As for the operations
    #[arg(long, value_name = "SEL")]
    pub(crate) adapter: Option<String>,
    #[command(flatten)]
    pub(crate) json: Json,
}

/// What changes the code of a cross-entropy.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of cross-entropy")]
pub(crate) struct Loss {
    /// What targets are: class ids of a type, or a probability for each class [default: i32]
    #[arg(long, value_enum, value_name = "TYPE")]
    pub(crate) target_type: Option<TargetType>,
    /// How the rows' losses become one [default: mean]
    #[arg(long, value_enum)]
    pub(crate) reduction: Option<Reduction>,
    /// 0 to 1: of E, every one of C classes gets E / C, and the target keeps the rest
    #[arg(long, value_name = "E", value_parser = numbers::share, allow_negative_numbers = true)]
    pub(crate) label_smoothing: Option<f32>,
    /// Adds L * lse^2 to the loss of every row that counts, whatever its weight
    #[arg(long, value_name = "L", value_parser = numbers::finite, allow_negative_numbers = true)]
    pub(crate) z_loss: Option<f32>,
    /// Logits become C * tanh(x / C), after the scale
    #[arg(long, value_name = "C", value_parser = numbers::positive, allow_negative_numbers = true)]
    pub(crate) softcap: Option<f32>,
    /// What is given of a row beside its loss: may repeat, or be a list
    #[arg(long, value_name = "OUTPUT", value_delimiter = ',', value_parser = PossibleValuesParser::new(ROW_OUTPUTS))]
    pub(crate) row_outputs: Vec<String>,
}

/// The names of what is given of a row.
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
    /// Class ids of 32 bits
    I32,
    /// Class ids of 32 bits without a sign
    U32,
    /// Class ids of 64 bits
    I64,
    /// A probability for each class, stored as the logits are
    Probs,
}

/// The extents of the axes, one at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Extents(pub(crate) Vec<u64>);

/// A mask that is not there.
#[derive(Debug, Clone)]
pub(crate) struct Mask {
    pub(crate) kind: MaskKind,
    /// None for that of the logits.
    pub(crate) shape: Option<Extents>,
}

/// `8192x1024`.
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

/// `float`, or `bool:1x100`.
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
