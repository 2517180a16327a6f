//! From buffers to a binding: their roles and checks, and the dispatches around those of the chunks.

use wgpu::Buffer;

use super::{LinearCrossEntropyBuffers, LinearCrossEntropyPlan};
use crate::device::caps::SLOT;
use crate::device::kernel::{Bound, Step};
use crate::device::scope::contain;
use crate::device::tensor::{F32, Role, Shape, Tensor, binding, check};
use crate::error::Error;
use crate::ops::cross_entropy::CrossEntropyExtras;
use crate::ops::cross_entropy::base::Given;
use crate::ops::operand::in_role;
use crate::shader::Binding;
use crate::spec::dtype::DType;

/// What is multiplied, and the gradients by it.
pub(super) struct Operands<'a> {
    pub(super) hidden: Tensor<'a>,
    pub(super) weight: Tensor<'a>,
    pub(super) bias: Option<Tensor<'a>>,
    pub(super) grad_hidden: Option<Tensor<'a>>,
    pub(super) grad_weight: Option<Tensor<'a>>,
    pub(super) grad_bias: Option<Tensor<'a>>,
}

impl LinearCrossEntropyPlan {
    /// Binds buffers for all rows of the plan.
    ///
    /// # Errors
    ///
    /// A buffer without usage `STORAGE`, too small, or given twice though one of its roles is written; a device limit that more
    /// dispatches cannot avoid.
    pub fn bind(&self, buffers: LinearCrossEntropyBuffers<'_>) -> Result<Bound, Error> {
        self.bind_rows(self.spec.rows, buffers)
    }

    /// Binds buffers for `rows` rows, up to those of the plan.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind), and more rows than the plan has.
    pub fn bind_rows(
        &self,
        rows: u64,
        buffers: LinearCrossEntropyBuffers<'_>,
    ) -> Result<Bound, Error> {
        self.bind_with(rows, buffers, CrossEntropyExtras::default())
    }

    /// Binds buffers for `rows` rows, up to those of the plan, with further inputs and outputs.
    ///
    /// # Errors
    ///
    /// As [`bind_rows`](Self::bind_rows), and row outputs or candidates among the extras.
    pub fn bind_with(
        &self,
        rows: u64,
        buffers: LinearCrossEntropyBuffers<'_>,
        extras: CrossEntropyExtras<'_>,
    ) -> Result<Bound, Error> {
        self.bind_by(rows, buffers, extras, |steps| {
            Bound::new(self.planner.device(), &steps)
        })
    }

    /// Binds the products by themselves, and the loss by itself.
    #[cfg(feature = "bench")]
    pub(crate) fn bind_parts(
        &self,
        buffers: LinearCrossEntropyBuffers<'_>,
    ) -> Result<(Bound, Bound), Error> {
        let extras = CrossEntropyExtras::default();
        self.bind_by(self.spec.rows, buffers, extras, |steps| {
            let is_product = |step: &Step<'_>| step.kernel.runnable.program.stage.is_linear();
            let (products, loss): (Vec<_>, Vec<_>) = steps.into_iter().partition(is_product);
            let bound = |steps: Vec<Step<'_>>| Bound::new(self.planner.device(), &steps);
            Ok((bound(products)?, bound(loss)?))
        })
    }

    /// Checks buffers, and binds the dispatches.
    fn bind_by<T>(
        &self,
        rows: u64,
        buffers: LinearCrossEntropyBuffers<'_>,
        extras: CrossEntropyExtras<'_>,
        bind: impl FnOnce(Vec<Step<'_>>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if extras.row_outputs.is_some() || extras.candidates.is_some() {
            let expected = "no row outputs and no candidates";
            return Err(Error::value(
                "extras of a linear layer's loss",
                expected,
                "some",
            ));
        }
        let kernels = self.rows(buffers.gradients.any());
        let operands = self.operands(&buffers);
        let given = self.of_loss(&buffers, extras);
        let all: Vec<_> = operands.all().chain(given.iter().copied()).collect();
        kernels.check_rows(rows)?;
        check(&all, rows, false)?;
        self.check_dispatches(rows)?;
        let at = || binding("linear-cross-entropy", rows, &all);
        contain(self.planner.device(), at, || {
            let base = &self.loss.base;
            let own = base.own(kernels, &given, rows)?;
            let chunk = self.chunk(kernels, rows, buffers.gradients.hidden.is_some())?;
            let given = [given.clone(), chunk.tensors(buffers.gradients.any())].concat();
            let steps = base.steps(kernels, rows, &given, &own, |kernels, tensors, params| {
                self.chunks(kernels, &operands, (tensors, &chunk), rows, params)
            })?;
            bind(steps)
        })
    }

