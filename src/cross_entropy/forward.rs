//! The loss, alone and with its gradient.

use wgpu::Buffer;

use super::tally::{Own, RECORD, Tally};
use super::{CrossEntropyBuffers, CrossEntropyExtras, CrossEntropySpec};
use super::{MEAN, SAVES_LSE, SAVES_PAIR};
use crate::kernel::{Bound, Params};
use crate::operation::bytes_moved;
use crate::operation::sealed::Spec;
use crate::rows::RowKernels;
use crate::shader::Binding;
use crate::tensor::{F32, Shape, Tensor, check};
use crate::variant::{Operation, Variant};
use crate::{Error, Planner, Reduction};

/// A cross-entropy that is chosen, checked and compiled, waiting for buffers.
///
/// Cheap to clone; holds no buffer.
#[derive(Debug, Clone)]
pub struct CrossEntropyPlan {
    spec: CrossEntropySpec,
    params: Params,
    loss_only: RowKernels,
    fused: RowKernels,
    tally: Tally,
}

impl Planner {
    /// Plans the loss, alone and with its gradient: which of the two runs is said by the buffers.
    ///
    /// # Errors
    ///
    /// No classes, more rows or classes than 32-bit indices reach, or a forced variant that cannot serve.
    pub fn cross_entropy(&self, spec: CrossEntropySpec) -> Result<CrossEntropyPlan, Error> {
        let kernels = |operation| RowKernels::plan(self, spec.geometry(operation)?);
        Ok(CrossEntropyPlan {
            spec,
            params: spec.params()?,
            loss_only: kernels(Operation::CrossEntropy)?,
            fused: kernels(Operation::CrossEntropyFused)?,
            tally: Tally::plan(self)?,
        })
    }
}

impl CrossEntropyPlan {
    /// Binds buffers for all rows of the plan.
    ///
    /// # Errors
    ///
    /// A buffer without usage `STORAGE`, too small, or given twice though one of its roles is written; a row that
    /// exceeds the device's binding limit.
    pub fn bind(&self, buffers: CrossEntropyBuffers<'_>) -> Result<Bound, Error> {
        self.bind_with(self.spec.rows(), buffers, CrossEntropyExtras::default())
    }

    /// Binds buffers for `rows` rows, up to those of the plan, with further outputs.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind), and more rows than the plan has.
    pub fn bind_with(
        &self,
        rows: u64,
        buffers: CrossEntropyBuffers<'_>,
        extras: CrossEntropyExtras<'_>,
    ) -> Result<Bound, Error> {
        let fused = buffers.grad_logits.is_some();
        let kernels = if fused { &self.fused } else { &self.loss_only };
        kernels.check_rows(rows)?;
        let given = self.given(buffers, extras);
        check(&given, rows)?;
        let own = Own::new(&self.tally, &given, rows, self.spec.reduction)?;
        let tensors = own.beside(given, rows);

        let mean = if self.spec.reduction == Reduction::Mean {
            MEAN
        } else {
            0
        };
        let plain = Params {
            options: self.options(extras),
            ..self.params
        };
        let averaged = Params {
            options: plain.options | mean,
            ..plain
        };
        let scratch = kernels.scratch(&tensors, rows)?;
        let mut steps = Vec::new();
        if mean != 0 && fused {
            steps.extend(
                self.tally
                    .count(&tensors, kernels.geometry.cols, rows, averaged)?,
            );
        }
        let of_each = if fused { averaged } else { plain };
        steps.extend(kernels.steps(&tensors, rows, of_each, scratch.as_ref())?);
        if self.spec.reduction != Reduction::None || extras.status.is_some() {
            steps.extend(
                self.tally
                    .reduce(&tensors, kernels.geometry.cols, rows, averaged)?,
            );
        }
        Ok(Bound::new(kernels.planner.device(), &steps))
    }

    fn options(&self, extras: CrossEntropyExtras<'_>) -> u32 {
        let bit = |asked, bit| if asked { bit } else { 0 };
        let saved = bit(extras.lse.is_some(), SAVES_LSE) | bit(extras.pairs.is_some(), SAVES_PAIR);
        self.params.options | saved
    }

    /// The tensors that the caller has given.
    fn given<'a>(
        &self,
        buffers: CrossEntropyBuffers<'a>,
        extras: CrossEntropyExtras<'a>,
    ) -> Vec<Tensor<'a>> {
        let matrix = |binding| Shape::matrix(binding, &self.fused.geometry);
        let per_row = Shape::VALUE_PER_ROW;
        let losses = match self.spec.reduction {
            Reduction::None => (Binding::RowOutput, per_row),
            _ => (Binding::ReducedLoss, Shape::Whole { bytes: F32 }),
        };
        let mut tensors = vec![
            Tensor::read(
                Binding::Source,
                "logits",
                buffers.logits,
                matrix(Binding::Source),
            ),
            Tensor::read(Binding::RowInput, "targets", buffers.targets, per_row),
            Tensor::written(losses.0, "losses", buffers.losses, losses.1),
        ];
        let mut optional = |binding, role, buffer: Option<&'a Buffer>, shape| {
            tensors.extend(buffer.map(|buffer| Tensor::written(binding, role, buffer, shape)));
        };
        optional(
            Binding::Result,
            "grad_logits",
            buffers.grad_logits,
            matrix(Binding::Result),
        );
        optional(Binding::Pairs, "pairs", extras.pairs, Shape::PAIR_PER_ROW);
        optional(Binding::Lse, "lse", extras.lse, per_row);
        optional(
            Binding::Status,
            "status",
            extras.status,
            Shape::Whole { bytes: RECORD },
        );
        tensors
    }

    /// The kernel for the loss alone, by name.
    pub fn kernel(&self) -> String {
        self.loss_only.name()
    }

    /// The kernel for loss and gradient, by name.
    pub fn fused_kernel(&self) -> String {
        self.fused.name()
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
