//! The Jacobian of softmax.

use crate::device::kernel::Step;
use crate::device::memory::{Make, Memory};
use crate::device::planner::Planner;
use crate::device::rows::{PARTIAL_BYTES, RowKernels};
use crate::device::tensor::{F32, Role, Shape, Tensor, check};
use crate::error::Error;
use crate::ops::plan::RowPlan;
use crate::ops::plan::sealed::Spec;
use crate::ops::plan::{Plan, RowOperation, row_operation};
use crate::ops::shards::{MergeStatistics, PartialStatistic};
use crate::shader::Binding;
use crate::spec::softmax::SoftmaxSpec;
use crate::variant::Operation;
use crate::variant::problem::Geometry;

row_operation! {
    /// The Jacobian of softmax, row by row: `J_ij = dp_i / dx_j = p_i ([i = j] - p_j)`. The statistic of each row comes
    /// first, then the products.
    Jacobian, jacobian, SoftmaxSpec, JacobianBuffers {
        /// Read: `rows` x `cols`.
        logits: read Source Matrix,
        /// Written, contiguous: `rows` x `cols` x `cols`, `J_ij = dp_i / dx_j = p_i ([i = j] - p_j)`.
        jacobian: written Result Squares,
    }
}

/// The plan of a Jacobian.
pub type JacobianPlan = Plan<Jacobian>;

/// The dispatches before the products of a Jacobian: the statistic of each row, and its pair.
#[derive(Debug, Clone)]
pub(super) struct Statistics {
    pub(super) statistic: RowPlan,
    pub(super) merge: RowPlan,
}

impl Statistics {
    pub(super) fn plan(planner: &Planner, spec: &impl Spec) -> Result<Self, Error> {
        let own = planner.unforced();
        let statistic = spec.geometry(Operation::PartialStatistic)?;
        let merge = Geometry::contiguous(Operation::MergeStatistics, statistic.problem.rows, 1)?;
        let mut one = spec.params()?;
        one.grid.records = 1;
        let plan = |geometry, operands| {
            let kernels = RowKernels::plan(&own, geometry)?;
            Ok::<_, Error>(RowPlan::of(kernels, one, operands))
        };
        Ok(Self {
            statistic: plan(statistic, PartialStatistic::OPERANDS)?,
            merge: plan(merge, MergeStatistics::OPERANDS)?,
        })
    }

    /// Returns these dispatches, and then those of `products`, for tensors of the caller's. The records, the pairs and the lse
    /// lie in memory of the library's.
    pub(super) fn steps(
        &self,
        products: &RowPlan,
        rows: u64,
        given: &[Tensor<'_>],
        make: Make<'_>,
    ) -> Result<Vec<Step>, Error> {
        products.kernels.check_rows(rows)?;
        check(given, rows, false)?;
        let per_row = |name, bytes| make(name, rows.saturating_mul(bytes));
        let logits = given[0].memory.clone();
        let records = per_row("records", PARTIAL_BYTES)?;
        let pairs = per_row("pairs", 2 * F32)?;
        let lse = per_row("lse", F32)?;
        let of = |plan: &RowPlan, memory: &[Memory]| plan.steps(rows, &plan.tensors(memory), make);
        let tensors = [given, &[Self::pairs().tensor(true, &pairs)]].concat();
        let RowPlan {
            kernels, params, ..
        } = products;
        Ok([
            of(&self.statistic, &[logits, records.clone()])?,
            of(&self.merge, &[records, pairs.clone(), lse])?,
            kernels.checked_steps(&tensors, rows, *params, make)?,
        ]
        .into_iter()
        .flatten()
        .collect())
    }

    /// Role of the pairs, from which the products are computed.
    pub(super) const fn pairs() -> Role {
        Role::new(Binding::Pairs, "pairs", Shape::PAIR_PER_ROW)
    }

    pub(super) fn pipelines(&self) -> usize {
        self.statistic.pipelines() + self.merge.pipelines()
    }
}
