//! From buffers to a binding: their roles and checks, and the dispatches around those of the chunks.

use wgpu::Buffer;

use super::chunks::rows_of_features;
use super::{LinearCrossEntropyBuffers, LinearCrossEntropyPlan};
use crate::device::kernel::{Bound, Step};
use crate::device::memory::{Make, Memory};
use crate::device::runnable::UNIFORM_STRIDE;
use crate::device::tensor::{F32, Role, Shape, Tensor, check, describe};
use crate::error::Error;
use crate::ops::cross_entropy::CrossEntropyExtras;
use crate::ops::cross_entropy::base::Given;
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

/// Memory of the operands.
pub(super) struct Held {
    pub(super) hidden: Memory,
    pub(super) weight: Memory,
    pub(super) bias: Option<Memory>,
    pub(super) grad_hidden: Option<Memory>,
    pub(super) grad_weight: Option<Memory>,
    pub(super) grad_bias: Option<Memory>,
}

impl Held {
    fn of(buffers: &LinearCrossEntropyBuffers<'_>) -> Self {
        let some = |buffer: Option<&Buffer>| buffer.map(Memory::from);
        Self {
            hidden: buffers.hidden.into(),
            weight: buffers.weight.into(),
            bias: some(buffers.bias),
            grad_hidden: some(buffers.gradients.hidden),
            grad_weight: some(buffers.gradients.weight),
            grad_bias: some(buffers.gradients.bias),
        }
    }
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
    /// As [`bind_rows`](Self::bind_rows), and row outputs, candidates or a mask where the spec asks for none, or none where it asks for
    /// them.
    pub fn bind_with(
        &self,
        rows: u64,
        buffers: LinearCrossEntropyBuffers<'_>,
        extras: CrossEntropyExtras<'_>,
    ) -> Result<Bound, Error> {
        self.bind_by(rows, buffers, extras, |at, steps| {
            self.planner.bind(at, steps)
        })
    }

    /// Binds the products by themselves, and the loss by itself.
    #[cfg(feature = "bench")]
    pub(crate) fn bind_parts(
        &self,
        buffers: LinearCrossEntropyBuffers<'_>,
    ) -> Result<(Bound, Bound), Error> {
        let extras = CrossEntropyExtras::default();
        self.bind_by(self.spec.rows, buffers, extras, |at, steps| {
            let is_product = |step: &Step| step.runnable.program.stage.is_linear();
            let mut loss = Vec::new();
            let products = self.planner.bind(at, |make| {
                let (products, others) = steps(make)?.into_iter().partition(is_product);
                loss = others;
                Ok(products)
            })?;
            Ok((products, self.planner.bind(at, |_| Ok(loss))?))
        })
    }

    /// Checks buffers, and has `bind` bind the dispatches: it is given words for the binding, and what makes them.
    fn bind_by<T>(
        &self,
        rows: u64,
        buffers: LinearCrossEntropyBuffers<'_>,
        extras: CrossEntropyExtras<'_>,
        bind: impl FnOnce(
            &dyn Fn() -> String,
            &dyn Fn(Make<'_>) -> Result<Vec<Step>, Error>,
        ) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.loss.base.check_extras(extras)?;
        let held = Held::of(&buffers);
        let operands = self.operands(&held);
        let lent = Given {
            logits: buffers.hidden,
            targets: buffers.targets,
            losses: Some(buffers.losses),
            grad_logits: None,
            extras,
        };
        let of_loss = self.of_loss(|role| lent.buffer(role.binding).map(Memory::from));
        let given = self.loss.base.tensors(&of_loss);
        let all: Vec<_> = operands.all().chain(given.iter().copied()).collect();
        self.rows(operands.has_gradients()).check_rows(rows)?;
        check(&all, rows, false)?;
        self.check_dispatches(rows)?;
        let at = || describe("linear-cross-entropy", rows, &all);
        bind(&at, &|make| self.steps(rows, &operands, &given, make))
    }

    /// Returns the dispatches for `rows` rows of checked operands and what is `given` of the loss.
    pub(super) fn steps(
        &self,
        rows: u64,
        operands: &Operands<'_>,
        given: &[Tensor<'_>],
        make: Make<'_>,
    ) -> Result<Vec<Step>, Error> {
        let has_gradients = operands.has_gradients();
        let (base, kernels) = (&self.loss.base, self.rows(has_gradients));
        let chunk = self.chunk(kernels, rows, operands.grad_hidden.is_some(), make)?;
        let given = [given, &chunk.tensors(has_gradients)].concat();
        base.steps_around(kernels, rows, &given, make, self.gathers(), |serving| {
            Ok(self.chunks(serving, operands, &chunk, rows))
        })
    }

    /// Checks that one buffer holds the numbers of all dispatches.
    pub(super) fn check_dispatches(&self, rows: u64) -> Result<(), Error> {
        // The products of every part of the classes, the loss in two dispatches at most, the sums, the rounding, and what row outputs take.
        let of_chunk = 3 * self.class_windows.len() as u64 + 5;
        let chunks = rows.div_ceil(self.chunk_rows);
        let needed = chunks
            .saturating_mul(of_chunk)
            .saturating_mul(UNIFORM_STRIDE.into());
        let available = self.planner.limits().max_buffer_size;
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

    pub(super) fn operands<'a>(&self, held: &'a Held) -> Operands<'a> {
        let (dtype, classes) = (self.spec.dtype, self.spec.classes);
        // Checked as a whole: its rows are the classes.
        let of_classes = |dtype| Shape::Whole {
            bytes: rows_of_features(&self.spec, dtype).bytes(classes),
        };
        let per_class = Shape::Whole {
            bytes: classes * F32,
        };
        let of_rows = rows_of_features(&self.spec, dtype);
        let read = |name, shape, memory| Tensor::read(Binding::Source, name, memory, shape);
        let written = |name, shape, memory: &'a Option<Memory>| {
            let memory = memory.as_ref()?;
            Some(Tensor::written(Binding::Result, name, memory, shape))
        };
        Operands {
            hidden: read("hidden", of_rows, &held.hidden),
            weight: read("weight", of_classes(dtype), &held.weight),
            bias: held.bias.as_ref().map(|bias| read("bias", per_class, bias)),
            grad_hidden: written("grad_hidden", of_rows, &held.grad_hidden),
            grad_weight: written("grad_weight", of_classes(DType::F32), &held.grad_weight),
            grad_bias: written("grad_bias", per_class, &held.grad_bias),
        }
    }

    /// Returns the roles of the loss that have memory, but for the logits and their gradient.
    pub(super) fn of_loss(&self, memory: impl Fn(Role) -> Option<Memory>) -> Vec<(Role, Memory)> {
        let named = |role: Role| Role {
            name: match role.binding {
                Binding::Weight => "class_weight",
                _ => role.name,
            },
            ..role
        };
        let memory = |role: Role| Some((named(role), memory(role)?));
        let roles = self
            .loss
            .base
            .callers(&self.loss.fused.geometry)
            .into_iter();
        roles
            .filter(|role| !role.shape.is_matrix())
            .filter_map(memory)
            .collect()
    }
}

impl<'a> Operands<'a> {
    const fn has_gradients(&self) -> bool {
        self.grad_hidden.is_some() || self.grad_weight.is_some() || self.grad_bias.is_some()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Tensor<'a>> {
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
