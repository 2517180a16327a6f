//! The Jacobian of softmax.

use wgpu::Buffer;

use crate::device::kernel::Bound;
use crate::device::kernel_text::KernelText;
use crate::device::memory::scratch;
use crate::device::planner::Planner;
use crate::device::rows::{PARTIAL_BYTES, RowKernels};
use crate::device::scope::contain;
use crate::device::tensor::{F32, Role, Shape, Tensor, binding, check};
use crate::error::Error;
use crate::ops::plan::bytes_moved;
use crate::ops::plan::sealed::Spec;
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
        self.products.check_rows(rows)?;
        let logits = Shape::matrix(Binding::Source, &self.products.geometry);
        let logits = Tensor::read(Binding::Source, "logits", buffers.logits, logits);
        let jacobian = Tensor::written(
            Binding::Result,
            "jacobian",
            buffers.jacobian,
            self.squares(),
        );
        check(&[logits, jacobian], rows, false)?;

        let device = self.products.planner.device();
        let at = || binding(&self.kernel(), rows, &[logits, jacobian]);
        contain(device, at, || self.bind_checked(rows, logits, jacobian))
    }

    /// Binds the statistic of each row, then the products, with scratch memory of the library between them.
    fn bind_checked(
        &self,
        rows: u64,
        logits: Tensor<'_>,
        jacobian: Tensor<'_>,
    ) -> Result<Bound, Error> {
        let device = self.products.planner.device();
        let memory = |label, bytes| scratch(device, label, rows.saturating_mul(bytes));
        let records = memory("wgpu-softmax partial statistics", PARTIAL_BYTES)?;
        let pairs = memory("wgpu-softmax pairs", 2 * F32)?;
        let lse = memory("wgpu-softmax lse", F32)?;
        let records_shape = Shape::PerRow {
            bytes: PARTIAL_BYTES,
        };
        let records = Tensor::written(Binding::Partials, "records", &records, records_shape);
        let pairs = Tensor::written(Binding::Pairs, "pairs", &pairs, Shape::PAIR_PER_ROW);
        let lse = Tensor::written(Binding::Lse, "lse", &lse, Shape::VALUE_PER_ROW);
        let mut one = self.params;
        one.grid.records = 1;
        let statistic = self.statistic.bind(&[logits, records], rows, one)?;
        let merge = self.merge.bind(&[records, pairs, lse], rows, one)?;
        let products = self
            .products
            .bind(&[logits, pairs, jacobian], rows, self.params)?;
        Ok(statistic.then(&merge).then(&products))
    }

    /// Shape of the result: a square matrix a row.
    fn squares(&self) -> Shape {
        let Geometry { cols, dtype, .. } = self.products.geometry;
        Shape::squares(u64::from(cols), dtype)
    }

    /// Returns the kernels that serve all rows of the plan, as readable text, in the order of their dispatches.
    ///
    /// # Errors
    ///
    /// A device limit that more dispatches cannot avoid.
    pub fn wgsl(&self) -> Result<Vec<KernelText>, Error> {
        let logits = Shape::matrix(Binding::Source, &self.products.geometry);
        let logits = Role::new(Binding::Source, "logits", logits);
        let bytes = PARTIAL_BYTES;
        let records = Role::new(Binding::Partials, "records", Shape::PerRow { bytes });
        let pairs = Role::new(Binding::Pairs, "pairs", Shape::PAIR_PER_ROW);
        let lse = Role::new(Binding::Lse, "lse", Shape::VALUE_PER_ROW);
        let jacobian = Role::new(Binding::Result, "jacobian", self.squares());
        let mut one = self.params;
        one.grid.records = 1;
        Ok([
            self.statistic.texts(&[logits, records], one)?,
            self.merge.texts(&[records, pairs, lse], one)?,
            self.products
                .texts(&[logits, pairs, jacobian], self.params)?,
        ]
        .concat())
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
