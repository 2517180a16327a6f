//! What plans and specs say of kernels: as data, and as text.

use crate::device::kernel_text::KernelText;
use crate::error::Error;
use crate::ops::jacobian::Statistics;
use crate::ops::plan::sealed::Spec;
use crate::ops::plan::{Plan, RowOperation, RowPlan};
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::softmax::SoftmaxSpec;
use crate::variant::{Operation, Problem, Variant};

impl SoftmaxSpec {
    /// The problem of an operation on these rows: the properties that decide the kernel.
    ///
    /// # Errors
    ///
    /// No columns, or more rows or columns than 32-bit indices reach.
    pub fn problem(&self, operation: Operation) -> Result<Problem, Error> {
        Spec::geometry(self, operation).map(|geometry| geometry.problem)
    }
}

impl CrossEntropySpec {
    /// The problem of an operation on these rows: the properties that decide the kernel.
    ///
    /// # Errors
    ///
    /// As [`Planner::cross_entropy`](crate::Planner::cross_entropy).
    pub fn problem(&self, operation: Operation) -> Result<Problem, Error> {
        Spec::geometry(self, operation).map(|geometry| geometry.problem)
    }
}

impl<O: RowOperation> Plan<O> {
    /// The chosen kernel as data.
    pub const fn variant(&self) -> Variant {
        self.rows.kernels.variant
    }

    /// Returns the kernels that serve all rows of the plan, as readable text, in the order of their dispatches.
    ///
    /// # Errors
    ///
    /// A device limit that more dispatches cannot avoid.
    pub fn wgsl(&self) -> Result<Vec<KernelText>, Error> {
        self.rows.texts()
    }
}

impl RowPlan {
    /// Returns the kernels that serve all rows, as readable text.
    pub(crate) fn texts(&self) -> Result<Vec<KernelText>, Error> {
        let mut roles = self.roles();
        let mut list = Vec::new();
        if let Some(statistics) = &self.statistics {
            roles.push(Statistics::pairs());
            list = [statistics.statistic.texts()?, statistics.merge.texts()?].concat();
        }
        list.extend(self.kernels.texts(&roles, self.params)?);
        Ok(list)
    }
}
