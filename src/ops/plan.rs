//! Row operations: a spec, a plan and buffers for each.

use std::marker::PhantomData;

use wgpu::Buffer;

use crate::device::kernel::Bound;
use crate::device::planner::Planner;
use crate::error::Error;
use crate::ops::operand::Operand;
use crate::ops::rows::RowPlan;
use crate::variant::Operation;

/// A row-wise operation, with the spec it is planned from and the buffers it binds.
pub trait RowOperation: sealed::Sealed {
    /// The operation as data.
    #[cfg_attr(not(feature = "kernels"), doc(hidden))]
    const OPERATION: Operation;
    /// Type of the spec it is planned from.
    type Spec: sealed::Spec;
    /// Type of its buffers, each with usage `STORAGE`.
    type Buffers<'a>;
    #[doc(hidden)]
    const OPERANDS: &'static [Operand];
    #[doc(hidden)]
    fn in_order<'a>(buffers: &Self::Buffers<'a>) -> Vec<&'a Buffer>;
}

pub(crate) mod sealed {
    use crate::error::Error;
    use crate::shader::params::Params;
    use crate::spec::softmax::SoftmaxSpec;
    use crate::variant::Operation;
    use crate::variant::geometry::Geometry;

    pub trait Sealed {}

    /// A spec: the shape of an operation, and the plain numbers that its formula reads.
    pub trait Spec: Copy {
        fn geometry(&self, operation: Operation) -> Result<Geometry, Error>;
        fn params(&self) -> Result<Params, Error>;
        /// The spec of plain rows, if it is one.
        fn plain(&self) -> Option<&SoftmaxSpec> {
            None
        }
    }
}

/// An operation that is planned and checked. It needs buffers to run: the first binding compiles its kernels.
///
/// Cheap to clone; holds no buffer.
///
/// ```
/// # use wgpu_softmax::{Gpu, LogSumExpBuffers, SoftmaxSpec};
/// # let gpu = Gpu::open()?;
/// # let (planner, logits, lse) = (gpu.planner(), gpu.upload("logits", &[0.5f32; 12])?, gpu.allocate("lse", 16)?);
/// let plan = planner.logsumexp(SoftmaxSpec::new(4, 3))?;
/// let buffers = LogSumExpBuffers { logits: &logits, lse: &lse };
/// let all = plan.bind(buffers)?;
/// let first_two = plan.bind_rows(2, buffers)?;
/// assert!(plan.bind_rows(5, buffers).is_err()); // more than were planned
/// # Ok::<(), wgpu_softmax::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Plan<O> {
    pub(crate) rows: RowPlan,
    operation: PhantomData<fn() -> O>,
}

impl<O: RowOperation> Plan<O> {
    pub(crate) fn new(planner: &Planner, spec: O::Spec) -> Result<Self, Error> {
        Ok(Self {
            rows: RowPlan::new(planner, O::OPERATION, O::OPERANDS, &spec)?,
            operation: PhantomData,
        })
    }

    /// Binds buffers for all rows of the plan.
    ///
    /// # Errors
    ///
    /// A buffer without usage `STORAGE`, too small, or given twice though one of its roles is written; in place, two
    /// buffers where one is expected; a device limit that more dispatches cannot avoid.
    pub fn bind(&self, buffers: O::Buffers<'_>) -> Result<Bound, Error> {
        self.bind_rows(self.rows.kernels.geometry.problem.rows, buffers)
    }

    /// Binds buffers for `rows` rows, up to those of the plan.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind), and more rows than the plan has.
    pub fn bind_rows(&self, rows: u64, buffers: O::Buffers<'_>) -> Result<Bound, Error> {
        self.rows.bind(rows, &O::in_order(&buffers), None)
    }

    /// Binds buffers and the mask of the spec for `rows` rows, up to those of the plan. The mask holds elements for all rows of
    /// the plan: f32, or bytes up to a multiple of four.
    ///
    /// # Errors
    ///
    /// As [`bind_rows`](Self::bind_rows), and a spec without a mask.
    pub fn bind_masked(
        &self,
        rows: u64,
        buffers: O::Buffers<'_>,
        mask: &Buffer,
    ) -> Result<Bound, Error> {
        self.rows.bind(rows, &O::in_order(&buffers), Some(mask))
    }

    /// Number of pipelines that the bindings of this plan compile at most, if the planner holds none of them yet.
    pub fn pipelines(&self) -> usize {
        self.rows.pipelines()
    }

    /// Name of the chosen kernel.
    pub fn kernel(&self) -> String {
        self.rows.kernels.name()
    }

    /// Fewest bytes that the operation must move: each input read once, each output written once.
    pub fn bytes_moved(&self) -> u64 {
        self.rows.bytes_moved()
    }
}

/// Declares an operation, its buffers and the planner's method for it.
macro_rules! row_operation {
    (
        $(#[$doc:meta])* $name:ident, $method:ident $(with $feature:literal)?, $spec:ident, $buffers:ident {
            $($(#[$field_doc:meta])* $field:ident: $how:ident $binding:ident $holds:ident,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub enum $name {}

        #[doc = concat!("The buffers of [`", stringify!($name), "`], each with usage `STORAGE`.")]
        #[derive(Debug, Clone, Copy)]
        pub struct $buffers<'a> {
            $($(#[$field_doc])* pub $field: &'a wgpu::Buffer,)*
        }

        impl $crate::ops::plan::sealed::Sealed for $name {}

        impl $crate::ops::plan::RowOperation for $name {
            const OPERATION: $crate::variant::Operation = $crate::variant::Operation::$name;
            type Spec = $spec;
            type Buffers<'a> = $buffers<'a>;

            const OPERANDS: &'static [$crate::ops::operand::Operand] =
                &[$($crate::ops::operand::Operand::$how(
                    $crate::shader::Binding::$binding,
                    stringify!($field),
                    $crate::ops::operand::Holds::$holds,
                ),)*];

            fn in_order<'a>(buffers: &Self::Buffers<'a>) -> Vec<&'a wgpu::Buffer> {
                vec![$(buffers.$field,)*]
            }
        }

        impl $crate::device::planner::Planner {
            #[doc = concat!("Plans [`", stringify!($name), "`].")]
            ///
            /// # Errors
            ///
            /// No columns, more rows or columns than 32-bit indices reach, or a forced variant that cannot serve.
            $(#[cfg(feature = $feature)])?
            pub fn $method(&self, spec: $spec) -> Result<$crate::ops::plan::Plan<$name>, $crate::error::Error> {
                $crate::ops::plan::Plan::new(self, spec)
            }
        }
    };
}
pub(crate) use row_operation;
