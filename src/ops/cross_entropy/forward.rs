//! The loss, with or without its gradient.

use super::base::{Base, Given, row_terms};
use super::tally::Tally;
use super::{CrossEntropyBuffers, CrossEntropyExtras};
use crate::device::kernel::Bound;
use crate::device::planner::Planner;
use crate::device::rows::RowKernels;
use crate::error::Error;
use crate::ops::plan::sealed::Spec;
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::row_outputs::RowLayout;
use crate::variant::Operation;
use crate::variant::problem::Geometry;

/// A cross-entropy that is planned and checked. It needs buffers to run: the first binding compiles its kernels.
///
/// Cheap to clone; holds no buffer.
///
/// ```
/// # use wgpu_softmax::{CrossEntropyBuffers, CrossEntropyExtras, CrossEntropySpec, Gpu, Status};
/// # let gpu = Gpu::open()?;
/// # let (planner, logits) = (gpu.planner(), gpu.upload("logits", &[0f32; 6])?);
/// # let (targets, losses) = (gpu.upload("targets", &[2, 7])?, gpu.allocate("losses", 4)?);
/// # let (grad, status) = (gpu.allocate("grad", 24)?, gpu.allocate("status", 32)?);
/// let plan = planner.cross_entropy(CrossEntropySpec::new(2, 3))?;
/// let buffers = CrossEntropyBuffers {
///     logits: &logits,
///     targets: &targets, // two class ids, the second one out of range
///     losses: &losses,
///     grad_logits: Some(&grad),
/// };
/// let bound = plan.bind_with(2, buffers, CrossEntropyExtras::default().status(&status))?;
/// # gpu.run(&bound, "the example")?;
/// # let status: Status = gpu.download(&status, 1)?[0];
/// // Once it has run, and the status has been read back:
/// assert_eq!((status.valid_rows, status.bad_targets, status.first_bad_row), (1, 1, 1));
/// # Ok::<(), wgpu_softmax::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct CrossEntropyPlan {
    pub(crate) base: Base,
    pub(crate) loss_only: RowKernels,
    pub(crate) fused: RowKernels,
}

impl Planner {
    /// Plans the loss, with and without its gradient: the buffers decide which of the two runs. Compiles nothing yet.
    ///
    /// # Errors
    ///
    /// No classes, more rows or classes than 32-bit indices reach, an option outside its range, or a forced variant
    /// that cannot serve.
    pub fn cross_entropy(&self, spec: CrossEntropySpec) -> Result<CrossEntropyPlan, Error> {
        let kernels = |operation| RowKernels::plan(self, spec.geometry(operation)?);
        let per_row = |geometry| RowKernels::plan(&self.unforced(), geometry);
        let row_outputs = || per_row(spec.geometry(Operation::RowOutputs)?);
        let lse = Geometry::contiguous(Operation::LseFromPairs, spec.rows(), 1)?;
        let params = spec.params()?;
        let (loss_only, fused) = (
            kernels(Operation::CrossEntropy)?,
            kernels(Operation::CrossEntropyFused)?,
        );
        let base = Base {
            spec,
            params,
            lse: Some(per_row(lse)?),
            row_terms: row_terms(self, &spec)?,
            row_outputs: spec.row_outputs.any().then(row_outputs).transpose()?,
            tally: Tally::plan(self, spec.options_of(Operation::CrossEntropy))?,
        };
        Ok(CrossEntropyPlan {
            base,
            loss_only,
            fused,
        })
    }
}

impl CrossEntropyPlan {
    /// Binds buffers for all rows of the plan.
    ///
    /// # Errors
    ///
    /// A buffer without usage `STORAGE`, too small, or given twice though one of its roles is written; in place, two
    /// buffers where one is expected; a device limit that more dispatches cannot avoid.
    pub fn bind(&self, buffers: CrossEntropyBuffers<'_>) -> Result<Bound, Error> {
        self.bind_rows(self.base.spec.rows(), buffers)
    }

    /// Binds buffers for `rows` rows, up to those of the plan.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind), and more rows than the plan has.
    pub fn bind_rows(&self, rows: u64, buffers: CrossEntropyBuffers<'_>) -> Result<Bound, Error> {
        self.bind_with(rows, buffers, CrossEntropyExtras::default())
    }

    /// Binds buffers for `rows` rows, up to those of the plan, with further inputs and outputs.
    ///
    /// # Errors
    ///
    /// As [`bind_rows`](Self::bind_rows), and row outputs, candidates or a mask where the spec asks for none, or
    /// none where it asks for them.
    pub fn bind_with(
        &self,
        rows: u64,
        buffers: CrossEntropyBuffers<'_>,
        extras: CrossEntropyExtras<'_>,
    ) -> Result<Bound, Error> {
        let of_rows = match buffers.grad_logits {
            Some(_) => &self.fused,
            None => &self.loss_only,
        };
        let given = Given {
            logits: buffers.logits,
            targets: buffers.targets,
            losses: Some(buffers.losses),
            grad_logits: buffers.grad_logits,
            extras,
        };
        self.base.bind(of_rows, rows, &given)
    }

    /// Number of pipelines that the bindings of this plan compile at most, if the planner holds none of them yet.
    pub fn pipelines(&self) -> usize {
        let kernels = [&self.loss_only, &self.fused];
        let around = self.base.lse.iter().chain(&self.base.row_outputs);
        let all = kernels
            .into_iter()
            .chain(around)
            .chain([&self.base.row_terms]);
        all.map(RowKernels::pipelines).sum::<usize>() + 2 * Tally::PIPELINES
    }

    /// Layout of a row in the buffer of the row outputs that the spec asks for.
    pub fn row_layout(&self) -> RowLayout {
        self.base.spec.row_outputs.layout()
    }

    /// Name of the kernel for the loss without its gradient.
    pub fn kernel(&self) -> String {
        self.loss_only.name()
    }

    /// Name of the kernel for loss and gradient.
    pub fn fused_kernel(&self) -> String {
        self.fused.name()
    }

    /// Fewest bytes that loss and gradient must move: each input read once, each output written once.
    pub fn bytes_moved(&self) -> u64 {
        self.base.bytes_moved(&self.fused)
    }
}
