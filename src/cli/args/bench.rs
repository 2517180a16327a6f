//! Options of `bench`, and those of what times kernels.

use super::{Json, Tuned, values};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;
use wgpu_softmax::bench::{Selection, Shape, Subject};
use wgpu_softmax::variant::Operation;
use wgpu_softmax::{DType, Gpu, LinearCrossEntropySpec};

#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(flatten)]
    pub(crate) timed: Timed,
    /// A linear layer with its loss and gradients, beside its products alone, and its products and its loss, each alone. May be
    /// repeated, or a comma-separated list; of f32, or of --dtype. Without --op and --shape, nothing else is timed
    #[arg(long, value_name = "RxFxC", value_delimiter = ',', value_parser = values::layer)]
    layer: Vec<[u64; 3]>,
    /// Seconds that the whole run may take. Every operation is timed at three shapes before any at more; what does not fit is
    /// left out, and said
    #[arg(long, value_name = "S", default_value = "60", value_parser = values::seconds)]
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
    #[command(flatten)]
    pub(crate) tuned: Tuned,
    /// Tell what is faster, slower or the same as in an earlier run, a file written by --json. Ceilings are those of that
    /// run, noise is no change, and what looks changed is timed again before it is told
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

/// What is timed, and where.
#[derive(Debug, Args)]
pub(crate) struct Timed {
    /// Operations; may be repeated, or a comma-separated list [default: all]
    #[arg(long, value_name = "OP", value_delimiter = ',', value_parser = values::named(&Operation::ALL, Operation::name))]
    op: Vec<Operation>,
    /// Rows and columns, or OxCxI for rows on a strided axis: shape (O, C, I), normalised along C. May be repeated, or a
    /// comma-separated list [default: a grid from 10 to 262,144 columns, with fewer rows on software adapters]
    #[arg(long, value_name = "RxC", value_delimiter = ',', value_parser = values::shape)]
    shape: Vec<Shape>,
    /// Storage types of the matrices; may be repeated, or a comma-separated list [default: f32, and f16 and bf16 at two
    /// shapes of the grid]
    #[arg(long, value_name = "DTYPE", value_delimiter = ',', value_parser = values::dtype())]
    dtype: Vec<DType>,
    /// Adapters, each named as in --adapter of the operations; may be repeated, or be all
    #[arg(long, value_name = "SEL")]
    pub(crate) adapter: Vec<String>,
}

impl Bench {
    /// Returns the layers that are timed.
    pub(crate) fn layers(&self) -> Vec<LinearCrossEntropySpec> {
        let dtypes = match self.timed.dtype.as_slice() {
            [] => &[DType::F32],
            dtypes => dtypes,
        };
        let of = |&[rows, features, classes]: &[u64; 3]| {
            LinearCrossEntropySpec::new(rows, features, classes)
        };
        let layers = self.layer.iter().map(of);
        layers
            .flat_map(|spec| dtypes.iter().map(move |&dtype| spec.dtype(dtype)))
            .collect()
    }

    /// Returns what else is timed on an adapter, in the order in which it is.
    pub(crate) fn subjects(&self, gpu: &Gpu) -> Vec<Subject> {
        let is_layers_alone =
            !self.layer.is_empty() && self.timed.op.is_empty() && self.timed.shape.is_empty();
        match is_layers_alone {
            true => Vec::new(),
            false => self.timed.subjects(gpu),
        }
    }
}

impl Timed {
    /// Returns what is timed on an adapter, in the order in which it is.
    pub(crate) fn subjects(&self, gpu: &Gpu) -> Vec<Subject> {
        Selection::default()
            .operations(self.op.clone())
            .shapes(self.shape.clone())
            .dtypes(self.dtype.clone())
            .subjects(gpu.planner().abilities().software)
    }
}
