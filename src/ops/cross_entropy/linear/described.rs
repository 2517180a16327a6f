//! The plan as dispatches over described memory.

use super::LinearCrossEntropyPlan;
use super::bind::Held;
use super::chunks::rows_of_features;
use crate::device::described::{Described, Element, Given, check_any};
use crate::device::memory::{Memory, described_scratch};
use crate::device::planner::Planner;
use crate::device::tensor::{F32, Role, Tensor, check_roles};
use crate::error::Error;
use crate::ops::cross_entropy::Optional;
use crate::spec::dtype::DType;
use crate::spec::linear::LinearCrossEntropySpec;

impl LinearCrossEntropyPlan {
    pub(crate) const fn planner(&self) -> &Planner {
        &self.planner
    }

    /// The spec, with the rows of a chunk that were chosen.
    pub(crate) const fn chosen_spec(&self) -> LinearCrossEntropySpec {
        self.spec.chunk_rows(self.chunk_rows)
    }

    /// Describes the dispatches of the loss, or of the loss and its gradients if it is `fused`, for all rows.
    pub(crate) fn described(&self, fused: bool, with: &[Optional]) -> Result<Described, Error> {
        let LinearCrossEntropySpec {
            rows,
            features,
            classes,
            dtype,
            ..
        } = self.spec;
        check_any(rows)?;
        let has_bias = with.contains(&Optional::Bias);
        let matrix = |name, rows, dtype| {
            Memory::described(name, rows_of_features(&self.spec, dtype).bytes(rows))
        };
        let per_class = |name| Memory::described(name, classes * F32);
        let held = Held {
            hidden: matrix("hidden", rows, dtype),
            weight: matrix("weight", classes, dtype),
            bias: has_bias.then(|| per_class("bias")),
            grad_hidden: fused.then(|| matrix("grad_hidden", rows, dtype)),
            grad_weight: fused.then(|| matrix("grad_weight", classes, DType::F32)),
            grad_bias: (fused && has_bias).then(|| per_class("grad_bias")),
        };
        let of_loss = self.of_loss(|role| {
            let is_asked = with.iter().any(|optional| optional.name() == role.name);
            let is_given = is_asked || !role.optional;
            is_given.then(|| Memory::described(role.name, role.shape.bytes(rows)))
        });
        let operands = self.operands(&held);
        let base = &self.loss.base;
        let tensors = base.tensors(&of_loss);
        let roles: Vec<_> = operands
            .all()
            .chain(tensors.iter().copied())
            .map(role_of)
            .collect();
        check_roles(&roles, rows, self.planner.limits().max_buffer_size)?;
        self.check_dispatches(rows)?;
        let matrix_of = |name| match name {
            "hidden" | "grad_hidden" => Some((rows, dtype)),
            "weight" => Some((classes, dtype)),
            "grad_weight" => Some((classes, DType::F32)),
            _ => None,
        };
        let of_layer = operands.all().map(|tensor| {
            let (role, matrix) = (role_of(tensor), matrix_of(tensor.role));
            let rows_of = |(_, dtype)| rows_of_features(&self.spec, dtype);
            Given {
                role: Role {
                    shape: matrix.map_or(role.shape, rows_of),
                    ..role
                },
                written: tensor.written,
                element: matrix.map_or(Element::F32, |(_, dtype)| dtype.into()),
                memory: tensor.memory.clone(),
                extents: [matrix.map_or(1, |(rows, _)| rows), features, 1],
            }
        });
        let mut given: Vec<_> = of_layer.collect();
        given.extend(of_loss.iter().map(|(role, memory)| Given {
            role: *role,
            written: base.writes(role.binding),
            element: base.element(role),
            memory: memory.clone(),
            extents: [rows, classes, 1],
        }));
        // Inputs first.
        given.sort_by_key(|given| given.written);
        Ok(Described {
            steps: self.steps(rows, &operands, &tensors, &described_scratch)?,
            given,
        })
    }
}

fn role_of(tensor: Tensor<'_>) -> Role {
    Role::new(tensor.binding, tensor.role, tensor.shape)
}
