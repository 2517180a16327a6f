//! The gradient of the loss, from the pairs that a forward pass has saved: no reduction over classes.

use wgpu::Buffer;

use super::CrossEntropyExtras;
use super::base::{Base, Given, row_terms};
use super::tally::Tally;
use crate::device::kernel::Bound;
use crate::device::planner::Planner;
use crate::device::rows::RowKernels;
use crate::error::Error;
use crate::ops::plan::sealed::Spec;
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::row_outputs::RowOutputs;
use crate::variant::Operation;

/// The buffers of a cross-entropy's backward pass, each with usage `STORAGE`.
#[derive(Debug, Clone, Copy)]
pub struct CrossEntropyBackwardBuffers<'a> {
    /// Read: `rows` x `classes`.
    pub logits: &'a Buffer,
    /// Read: `rows` class ids, or `rows` x `classes` probabilities: see [`TargetType`](crate::TargetType).
    pub targets: &'a Buffer,
    /// Read: two f32 a row, as a forward pass or a merge of statistics has saved them.
    pub pairs: &'a Buffer,
    /// Written: `rows` x `classes`.
    pub grad_logits: &'a Buffer,
}

/// The planned backward pass of a cross-entropy. It needs buffers to run.
///
/// With label smoothing, or with probabilities as targets, every class has a target weight. The sum of a row's target
/// weights is then taken again, with the row's statistic, and the pairs are not read.
///
/// Cheap to clone; holds no buffer.
///
/// ```
/// # use wgpu_softmax::{CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras, CrossEntropySpec, Gpu};
/// # let gpu = Gpu::open()?;
/// # let (planner, logits) = (gpu.planner(), gpu.upload("logits", &[0f32; 6])?);
/// # let (targets, losses) = (gpu.upload("targets", &[2, 0])?, gpu.allocate("losses", 4)?);
/// # let (grad_logits, pairs) = (gpu.allocate("grad_logits", 24)?, gpu.allocate("pairs", 16)?);
/// let spec = CrossEntropySpec::new(2, 3);
/// let (logits, targets, losses) = (&logits, &targets, &losses);
/// let forward = CrossEntropyBuffers { logits, targets, losses, grad_logits: None };
/// let forward = planner.cross_entropy(spec)?.bind_with(2, forward, CrossEntropyExtras::default().pairs(&pairs))?;
///
/// let (pairs, grad_logits) = (&pairs, &grad_logits);
/// let backward = CrossEntropyBackwardBuffers { logits, targets, pairs, grad_logits };
/// let backward = planner.cross_entropy_backward(spec)?.bind(backward)?;
/// # Ok::<(), wgpu_softmax::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct CrossEntropyBackwardPlan {
    pub(crate) base: Base,
    pub(crate) kernels: RowKernels,
}

impl Planner {
    /// Plans the gradient of the loss from saved pairs.
    ///
    /// # Errors
    ///
    /// As [`cross_entropy`](Self::cross_entropy).
    pub fn cross_entropy_backward(
        &self,
        spec: CrossEntropySpec,
    ) -> Result<CrossEntropyBackwardPlan, Error> {
        let spec = spec.row_outputs(RowOutputs::default());
        let operation = match spec.options().is_dense() {
            true => Operation::CrossEntropyFused,
            false => Operation::CrossEntropyBackward,
        };
        let params = spec.params()?;
        let kernels = RowKernels::plan(self, spec.geometry(operation)?)?;
        let base = Base {
            spec,
            params,
            tally: Tally::plan(self, spec.options_of(Operation::CrossEntropy))?,
            lse: None,
            row_terms: row_terms(self, &spec)?,
            row_outputs: None,
        };
        Ok(CrossEntropyBackwardPlan { base, kernels })
    }
}

impl CrossEntropyBackwardPlan {
    /// Binds buffers for all rows of the plan.
    ///
    /// # Errors
    ///
    /// As [`CrossEntropyPlan::bind`](super::CrossEntropyPlan::bind).
    pub fn bind(&self, buffers: CrossEntropyBackwardBuffers<'_>) -> Result<Bound, Error> {
        self.bind_rows(self.base.spec.rows(), buffers)
    }

    /// Binds buffers for `rows` rows, up to those of the plan.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind), and more rows than the plan has.
    pub fn bind_rows(
        &self,
        rows: u64,
        buffers: CrossEntropyBackwardBuffers<'_>,
    ) -> Result<Bound, Error> {
        self.bind_with(rows, buffers, CrossEntropyExtras::default())
    }

    /// Binds buffers for `rows` rows, up to those of the plan, with further inputs: weights of classes, weights and
    /// scales of rows, the mask of the spec, and the upstream gradient.
    ///
    /// # Errors
    ///
    /// As [`bind_rows`](Self::bind_rows), an output or candidates among the extras, since this pass gives only the
    /// gradient, and a mask where the spec has none, or none where it has one.
    pub fn bind_with(
        &self,
        rows: u64,
        buffers: CrossEntropyBackwardBuffers<'_>,
        extras: CrossEntropyExtras<'_>,
    ) -> Result<Bound, Error> {
        let outputs = [extras.pairs, extras.lse, extras.status, extras.row_outputs];
        let found = match outputs.iter().any(Option::is_some) {
            true => Some("an output of the forward pass"),
            false => extras.candidates.map(|_| "candidates"),
        };
        if let Some(found) = found {
            let expected = "weights, scales, a mask and an upstream gradient at most";
            return Err(Error::value("extras of a backward pass", expected, found));
        }
        let CrossEntropyBackwardBuffers {
            logits,
            targets,
            pairs,
            grad_logits,
        } = buffers;
        let given = Given {
            logits,
            targets,
            losses: None,
            grad_logits: Some(grad_logits),
            extras: extras.pairs(pairs),
        };
        self.base.bind(&self.kernels, rows, &given)
    }

    /// Number of pipelines that the bindings of this plan compile at most, if the planner holds none of them yet.
    pub fn pipelines(&self) -> usize {
        self.kernels.pipelines() + self.base.row_terms.pipelines() + 2 * Tally::PIPELINES
    }

    /// Name of the chosen kernel.
    pub fn kernel(&self) -> String {
        self.kernels.name()
    }

    /// Fewest bytes that the operation must move: each input read once, each output written once.
    pub fn bytes_moved(&self) -> u64 {
        self.base.bytes_moved(&self.kernels)
    }
}
