//! The gradient of the loss, from the pairs that a forward pass has saved: no reduction over classes.

use wgpu::Buffer;

use super::CrossEntropyExtras;
use super::tally::Tally;
use super::{bind::Kernels, bind::Request};
use crate::device::kernel::Bound;
use crate::device::kernel_text::KernelText;
use crate::device::planner::Planner;
use crate::device::rows::RowKernels;
use crate::device::tensor::Shape;
use crate::error::Error;
use crate::ops::plan::sealed::Spec;
use crate::ops::rows::bytes_moved;
use crate::shader::Binding;
use crate::shader::params::Params;
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::variant::{Operation, Variant};

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
#[derive(Debug, Clone)]
pub struct CrossEntropyBackwardPlan {
    spec: CrossEntropySpec,
    params: Params,
    kernels: RowKernels,
    tally: Tally,
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
        let spec = spec.without_row_outputs();
        let operation = match spec.options().is_dense() {
            true => Operation::CrossEntropyFused,
            false => Operation::CrossEntropyBackward,
        };
        Ok(CrossEntropyBackwardPlan {
            spec,
            params: spec.params()?,
            kernels: RowKernels::plan(self, spec.geometry(operation)?)?,
            tally: Tally::plan(self, spec.options())?,
        })
    }
}

impl CrossEntropyBackwardPlan {
    /// Binds buffers for all rows of the plan.
    ///
    /// # Errors
    ///
    /// As [`CrossEntropyPlan::bind`](super::CrossEntropyPlan::bind).
    pub fn bind(&self, buffers: CrossEntropyBackwardBuffers<'_>) -> Result<Bound, Error> {
        self.bind_rows(self.spec.rows(), buffers)
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

    /// Binds buffers for `rows` rows, up to those of the plan, with further inputs: class weights and the upstream
    /// gradient.
    ///
    /// # Errors
    ///
    /// As [`bind_rows`](Self::bind_rows), and an output or candidates among the extras: this pass gives only the
    /// gradient.
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
            return Err(Error::Value {
                what: "extras of a backward pass",
                expected: "class weights and an upstream gradient at most",
                found: found.into(),
            });
        }
        self.kernels().bind(self.request(rows, &buffers, &extras))
    }

    const fn kernels(&self) -> Kernels<'_> {
        Kernels {
            spec: &self.spec,
            rows: &self.kernels,
            tally: &self.tally,
            lse: None,
            row_outputs: None,
        }
    }

    /// Returns the kernels that serve all rows of the plan, as readable text, in the order of their dispatches.
    ///
    /// # Errors
    ///
    /// A device limit that more dispatches cannot avoid.
    pub fn wgsl(&self) -> Result<Vec<KernelText>, Error> {
        self.kernels().texts(self.params)
    }

    fn request<'a>(
        &self,
        rows: u64,
        buffers: &CrossEntropyBackwardBuffers<'a>,
        extras: &CrossEntropyExtras<'a>,
    ) -> Request<'a> {
        let (spec, geometry) = (&self.spec, &self.kernels.geometry);
        let mut request = Request::new(self.params, rows);
        request.read_rows(spec, geometry, buffers.logits, buffers.targets);
        request.read_extras(spec, extras);
        request.skip_losses();
        request.read(Binding::Pairs, "pairs", buffers.pairs, Shape::PAIR_PER_ROW);
        let matrix = Shape::matrix(Binding::Result, geometry);
        request.write(Binding::Result, "grad_logits", buffers.grad_logits, matrix);
        request
    }

    /// Number of pipelines that the bindings of this plan compile at most, if the planner holds none of them yet.
    pub fn pipelines(&self) -> usize {
        self.kernels.pipelines() + Tally::PIPELINES
    }

    /// Name of the chosen kernel.
    pub fn kernel(&self) -> String {
        self.kernels.name()
    }

    /// The chosen kernel as data.
    pub const fn variant(&self) -> Variant {
        self.kernels.variant
    }

    /// Fewest bytes that the operation must move: each input read once, each output written once.
    pub fn bytes_moved(&self) -> u64 {
        bytes_moved(&self.kernels.geometry)
    }
}
