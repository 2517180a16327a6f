//! The Jacobian of softmax.

use wgpu::Buffer;

use crate::device::kernel::Bound;
use crate::device::kernel_text::KernelText;
use crate::device::memory::scratch;
use crate::device::planner::Planner;
use crate::device::rows::{PARTIAL_BYTES, RowKernels};
use crate::device::scope::contain;
use crate::device::tensor::{F32, Role, Shape, binding, check};
use crate::error::Error;
use crate::ops::operand::{Holds, Operand, in_role};
use crate::ops::plan::sealed::Spec;
use crate::ops::rows::bytes_moved;
use crate::shader::Binding;
use crate::shader::params::Params;
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

/// The buffers in their order.
pub(crate) const OPERANDS: [Operand; 2] = [
    Operand::read(Binding::Source, "logits", Holds::Matrix),
    Operand::written(Binding::Result, "jacobian", Holds::Squares),
];

/// The Jacobian of softmax, row by row: the statistic of each row first, then the products.
#[derive(Debug, Clone)]
pub struct JacobianPlan {
    statistic: RowKernels,
    merge: RowKernels,
    products: RowKernels,
    params: Params,
}

impl Planner {
    /// Plans the Jacobian of softmax.
    ///
    /// # Errors
    ///
    /// As [`softmax`](Self::softmax).
    pub fn jacobian(&self, spec: SoftmaxSpec) -> Result<JacobianPlan, Error> {
        let own = self.unforced();
        let products = Geometry::square(spec.geometry(Operation::Jacobian)?);
        Ok(JacobianPlan {
            statistic: RowKernels::plan(&own, spec.geometry(Operation::PartialStatistic)?)?,
            merge: RowKernels::plan(
                &own,
                Geometry::contiguous(Operation::MergeStatistics, spec.rows(), 1)?,
            )?,
            products: RowKernels::plan(self, products)?,
            params: spec.params()?,
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
        self.bind_rows(self.products.geometry.rows, buffers)
    }

    /// Binds buffers for `rows` rows, up to those of the plan.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind), and more rows than the plan has.
    pub fn bind_rows(&self, rows: u64, buffers: JacobianBuffers<'_>) -> Result<Bound, Error> {
        let JacobianBuffers { logits, jacobian } = buffers;
        self.products.check_rows(rows)?;
        let [source, result] =
            OPERANDS.map(|operand| operand.role(&self.products.geometry, &self.params));
        let given = [
            in_role(source, false, logits),
            in_role(result, true, jacobian),
        ];
        check(&given, rows, false)?;

        let device = self.products.planner.device();
        let at = || binding(&self.kernel(), rows, &given);
        contain(device, at, || {
            let memory = |label, bytes| scratch(device, label, rows.saturating_mul(bytes));
            let records = &memory("wgpu-softmax partial statistics", PARTIAL_BYTES)?;
            let pairs = &memory("wgpu-softmax pairs", 2 * F32)?;
            let lse = &memory("wgpu-softmax lse", F32)?;
            let bind = |(kernels, roles, params): (&RowKernels, Vec<Role>, _)| {
                let tensor = |role: Role| match role.binding {
                    Binding::Source => in_role(role, false, logits),
                    Binding::Result => in_role(role, true, jacobian),
                    Binding::Partials => in_role(role, true, records),
                    Binding::Pairs => in_role(role, true, pairs),
                    _ => in_role(role, true, lse),
                };
                let tensors: Vec<_> = roles.into_iter().map(tensor).collect();
                kernels.bind(&tensors, rows, params)
            };
            let [statistic, merge, products] = self.dispatches().map(bind);
            Ok(statistic?.then(&merge?).then(&products?))
        })
    }

    /// The kernels in the order of their dispatches, each with the roles of its buffers and its plain numbers. The records,
    /// the pairs and the lse lie in memory of the library's.
    fn dispatches(&self) -> [(&RowKernels, Vec<Role>, Params); 3] {
        let [logits, jacobian] =
            OPERANDS.map(|operand| operand.role(&self.products.geometry, &self.params));
        let bytes = PARTIAL_BYTES;
        let records = Role::new(Binding::Partials, "records", Shape::PerRow { bytes });
        let pairs = Role::new(Binding::Pairs, "pairs", Shape::PAIR_PER_ROW);
        let lse = Role::new(Binding::Lse, "lse", Shape::VALUE_PER_ROW);
        let mut one = self.params;
        one.grid.records = 1;
        [
            (&self.statistic, vec![logits, records], one),
            (&self.merge, vec![records, pairs, lse], one),
            (&self.products, vec![logits, pairs, jacobian], self.params),
        ]
    }

    /// Returns the kernels that serve all rows of the plan, as readable text, in the order of their dispatches.
    ///
    /// # Errors
    ///
    /// A device limit that more dispatches cannot avoid.
    pub fn wgsl(&self) -> Result<Vec<KernelText>, Error> {
        let mut list = Vec::new();
        for (kernels, roles, params) in self.dispatches() {
            list.extend(kernels.texts(&roles, params)?);
        }
        Ok(list)
    }

    /// Number of pipelines that the bindings of this plan compile at most, if the planner holds none of them yet.
    pub fn pipelines(&self) -> usize {
        let all = [&self.statistic, &self.merge, &self.products];
        all.map(RowKernels::pipelines).iter().sum()
    }

    /// Name of the chosen kernel.
    pub fn kernel(&self) -> String {
        self.products.name()
    }

    /// Fewest bytes that the operation must move: each input read once, each output written once.
    pub fn bytes_moved(&self) -> u64 {
        bytes_moved(&self.products.geometry)
    }
}
