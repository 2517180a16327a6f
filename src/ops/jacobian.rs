//! The Jacobian of softmax.

use wgpu::Buffer;

use crate::device::kernel::Bound;
use crate::device::kernel_text::KernelText;
use crate::device::memory::scratch;
use crate::device::planner::Planner;
use crate::device::rows::{PARTIAL_BYTES, RowKernels};
use crate::device::scope::contain;
use crate::device::tensor::{F32, binding, check};
use crate::error::Error;
use crate::ops::operand::{Holds, Operand, in_role};
use crate::ops::plan::RowOperation;
use crate::ops::plan::sealed::Spec;
use crate::ops::rows::RowPlan;
use crate::ops::shards::{MergeStatistics, PartialStatistic};
use crate::shader::Binding;
use crate::spec::softmax::SoftmaxSpec;
use crate::variant::Operation;
use crate::variant::geometry::Geometry;

/// The buffers of a Jacobian, each with usage `STORAGE`.
#[derive(Debug, Clone, Copy)]
pub struct JacobianBuffers<'a> {
    /// Read: `rows` x `cols`.
    pub logits: &'a Buffer,
    /// Written, contiguous: `rows` x `cols` x `cols`, `J_ij = dp_i / dx_j = p_i ([i = j] - p_j)`.
    pub jacobian: &'a Buffer,
}

const LOGITS: Operand = Operand::read(Binding::Source, "logits", Holds::Matrix);
const JACOBIAN: Operand = Operand::written(Binding::Result, "jacobian", Holds::Squares);

/// The caller's buffers in their order.
pub(crate) const OPERANDS: &[Operand] = &[LOGITS, JACOBIAN];

/// The buffers of the products in their order.
const FACTORS: &[Operand] = &[
    LOGITS,
    Operand::read(Binding::Pairs, "pairs", Holds::Pair),
    JACOBIAN,
];

/// The Jacobian of softmax, row by row: the statistic of each row first, then the products.
#[derive(Debug, Clone)]
pub struct JacobianPlan {
    statistic: RowPlan,
    merge: RowPlan,
    products: RowPlan,
}

impl Planner {
    /// Plans the Jacobian of softmax.
    ///
    /// # Errors
    ///
    /// As [`softmax`](Self::softmax).
    pub fn jacobian(&self, spec: SoftmaxSpec) -> Result<JacobianPlan, Error> {
        let products = Geometry::square(spec.geometry(Operation::Jacobian)?);
        let statistic = spec.geometry(Operation::PartialStatistic)?;
        let merge = Geometry::contiguous(Operation::MergeStatistics, spec.rows(), 1)?;
        let own = self.unforced();
        let (statistic, merge) = (
            RowKernels::plan(&own, statistic)?,
            RowKernels::plan(&own, merge)?,
        );
        let products = RowKernels::plan(self, products)?;
        let params = spec.params()?;
        let mut one = params;
        one.grid.records = 1;
        Ok(JacobianPlan {
            statistic: RowPlan::of(statistic, one, PartialStatistic::OPERANDS),
            merge: RowPlan::of(merge, one, MergeStatistics::OPERANDS),
            products: RowPlan::of(products, params, FACTORS),
        })
    }
}

impl JacobianPlan {
    /// Binds buffers for all rows of the plan.
    ///
    /// # Errors
    ///
    /// A buffer without usage `STORAGE`, too small, or given for both roles; a row of logits that exceeds the device's
    /// binding limit.
    pub fn bind(&self, buffers: JacobianBuffers<'_>) -> Result<Bound, Error> {
        self.bind_rows(self.products.kernels.geometry.rows, buffers)
    }

    /// Binds buffers for `rows` rows, up to those of the plan.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind), and more rows than the plan has.
    pub fn bind_rows(&self, rows: u64, buffers: JacobianBuffers<'_>) -> Result<Bound, Error> {
        let JacobianBuffers { logits, jacobian } = buffers;
        let products = &self.products;
        products.kernels.check_rows(rows)?;
        let role = |operand: &Operand| products.role(operand);
        let given = [
            in_role(role(&LOGITS), false, logits),
            in_role(role(&JACOBIAN), true, jacobian),
        ];
        check(&given, rows, false)?;

        // The records, the pairs and the lse lie in memory of the library's.
        let device = products.kernels.planner.device();
        let at = || binding(&self.kernel(), rows, &given);
        contain(device, at, || {
            let memory = |label, bytes| scratch(device, label, rows.saturating_mul(bytes));
            let records = &memory("wgpu-softmax partial statistics", PARTIAL_BYTES)?;
            let pairs = &memory("wgpu-softmax pairs", 2 * F32)?;
            let lse = &memory("wgpu-softmax lse", F32)?;
            let statistic = self.statistic.bind(rows, &[logits, records], None)?;
            let merge = self.merge.bind(rows, &[records, pairs, lse], None)?;
            let products = products.bind(rows, &[logits, pairs, jacobian], None)?;
            Ok(statistic.then(&merge).then(&products))
        })
    }

    /// Returns the kernels that serve all rows of the plan, as readable text, in the order of their dispatches.
    ///
    /// # Errors
    ///
    /// A device limit that more dispatches cannot avoid.
    pub fn wgsl(&self) -> Result<Vec<KernelText>, Error> {
        let all = [&self.statistic, &self.merge, &self.products];
        let texts: Vec<_> = all
            .map(RowPlan::texts)
            .into_iter()
            .collect::<Result<_, _>>()?;
        Ok(texts.concat())
    }

    /// Number of pipelines that the bindings of this plan compile at most, if the planner holds none of them yet.
    pub fn pipelines(&self) -> usize {
        let all = [&self.statistic, &self.merge, &self.products];
        all.map(|plan| plan.kernels.pipelines()).iter().sum()
    }

    /// Name of the chosen kernel.
    pub fn kernel(&self) -> String {
        self.products.kernels.name()
    }

    /// Fewest bytes that the operation must move: each input read once, each output written once.
    pub fn bytes_moved(&self) -> u64 {
        self.products.bytes_moved()
    }
}
