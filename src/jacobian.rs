//! The Jacobian of softmax.

use wgpu::Buffer;

use crate::kernel::{Bound, Params};
use crate::operation::bytes_moved;
use crate::rows::{RowKernels, problem, storage};
use crate::shader::Binding;
use crate::softmax::{Softmax, SoftmaxBuffers};
use crate::tensor::{F32, Shape, Tensor, check};
use crate::variant::Operation;
use crate::{Error, Plan, Planner, SoftmaxSpec};

/// The buffers of a Jacobian, each with usage `STORAGE`.
#[derive(Debug, Clone, Copy)]
pub struct JacobianBuffers<'a> {
    /// Read: f32, `rows` x `cols`.
    pub logits: &'a Buffer,
    /// Written: f32, `rows` x `cols` x `cols`, `J_ij = dp_i / dx_j = p_i ([i = j] - p_j)`.
    pub jacobian: &'a Buffer,
}

/// The Jacobian of softmax, row by row: probabilities first, then their products.
#[derive(Debug, Clone)]
pub struct JacobianPlan {
    softmax: Plan<Softmax>,
    kernels: RowKernels,
}

impl Planner {
    /// Plans the Jacobian of softmax.
    ///
    /// # Errors
    ///
    /// As [`softmax`](Self::softmax).
    pub fn jacobian(&self, spec: SoftmaxSpec) -> Result<JacobianPlan, Error> {
        let kernels = RowKernels::plan(self, Operation::Jacobian, spec.rows, spec.cols)?;
        // A trifle beside their products, the probabilities are computed as if rows were many: a row then gives the
        // same bits whatever the number of others.
        let many = problem(Operation::Softmax, u64::from(u32::MAX), spec.cols)?;
        let variant = self.unforced().variant(many)?;
        Ok(JacobianPlan {
            softmax: self.with_variant(variant).softmax(spec)?,
            kernels,
        })
    }
}

impl JacobianPlan {
    /// Binds buffers for all rows of the plan, and memory of its own for the probabilities.
    ///
    /// # Errors
    ///
    /// A buffer without usage `STORAGE`, too small, or given for both roles; a matrix that exceeds the device's binding
    /// limit.
    pub fn bind(&self, buffers: JacobianBuffers<'_>) -> Result<Bound, Error> {
        let (rows, cols) = (self.kernels.rows, u64::from(self.kernels.cols));
        let logits = Tensor::read(
            Binding::Source,
            "logits",
            buffers.logits,
            Shape::Matrix { cols },
        );
        let jacobian = Tensor::written(
            Binding::Result,
            "jacobian",
            buffers.jacobian,
            Shape::Matrix { cols: cols * cols },
        );
        check(&[logits, jacobian], rows)?;
        let planner = &self.kernels.planner;
        let probs = storage(planner, "wgpu-softmax probabilities", rows * cols * F32);
        let source = Tensor::read(Binding::Source, "probs", &probs, Shape::Matrix { cols });
        let probabilities = self.softmax.bind(SoftmaxBuffers {
            logits: buffers.logits,
            probs: &probs,
        })?;
        Ok(probabilities.then(
            &self
                .kernels
                .bind(&[source, jacobian], rows, Params::default())?,
        ))
    }

    /// The kernel that was chosen, by name.
    pub fn kernel(&self) -> String {
        self.kernels.name()
    }

    /// The fewest bytes that the operation must move: each input read once, each output written once.
    pub fn bytes_moved(&self) -> u64 {
        bytes_moved(
            Operation::Jacobian,
            self.kernels.rows,
            u64::from(self.kernels.cols),
        )
    }
}
