//! The options of `check`.

use super::Json;
use super::bench::{dtype, named};
use clap::Args;
use clap::builder::TypedValueParser;
use std::path::PathBuf;
use wgpu_softmax::DType;
use wgpu_softmax::check::Selection;
use wgpu_softmax::variant::Operation;

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Operations to check: may repeat, or be a list with commas [default: all]
    #[arg(long, value_name = "OP", value_delimiter = ',', value_parser = operation())]
    pub(crate) op: Vec<Operation>,
    /// How matrices are stored: may repeat, or be a list [default: every type]
    #[arg(long, value_name = "DTYPE", value_delimiter = ',', value_parser = dtype())]
    pub(crate) dtype: Vec<DType>,
    /// The whole sweep: every kernel that can be forced, at more shapes. Half an hour on a software adapter
    #[arg(long)]
    pub(crate) full: bool,
    /// What is done without it
    #[arg(long, hide = true, conflicts_with = "full")]
    pub(crate) quick: bool,
    /// Print every group: an operation, a type, a kernel and a distribution of inputs
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// As for the operations; may repeat, or be all
    #[arg(long, value_name = "SEL")]
    pub(crate) adapter: Vec<String>,
    /// Write the groups as a JUnit report; - is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Write a digest of the bits of each group's results, a line each: two builds give the same on one machine where their
    /// results are the same; - is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) digests: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) json: Json,
}

fn operation() -> impl TypedValueParser<Value = Operation> {
    named(&Selection::OPERATIONS, Operation::name)
}
