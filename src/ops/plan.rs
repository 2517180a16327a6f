//! Row operations: a spec, a plan and buffers for each.

use std::marker::PhantomData;

use wgpu::Buffer;

use crate::device::kernel::{Bound, Step};
use crate::device::memory::{Make, Memory};
use crate::device::planner::Planner;
use crate::device::rows::{PARTIAL_BYTES, RowKernels};
use crate::device::tensor::{F32, Role, Shape, Tensor, describe};
use crate::error::Error;
use crate::ops::bytes::bytes_moved;
use crate::ops::extras::SoftmaxExtras;
use crate::ops::jacobian::Statistics;
use crate::ops::plan::sealed::Spec;
use crate::shader::Binding;
use crate::shader::params::Params;
use crate::spec::mask::Mask;
use crate::spec::softmax::SoftmaxSpec;
use crate::variant::Operation;
use crate::variant::problem::Geometry;

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
    use crate::variant::problem::Geometry;

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
        self.bind_with(rows, buffers, SoftmaxExtras::default())
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
        self.bind_with(rows, buffers, SoftmaxExtras::default().mask(mask))
    }

    /// Binds buffers and what else the spec asks for, a mask and sinks, for `rows` rows, up to those of the plan.
    ///
    /// # Errors
    ///
    /// As [`bind_rows`](Self::bind_rows), a buffer that the spec asks for and that is not given, and one that it does not ask for.
    pub fn bind_with(
        &self,
        rows: u64,
        buffers: O::Buffers<'_>,
        extras: SoftmaxExtras<'_>,
    ) -> Result<Bound, Error> {
        self.rows.bind(rows, &O::in_order(&buffers), extras)
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

/// A plan without its type: it binds a list of buffers.
#[derive(Debug, Clone)]
pub(crate) struct RowPlan {
    pub(crate) kernels: RowKernels,
    pub(crate) params: Params,
    /// The spec, if it is one of plain rows.
    pub(crate) spec: Option<SoftmaxSpec>,
    pub(super) operands: &'static [Operand],
    /// What comes first for a Jacobian.
    pub(super) statistics: Option<Box<Statistics>>,
}

impl RowPlan {
    pub(crate) fn new(
        planner: &Planner,
        operation: Operation,
        operands: &'static [Operand],
        spec: &impl Spec,
    ) -> Result<Self, Error> {
        let params = spec.params()?;
        let kernels = RowKernels::plan(planner, spec.geometry(operation)?)?;
        let statistics = match operation {
            Operation::Jacobian => Some(Statistics::plan(planner, spec)?.into()),
            _ => None,
        };
        Ok(Self {
            spec: spec.plain().copied(),
            statistics,
            ..Self::of(kernels, params, operands)
        })
    }

    /// Makes a plan of one kernel after the other, without a mask.
    pub(crate) const fn of(
        kernels: RowKernels,
        params: Params,
        operands: &'static [Operand],
    ) -> Self {
        Self {
            kernels,
            params,
            spec: None,
            operands,
            statistics: None,
        }
    }

    /// Binds one buffer for each operand, in their order, and those that the spec asks for.
    pub(crate) fn bind(
        &self,
        rows: u64,
        buffers: &[&Buffer],
        extras: SoftmaxExtras<'_>,
    ) -> Result<Bound, Error> {
        let buffers = buffers.iter().copied().chain(self.given(&extras)?);
        let memory: Vec<_> = buffers.map(Memory::from).collect();
        let tensors = self.tensors(&memory);
        let at = || describe(&self.kernels.name(), rows, &tensors);
        let planner = &self.kernels.planner;
        planner.bind(at, |make| self.steps(rows, &tensors, make))
    }

    /// Returns the dispatches that serve `rows` rows of the [tensors](Self::tensors).
    pub(crate) fn steps(
        &self,
        rows: u64,
        tensors: &[Tensor<'_>],
        make: Make<'_>,
    ) -> Result<Vec<Step>, Error> {
        match &self.statistics {
            Some(statistics) => statistics.steps(self, rows, tensors, make),
            None => {
                let stores_sinks = |tensor: &Tensor<'_>| tensor.binding == Binding::SinkOutput;
                let mut params = self.params;
                params.scaling.stores_sinks = u32::from(tensors.iter().any(stores_sinks));
                self.kernels.checked_steps(tensors, rows, params, make)
            }
        }
    }

    /// Returns the memory of the operands and of the [extras](Self::extras), in their order, each in its role.
    pub(crate) fn tensors<'a>(&self, memory: &'a [Memory]) -> Vec<Tensor<'a>> {
        let extras = self.extras();
        let written = self.operands.iter().chain(&extras);
        let written = written.map(|operand| operand.written);
        let roles = self.roles().into_iter().zip(written);
        let tensor =
            |((role, written), memory): ((Role, bool), &'a Memory)| role.tensor(written, memory);
        roles.zip(memory).map(tensor).collect()
    }

    /// Number of pipelines, at most.
    pub(crate) fn pipelines(&self) -> usize {
        let before = self.statistics.as_ref();
        self.kernels.pipelines() + before.map_or(0, |statistics| statistics.pipelines())
    }

    pub(super) fn mask(&self) -> Option<Mask> {
        self.spec.and_then(|spec| spec.mask)
    }

    /// Roles of the operands, and of the [extras](Self::extras).
    pub(crate) fn roles(&self) -> Vec<Role> {
        let role = |operand: &Operand| operand.role(&self.kernels.geometry, &self.params);
        let extras = self.extras();
        let extras = extras.iter().map(|extra| match extra.written {
            true => role(extra).optional(),
            false => role(extra),
        });
        self.operands.iter().map(role).chain(extras).collect()
    }

    /// Fewest bytes that the operation must move.
    pub(crate) fn bytes_moved(&self) -> u64 {
        let geometry = &self.kernels.geometry;
        let extras = self.roles().into_iter().skip(self.operands.len());
        let bytes = extras
            .filter(|role| !role.optional)
            .map(|role| role.shape.bytes(geometry.problem.rows));
        bytes.fold(bytes_moved(geometry), u64::saturating_add)
    }
}

/// A buffer of an operation: where it is bound, its name, what it holds, and whether it is written.
#[derive(Debug, Clone, Copy)]
pub struct Operand {
    pub(crate) binding: Binding,
    pub(crate) name: &'static str,
    pub(crate) holds: Holds,
    pub(crate) written: bool,
}

/// Contents of a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// A matrix with the operation's columns, in the layout of the binding.
    Matrix,
    /// A contiguous square matrix a row.
    Squares,
    /// One f32 a row.
    Value,
    /// One class id a row.
    ClassId,
    /// One saved pair a row.
    Pair,
    /// The records of all parts of a row.
    Records,
    /// This many bytes for all rows.
    Whole { bytes: u64 },
}

