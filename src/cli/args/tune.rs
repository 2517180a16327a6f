//! Options of `tune`, and the option of the commands that use what it has written.

use super::{Json, values};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;
use wgpu_softmax::DType;
use wgpu_softmax::bench::Shape;
use wgpu_softmax::variant::Operation;

#[derive(Debug, Args)]
pub(crate) struct Tune {
    /// Operations to tune; may be repeated, or a comma-separated list [default: all]
    #[arg(long, value_name = "OP", value_delimiter = ',', value_parser = values::named(&Operation::ALL, Operation::name))]
    pub(crate) op: Vec<Operation>,
    /// Rows and columns to tune for, or OxCxI for rows on a strided axis, as in bench; may be repeated, or a comma-separated
    /// list [default: the grid of bench]
    #[arg(long, value_name = "RxC", value_delimiter = ',', value_parser = values::shape)]
    pub(crate) shape: Vec<Shape>,
    /// Storage types of the matrices; may be repeated, or a comma-separated list [default: f32; in the grid, f16 and bf16 at two
    /// shapes]
    #[arg(long, value_name = "DTYPE", value_delimiter = ',', value_parser = values::dtype())]
    pub(crate) dtype: Vec<DType>,
    /// Seconds that the whole run may take; what does not fit is left out
    #[arg(long, value_name = "S", default_value = "300", value_parser = values::seconds)]
    pub(crate) seconds: Duration,
    /// Adapters to tune, each named as in --adapter of the operations; may be repeated, or be all
    #[arg(long, value_name = "SEL")]
    pub(crate) adapter: Vec<String>,
    /// Write the faster kernels, a JSON list with one entry an adapter, for --tuning; - is standard output
    #[arg(short, long, value_name = "TUNING")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) json: Json,
}

/// The option of what runs kernels.
#[derive(Debug, Args)]
pub(crate) struct Tuned {
    /// Use the kernels that `tune -o` has found to be the fastest on this adapter. A file of another device, driver, crate version
    /// or of other shaders is refused
    #[arg(long, value_name = "FILE")]
    pub(crate) tuning: Option<PathBuf>,
}
