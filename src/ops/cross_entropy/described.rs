//! Plans of a cross-entropy as dispatches over described memory.

use super::base::Base;
use super::{CrossEntropyBackwardPlan, CrossEntropyPlan};
use crate::device::described::{Described, Element, memory_of};
use crate::device::memory::described_scratch;
use crate::device::rows::RowKernels;
use crate::device::tensor::{Role, check_roles};
use crate::error::Error;
use crate::shader::Binding;

/// A buffer that a binding of a cross-entropy may have or not, as in [`CrossEntropyExtras`](crate::CrossEntropyExtras).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Optional {
    /// Read: the weight of each class; of a linear layer, its buffer has the name `class_weight`.
    Weight,
    /// Read: the weight of each row.
    RowWeight,
    /// Read: the scale of each row.
    RowScale,
    /// Read: the upstream gradient of the losses.
    GradLosses,
    /// Written: `(max, 1 / sum)` of every row.
    Pairs,
    /// Written: `ln sum exp` of every row.
    Lse,
    /// Written: one [`Status`](crate::Status).
    Status,
    /// Of a linear layer alone. Read: its bias; the gradient by it is written, if there are gradients.
    Bias,
}

impl Optional {
    /// Every optional buffer.
    pub const ALL: [Self; 8] = [
        Self::Weight,
        Self::RowWeight,
        Self::RowScale,
        Self::GradLosses,
        Self::Pairs,
        Self::Lse,
        Self::Status,
        Self::Bias,
    ];

    /// Name of the buffer.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Weight => "weight",
            Self::RowWeight => "row_weight",
            Self::RowScale => "row_scale",
            Self::GradLosses => "grad_losses",
            Self::Pairs => "pairs",
            Self::Lse => "lse",
            Self::Status => "status",
            Self::Bias => "bias",
        }
    }
}

impl CrossEntropyPlan {
    /// Describes the dispatches of the loss, or of loss and gradient if it is `fused`, for all rows.
    pub(crate) fn described(&self, fused: bool, with: &[Optional]) -> Result<Described, Error> {
        let kernels = if fused { &self.fused } else { &self.loss_only };
        self.base.described(kernels, with)
    }
}

impl CrossEntropyBackwardPlan {
    /// Describes the dispatches of the gradient for all rows.
    pub(crate) fn described(&self, with: &[Optional]) -> Result<Described, Error> {
        self.base.described(&self.kernels, with)
    }
}

impl Base {
    fn described(&self, kernels: &RowKernels, with: &[Optional]) -> Result<Described, Error> {
        let problem = kernels.geometry.problem;
        let (rows, writes_matrix) = (problem.rows, problem.operation.writes_matrix());
        let mut roles = self.callers(&kernels.geometry);
        if let Some(missing) = with.iter().find(|optional| {
            let mut optionals = roles.iter().filter(|role| role.optional);
            !optionals.any(|role| role.name == optional.name())
        }) {
            let expected = match missing {
                Optional::Bias => "no bias, but for a linear layer",
                _ => {
                    "weight, row_weight, row_scale and grad_losses at most, for a gradient from saved pairs"
                }
            };
            return Err(Error::value("optional buffers", expected, missing.name()));
        }
        roles.retain(|role| match role.binding {
            Binding::Result => writes_matrix,
            _ if self.ignores(role.binding) => false,
            _ if role.optional => with.iter().any(|optional| optional.name() == role.name),
            _ => true,
        });
        check_roles(&roles, rows, kernels.planner.limits().max_buffer_size)?;
        let memory = memory_of(&roles, rows, problem.options.in_place)?;
        let given: Vec<_> = roles.into_iter().zip(memory).collect();
        let tensors = self.tensors(&given);
        let steps = self.steps(kernels, rows, &tensors, &described_scratch)?;
        let holds = |role: &Role| (self.writes(role.binding), self.element(role));
        let shape = [rows, problem.cols.into(), problem.inner.into()];
        Ok(Described::new(shape, steps, given.into_iter(), holds))
    }

    pub(super) fn element(&self, role: &Role) -> Element {
        let (dtype, targets) = (Element::from(self.spec.dtype), self.spec.targets);
        match role.name {
            "logits" | "grad_logits" => dtype,
            "targets" => Element::of_ids(targets).unwrap_or(dtype),
            "candidates" => Element::of_ids(targets).unwrap_or(Element::I32),
            "status" | "row_outputs" => Element::Words,
            "mask" => Element::U8,
            _ => Element::F32,
        }
    }
}
