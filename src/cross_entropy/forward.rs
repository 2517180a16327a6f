//! The loss, alone and with its gradient.

use super::bind::{Kernels, Request};
use super::tally::{RECORD, Tally};
use super::{CrossEntropyBuffers, CrossEntropyExtras, CrossEntropySpec, RowLayout};
use crate::kernel::Bound;
use crate::layout::Geometry;
use crate::operation::bytes_moved;
use crate::operation::sealed::Spec;
use crate::params::Params;
use crate::rows::RowKernels;
use crate::shader::Binding;
use crate::tensor::{F32, Shape};
use crate::variant::{Operation, Variant};
use crate::{Error, KernelText, Planner, Reduction};

/// A cross-entropy that is chosen and checked, waiting for buffers: the first ones that are bound have its kernels compiled.
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
    /// Plans the loss, alone and with its gradient: which of the two runs is said by the buffers. Nothing is compiled yet.
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
            tally: Tally::plan(self, spec.form())?,
        })
    }
}

impl CrossEntropyPlan {
    /// Binds buffers for all rows of the plan.
    ///
    /// # Errors
    ///
    /// A buffer without usage `STORAGE`, too small, or given twice though one of its roles is written; in place, two
    /// buffers where there is to be one; a limit of the device that no more dispatches keep to.
    pub fn bind(&self, buffers: CrossEntropyBuffers<'_>) -> Result<Bound, Error> {
        self.bind_with(self.spec.rows(), buffers, CrossEntropyExtras::default())
    }

    /// Binds buffers for `rows` rows, up to those of the plan, with further inputs and outputs.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind), more rows than the plan has, and row outputs or candidates where the spec asks for none, or
    /// none where it does.
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
        let (losses, shape) = match spec.reduction {
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

    /// How many pipelines the bindings of this plan compile at most, where the planner has none of them.
    pub fn pipelines(&self) -> usize {
        let twice = 2 * (self.loss_only.pipelines() + self.fused.pipelines());
        let row_outputs = self.row_outputs.as_ref().map_or(0, RowKernels::pipelines);
        twice + self.lse.pipelines() + row_outputs + Tally::PIPELINES
    }

    /// Where the outputs of a row stand in the buffer of the row outputs that the spec asks for.
    pub fn row_layout(&self) -> RowLayout {
        self.spec.asked().layout()
    }

    /// The kernel for the loss alone, by name.
    pub fn kernel(&self) -> String {
        self.loss_only.name()
    }

    /// The kernel for loss and gradient, by name.
    pub fn fused_kernel(&self) -> String {
        self.fused.name()
    }

    /// The kernels for the loss alone, to be read, in the order of their dispatches.
    ///
    /// # Errors
    ///
    /// A limit of the device that no more dispatches keep to.
    pub fn wgsl(&self) -> Result<Vec<KernelText>, Error> {
        self.kernels(&self.loss_only).texts(self.params)
    }

    /// The kernels for loss and gradient, to be read.
    ///
    /// # Errors
    ///
    /// As [`wgsl`](Self::wgsl).
    pub fn fused_wgsl(&self) -> Result<Vec<KernelText>, Error> {
        self.kernels(&self.fused).texts(self.params)
    }

    /// The kernel for the loss alone, as data.
    pub const fn variant(&self) -> Variant {
        self.loss_only.variant
    }

    /// The kernel for loss and gradient, as data.
    pub const fn fused_variant(&self) -> Variant {
        self.fused.variant
    }

    /// The fewest bytes that loss and gradient must move: each input read once, each output written once.
    pub fn bytes_moved(&self) -> u64 {
        bytes_moved(&self.fused.geometry)
    }
}