impl Operand {
    pub(crate) const fn read(binding: Binding, name: &'static str, holds: Holds) -> Self {
        Self {
            binding,
            name,
            holds,
            written: false,
        }
    }

    pub(crate) const fn written(binding: Binding, name: &'static str, holds: Holds) -> Self {
        Self {
            written: true,
            ..Self::read(binding, name, holds)
        }
    }

    /// Role of the buffer in a plan.
    pub(crate) fn role(&self, geometry: &Geometry, params: &Params) -> Role {
        let per_row = |words: u32, bytes| Shape::PerRow {
            bytes: u64::from(words) * bytes,
        };
        let shape = match self.holds {
            Holds::Matrix => Shape::matrix(self.binding, geometry),
            Holds::Squares => Shape::squares(geometry.problem.cols.into(), geometry.problem.dtype),
            Holds::Value => Shape::VALUE_PER_ROW,
            Holds::ClassId => per_row(params.loss.id_words, F32),
            Holds::Pair => Shape::PAIR_PER_ROW,
            Holds::Records => per_row(params.grid.records, PARTIAL_BYTES),
            Holds::Whole { bytes } => Shape::Whole { bytes },
        };
        Role::new(self.binding, self.name, shape)
    }

    /// Number of elements for all rows of a spec, without gaps, and bytes of each.
    pub(crate) fn elements(&self, spec: &SoftmaxSpec) -> (u64, u64) {
        let matrix = spec.rows.saturating_mul(spec.cols);
        match self.holds {
            Holds::Matrix => (matrix, spec.dtype.bytes()),
            Holds::Squares => (matrix.saturating_mul(spec.cols), spec.dtype.bytes()),
            _ => (spec.rows, F32),
        }
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

            const OPERANDS: &'static [$crate::ops::plan::Operand] =
                &[$($crate::ops::plan::Operand::$how(
                    $crate::shader::Binding::$binding,
                    stringify!($field),
                    $crate::ops::plan::Holds::$holds,
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
            /// [`Error::Value`](crate::Error::Value) for a shape, layout, scale or mask out of its range: columns are 1 to 2^30,
            /// rows below 2^32. [`Error::Limit`](crate::Error::Limit) for a limit of the device that more dispatches cannot
            /// avoid, and [`Error::Variant`](crate::Error::Variant) for a forced variant that cannot serve.
            $(#[cfg(feature = $feature)])?
            pub fn $method(&self, spec: $spec) -> Result<$crate::ops::plan::Plan<$name>, $crate::error::Error> {
                $crate::ops::plan::Plan::new(self, spec)
            }
        }
    };
}
pub(crate) use row_operation;
