//! Options of `check`.

use super::{Json, Tuned, values};
use clap::Args;
use std::path::PathBuf;
use wgpu_softmax::DType;
use wgpu_softmax::check::Selection;
use wgpu_softmax::variant::Operation;

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Operations to check; may be repeated, or a comma-separated list [default: all]
    #[arg(long, value_name = "OP", value_delimiter = ',', value_parser = values::named(&Selection::OPERATIONS, Operation::name))]
    pub(crate) op: Vec<Operation>,
    /// Storage types of the matrices; may be repeated, or a comma-separated list [default: every type]
    #[arg(long, value_name = "DTYPE", value_delimiter = ',', value_parser = values::dtype())]
    pub(crate) dtype: Vec<DType>,
    /// Run the whole sweep: half an hour on a software adapter
    ///
    /// Every kernel that can be forced, at more shapes.
    #[arg(long)]
    pub(crate) full: bool,
    /// Run the default sweep, the one without --full
    #[arg(long, hide = true, conflicts_with = "full")]
    pub(crate) quick: bool,
    /// Print every group, and every failure
    ///
    /// A group is an operation, a type, a kernel and a distribution of inputs.
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Adapters to use, each named as in --adapter of the operations; may be repeated, or be all
    #[arg(long, value_name = "SEL")]
    pub(crate) adapter: Vec<String>,
    #[command(flatten)]
    pub(crate) tuned: Tuned,
    /// Write the groups as a JUnit report; - is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Write a digest of the bits of each group's results; - is standard output
    ///
    /// One line a group: two builds that give the same results on one machine have the same digests.
    #[arg(long, value_name = "FILE")]
    pub(crate) digests: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) json: Json,
}