    /// Checks that one buffer holds the numbers of all dispatches.
    fn check_dispatches(&self, rows: u64) -> Result<(), Error> {
        // The products of every part of the classes, the loss in two dispatches at most, the sums, and the rounding.
        let of_chunk = 3 * self.class_windows()?.len() as u64 + 4;
        let chunks = rows.div_ceil(self.chunk_rows);
        let needed = chunks.saturating_mul(of_chunk).saturating_mul(SLOT.into());
        let available = self.planner.device().limits().max_buffer_size;
        if needed <= available {
            return Ok(());
        }
        Err(Error::Limit {
            what: format!("the dispatches of {chunks} chunks of rows"),
            limit: "max_buffer_size",
            needed,
            available,
        })
    }

    fn operands<'a>(&self, buffers: &LinearCrossEntropyBuffers<'a>) -> Operands<'a> {
        let (features, classes) = (self.spec.features, self.spec.classes);
        let dtype = self.spec.dtype;
        // Checked as a whole: its rows are the classes.
        let of_classes = |dtype: DType| {
            let bytes = (classes * features).saturating_mul(dtype.bytes());
            let bytes = bytes.checked_next_multiple_of(4).unwrap_or(u64::MAX);
            Shape::Whole { bytes }
        };
        let per_class = Shape::Whole {
            bytes: classes * F32,
        };
        let read = |name, shape, buffer| Tensor::read(Binding::Source, name, buffer, shape);
        let written =
            |name, shape| move |buffer| Tensor::written(Binding::Result, name, buffer, shape);
        let wanted = buffers.gradients;
        Operands {
            hidden: read("hidden", self.rows_of_features(dtype), buffers.hidden),
            weight: read("weight", of_classes(dtype), buffers.weight),
            bias: buffers.bias.map(|buffer| read("bias", per_class, buffer)),
            grad_hidden: wanted
                .hidden
                .map(written("grad_hidden", self.rows_of_features(dtype))),
            grad_weight: wanted
                .weight
                .map(written("grad_weight", of_classes(DType::F32))),
            grad_bias: wanted.bias.map(written("grad_bias", per_class)),
        }
    }

    /// Returns the buffers of the loss, but for the logits and their gradient.
    fn of_loss<'a>(
        &self,
        buffers: &LinearCrossEntropyBuffers<'a>,
        extras: CrossEntropyExtras<'a>,
    ) -> Vec<Tensor<'a>> {
        let base = &self.loss.base;
        let given = Given {
            logits: buffers.hidden,
            targets: buffers.targets,
            losses: Some(buffers.losses),
            grad_logits: None,
            extras,
        };
        let named = |role: Role| Role {
            name: match role.binding {
                Binding::Weight => "class_weight",
                _ => role.name,
            },
            ..role
        };
        let tensor = |role: Role| {
            let buffer: Option<&Buffer> = given.buffer(role.binding);
            buffer.map(|buffer| in_role(named(role), base.writes(role.binding), buffer))
        };
        let roles = base.callers(&self.loss.fused.geometry).into_iter();
        roles
            .filter(|role| !role.shape.is_matrix())
            .filter_map(tensor)
            .collect()
    }
}

impl<'a> Operands<'a> {
    fn all(&self) -> impl Iterator<Item = Tensor<'a>> {
        let Self {
            hidden,
            weight,
            bias,
            grad_hidden,
            grad_weight,
            grad_bias,
        } = self;
        let gradients = [bias, grad_hidden, grad_weight, grad_bias];
        [*hidden, *weight]
            .into_iter()
            .chain(gradients.into_iter().copied().flatten())
    }
}
