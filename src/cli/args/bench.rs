//! Options of `bench`, and the parsers of their values.

use super::Json;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::path::PathBuf;
use std::time::Duration;
use wgpu_softmax::DType;
use wgpu_softmax::bench::Shape;
use wgpu_softmax::variant::Operation;

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Operations to time; may be repeated, or a comma-separated list [default: all]
    #[arg(long, value_name = "OP", value_delimiter = ',', value_parser = operation())]
    pub(crate) op: Vec<Operation>,
    /// Rows and columns to time, or OxCxI for rows on a strided axis: shape (O, C, I), normalised along C. May be
    /// repeated, or a comma-separated list [default: a grid from 10 to 262,144 columns, with fewer rows on software
    /// adapters]
    #[arg(long, value_name = "RxC", value_delimiter = ',', value_parser = shape)]
    pub(crate) shape: Vec<Shape>,
    /// Storage types of the matrices; may be repeated, or a comma-separated list [default: f32, and f16 and bf16 at two
    /// shapes of the grid]
    #[arg(long, value_name = "DTYPE", value_delimiter = ',', value_parser = dtype())]
    pub(crate) dtype: Vec<DType>,
    /// Seconds that the whole run may take; what does not fit is left out
    #[arg(long, value_name = "S", default_value = "60", value_parser = seconds)]
    pub(crate) seconds: Duration,
    /// Reuse the same buffers, with whatever the caches keep of them
    #[arg(long)]
    pub(crate) warm: bool,
    /// Compare also with a copy and a read that take one exponential of every element
    #[arg(long)]
    pub(crate) exp_ceiling: bool,
    /// Compare with the copy and the read of most benchmarks: 16-byte vectors moved by whole workgroups
    #[arg(long)]
    pub(crate) vec4_ceiling: bool,
    /// Adapters to use, each named as in --adapter of the operations; may be repeated, or be all
    #[arg(long, value_name = "SEL")]
    pub(crate) adapter: Vec<String>,
    /// Compare with the results of an earlier run, a file written by --json
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write the results, their spread, ceilings and clock as a CSV table; - is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    /// Write an HTML page with plots; - is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) json: Json,
}

fn operation() -> impl TypedValueParser<Value = Operation> {
    named(&Operation::ALL, Operation::name)
}

pub(super) fn dtype() -> impl TypedValueParser<Value = DType> {
    named(&DType::ALL, DType::name)
}

/// Returns a parser that finds one of the values by its name.
pub(super) fn named<T: Copy + Send + Sync + 'static>(
    values: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let parser = PossibleValuesParser::new(values.iter().map(|&value| name(value)));
    parser.try_map(move |text| {
        let found = values.iter().find(|&&value| name(value) == text);
        found.copied().ok_or("no such name")
    })
}

/// Parses `8192x1024`, or `8x1000x4096`.
fn shape(text: &str) -> Result<Shape, String> {
    let number = |text: &str| text.parse().ok().filter(|&number: &u64| number > 0);
    let numbers: Option<Vec<u64>> = text.split('x').map(number).collect();
    let shape = match numbers.as_deref() {
        Some(&[rows, cols]) => Some((rows, cols).into()),
        Some(&[outer, cols, inner]) => {
            outer
                .checked_mul(inner)
                .map(|rows| Shape { rows, cols, inner })
        }
        _ => None,
    };
    shape.ok_or_else(|| {
        "expected ROWSxCOLUMNS, both at least 1, as 8192x1024, or OUTERxCOLUMNSxINNER".into()
    })
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse().ok().filter(|&seconds: &f64| seconds > 0.0);
    number
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "expected a number above 0".into())
}
