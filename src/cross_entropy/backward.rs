//! The gradient of the loss, from the pairs that a forward pass has saved: no reduction over classes.

use wgpu::Buffer;

use super::tally::{Own, Tally};
use super::{CrossEntropySpec, MEAN};
use crate::kernel::{Bound, Params};
use crate::operation::bytes_moved;
use crate::operation::sealed::Spec;
use crate::rows::RowKernels;
use crate::shader::Binding;
use crate::tensor::{Shape, Tensor, check};
use crate::variant::{Operation, Variant};
use crate::{Error, Planner, Reduction};

/// The buffers of a cross-entropy's backward pass, each with usage `STORAGE`.
#[derive(Debug, Clone, Copy)]
pub struct CrossEntropyBackwardBuffers<'a> {
    /// Read: f32, `rows` x `classes`.
    pub logits: &'a Buffer,
    /// Read: i32, `rows`.
    pub targets: &'a Buffer,
    /// Read: two f32 a row, as a forward pass or a merge of statistics has saved them.
    pub pairs: &'a Buffer,
    /// Written: f32, `rows` x `classes`.
    pub grad_logits: &'a Buffer,
}

/// The backward pass of a cross-entropy, waiting for buffers.
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
        let operation = Operation::CrossEntropyBackward;
        let kernels = RowKernels::plan(self, spec.geometry(operation)?)?;
        Ok(CrossEntropyBackwardPlan {
            spec,
            params: spec.params()?,
            kernels,
            tally: Tally::plan(self)?,
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
        let kernels = &self.kernels;
        kernels.check_rows(rows)?;
        let matrix = |binding| Shape::matrix(binding, &kernels.geometry);
        let CrossEntropyBackwardBuffers {
            logits,
            targets,
            pairs,
            grad_logits,
        } = buffers;
        let given = vec![
            Tensor::read(Binding::Source, "logits", logits, matrix(Binding::Source)),
            Tensor::read(Binding::RowInput, "targets", targets, Shape::VALUE_PER_ROW),
            // The forward passes share this binding, and they write it.
            Tensor::written(Binding::Pairs, "pairs", pairs, Shape::PAIR_PER_ROW),
            Tensor::written(
                Binding::Result,
                "grad_logits",
                grad_logits,
                matrix(Binding::Result),
            ),
        ];
        check(&given, rows)?;
        let own = Own::new(&self.tally, &given, rows, Reduction::None)?;
        let tensors = own.beside(given, rows);

        let mut params = self.params;
        let mut steps = Vec::new();
        if self.spec.reduction == Reduction::Mean {
            params.options |= MEAN;
            steps.extend(
                self.tally
                    .count(&tensors, kernels.geometry.cols, rows, params)?,
            );
        }
        steps.extend(kernels.steps(&tensors, rows, params, None)?);
        Ok(Bound::new(kernels.planner.device(), &steps))
    }

    /// The kernel that was chosen, by name.
    pub fn kernel(&self) -> String {
        self.kernels.name()
    }

    /// The kernel that was chosen, as data.
    pub const fn variant(&self) -> Variant {
        self.kernels.variant
    }

    /// The fewest bytes that the operation must move: each input read once, each output written once.
    pub fn bytes_moved(&self) -> u64 {
        bytes_moved(&self.kernels.geometry)
    }
}
