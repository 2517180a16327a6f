//! The loss, with or without its gradient.

use super::{CrossEntropyBuffers, CrossEntropyExtras};
use super::{bind::Kernels, bind::Request};
use super::{tally::RECORD, tally::Tally};
use crate::device::kernel::Bound;
use crate::device::kernel_text::KernelText;
use crate::device::planner::Planner;
use crate::device::rows::RowKernels;
use crate::device::tensor::{F32, Shape};
use crate::error::Error;
use crate::ops::plan::sealed::Spec;
use crate::ops::rows::bytes_moved;
use crate::shader::Binding;
use crate::shader::params::Params;
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::reduction::Reduction;
use crate::spec::row_outputs::RowLayout;
use crate::variant::geometry::Geometry;
use crate::variant::{Operation, Variant};

/// A cross-entropy that is planned and checked. It needs buffers to run: the first binding compiles its kernels.
///
/// Cheap to clone; holds no buffer.
#[derive(Debug, Clone)]
pub struct CrossEntropyPlan {
    spec: CrossEntropySpec,
    params: Params,
    loss_only: RowKernels,
    fused: RowKernels,
    lse: RowKernels,
    row_outputs: Option<RowKernels>,
    tally: Tally,
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
        Ok(CrossEntropyPlan {
            spec,
            params: spec.params()?,
            loss_only: kernels(Operation::CrossEntropy)?,
            fused: kernels(Operation::CrossEntropyFused)?,
            lse: per_row(lse)?,
            row_outputs: spec.asked().any().then(row_outputs).transpose()?,
            tally: Tally::plan(self, spec.options())?,
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
        self.bind_with(self.spec.rows(), buffers, CrossEntropyExtras::default())
    }

    /// Binds buffers for `rows` rows, up to those of the plan, with further inputs and outputs.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind); more rows than the plan has; row outputs or candidates where the spec asks for none, or
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
        let request = self.request(rows, &buffers, &extras)?;
        self.kernels(of_rows).bind(request)
    }

    const fn kernels<'p>(&'p self, rows: &'p RowKernels) -> Kernels<'p> {
        Kernels {
            spec: &self.spec,
            rows,
            tally: &self.tally,
            lse: Some(&self.lse),
            row_outputs: self.row_outputs.as_ref(),
        }
    }

    fn request<'a>(
        &self,
        rows: u64,
        buffers: &CrossEntropyBuffers<'a>,
        extras: &CrossEntropyExtras<'a>,
    ) -> Result<Request<'a>, Error> {
        let (spec, geometry) = (&self.spec, &self.fused.geometry);
        let per_row = Shape::VALUE_PER_ROW;
        let mut request = Request::new(self.params, rows);
        request.read_rows(spec, geometry, buffers.logits, buffers.targets);
        request.read_extras(spec, extras);
        request.give_row_outputs(spec, extras)?;
        let (losses, shape) = match spec.loss.reduction {
            Reduction::None => (Binding::RowOutput, per_row),
            _ => (Binding::ReducedLoss, Shape::Whole { bytes: F32 }),
        };
        request.write(losses, "losses", buffers.losses, shape);
        let matrix = Shape::matrix(Binding::Result, geometry);
        let record = Shape::Whole { bytes: RECORD };
        let pairs = match self.row_outputs {
            Some(_) => Binding::CallerPairs,
            None => Binding::Pairs,
        };
        for (binding, role, buffer, shape) in [
            (Binding::Result, "grad_logits", buffers.grad_logits, matrix),
            (pairs, "pairs", extras.pairs, Shape::PAIR_PER_ROW),
            (Binding::Lse, "lse", extras.lse, per_row),
            (Binding::Status, "status", extras.status, record),
        ] {
            if let Some(buffer) = buffer {
                request.write(binding, role, buffer, shape);
            }
        }
        Ok(request)
    }

    /// Number of pipelines that the bindings of this plan compile at most, if the planner holds none of them yet.
    pub fn pipelines(&self) -> usize {
        let losses = self.loss_only.pipelines() + self.fused.pipelines();
        let row_outputs = self.row_outputs.as_ref().map_or(0, RowKernels::pipelines);
        losses + self.lse.pipelines() + row_outputs + Tally::PIPELINES
    }

    /// Layout of a row in the buffer of the row outputs that the spec asks for.
    pub fn row_layout(&self) -> RowLayout {
        self.spec.asked().layout()
    }

    /// Name of the kernel for the loss without its gradient.
    pub fn kernel(&self) -> String {
        self.loss_only.name()
    }

    /// Name of the kernel for loss and gradient.
    pub fn fused_kernel(&self) -> String {
        self.fused.name()
    }

    /// Returns the kernels for the loss without its gradient, as readable text, in the order of their dispatches: those of
    /// [`bind`](Self::bind). Weights, an upstream gradient or pairs among the extras of a binding ask for others.
    ///
    /// # Errors
    ///
    /// A device limit that more dispatches cannot avoid.
    pub fn wgsl(&self) -> Result<Vec<KernelText>, Error> {
        self.kernels(&self.loss_only).texts(self.params)
    }

    /// Returns the kernels for loss and gradient, as readable text.
    ///
    /// # Errors
    ///
    /// As [`wgsl`](Self::wgsl).
    pub fn fused_wgsl(&self) -> Result<Vec<KernelText>, Error> {
        self.kernels(&self.fused).texts(self.params)
    }

    /// The kernel for the loss without its gradient, as data.
    pub const fn variant(&self) -> Variant {
        self.loss_only.variant
    }

    /// The kernel for loss and gradient, as data.
    pub const fn fused_variant(&self) -> Variant {
        self.fused.variant
    }

    /// Fewest bytes that loss and gradient must move: each input read once, each output written once.
    pub fn bytes_moved(&self) -> u64 {
        bytes_moved(&self.fused.geometry)
    }
}
