//! Row operations: a spec, a plan and buffers for each.

use std::fmt::Debug;
use std::marker::PhantomData;

use crate::device::kernel::Bound;
use crate::device::kernel_text::KernelText;
use crate::device::planner::Planner;
use crate::device::rows::RowKernels;
use crate::device::tensor::{F32, Role, Shape, Tensor};
use crate::error::Error;
use crate::shader::Binding;
use crate::shader::params::Params;
use crate::spec::mask::Mask;
use crate::variant::geometry::Geometry;
use crate::variant::{Operation, TargetKind, Variant};

/// A row-wise operation, with the spec it is planned from and the buffers it binds.
pub trait RowOperation: sealed::Sealed {
    /// The operation as data.
    const OPERATION: Operation;
    /// Type of the spec it is planned from.
    type Spec: sealed::Spec;
    /// Type of its buffers, each with usage `STORAGE`.
    type Buffers<'a>;
    #[doc(hidden)]
    fn tensors<'a>(
        buffers: &Self::Buffers<'a>,
        geometry: &Geometry,
        params: &Params,
    ) -> sealed::Tensors<'a>;
    #[doc(hidden)]
    fn roles(geometry: &Geometry, params: &Params) -> sealed::Roles;
}

pub(crate) mod sealed {
    use crate::device::tensor::{Role, Tensor};
    use crate::error::Error;
    use crate::shader::params::Params;
    use crate::spec::mask::Mask;
    use crate::variant::Operation;
    use crate::variant::geometry::Geometry;

    pub trait Sealed {}

    /// A spec: the shape of an operation, and the plain numbers that its formula reads.
    pub trait Spec: Copy {
        fn geometry(&self, operation: Operation) -> Result<Geometry, Error>;
        fn params(&self) -> Result<Params, Error>;
        fn mask(&self) -> Option<&Mask> {
            None
        }
    }

    #[derive(Debug)]
    pub struct Tensors<'a>(pub(crate) Vec<Tensor<'a>>);

    #[derive(Debug)]
    pub struct Roles(pub(crate) Vec<Role>);
}

use sealed::Spec;

/// An operation that is planned and checked. It needs buffers to run: the first binding compiles its kernels.
///
/// Cheap to clone; holds no buffer.
#[derive(Debug, Clone)]
pub struct Plan<O> {
    kernels: RowKernels,
    params: Params,
    mask: Option<Mask>,
    operation: PhantomData<fn() -> O>,
}

impl<O: RowOperation> Plan<O> {
    pub(crate) fn new(planner: &Planner, spec: O::Spec) -> Result<Self, Error> {
        let params = spec.params()?;
        let kernels = RowKernels::plan(planner, spec.geometry(O::OPERATION)?)?;
        Ok(Self {
            kernels,
            params,
            mask: spec.mask().copied(),
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
        self.bind_rows(self.kernels.geometry.rows, buffers)
    }

    /// Binds buffers for `rows` rows, up to those of the plan.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind), and more rows than the plan has.
    pub fn bind_rows(&self, rows: u64, buffers: O::Buffers<'_>) -> Result<Bound, Error> {
        if self.mask.is_some() {
            return Err(Error::Value {
                what: "mask",
                expected: "a buffer for it, given to `bind_masked`",
                found: "none".into(),
            });
        }
        let tensors = O::tensors(&buffers, &self.kernels.geometry, &self.params).0;
        self.kernels.bind(&tensors, rows, self.params)
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
        mask: &wgpu::Buffer,
    ) -> Result<Bound, Error> {
        let Some(described) = self.mask else {
            return Err(Error::Value {
                what: "mask",
                expected: "a spec with a mask",
                found: "one without".into(),
            });
        };
        let mut tensors = O::tensors(&buffers, &self.kernels.geometry, &self.params).0;
        let bytes = mask_bytes(&described);
        tensors.push(Tensor::read(
            Binding::Mask,
            "mask",
            mask,
            Shape::Whole { bytes },
        ));
        self.kernels.bind(&tensors, rows, self.params)
    }

    /// Number of pipelines that the bindings of this plan compile at most, if the planner holds none of them yet.
    pub fn pipelines(&self) -> usize {
        self.kernels.pipelines()
    }

    /// Name of the chosen kernel.
    pub fn kernel(&self) -> String {
        self.kernels.name()
    }

    /// The chosen kernel as data.
    pub const fn variant(&self) -> Variant {
        self.kernels.variant
    }

    /// Returns the kernels that serve all rows of the plan, as readable text, in the order of their dispatches.
    ///
    /// # Errors
    ///
    /// A device limit that more dispatches cannot avoid.
    pub fn wgsl(&self) -> Result<Vec<KernelText>, Error> {
        let mut roles = O::roles(&self.kernels.geometry, &self.params).0;
        roles.extend(self.mask.as_ref().map(|mask| {
            let bytes = mask_bytes(mask);
            Role::new(Binding::Mask, "mask", Shape::Whole { bytes })
        }));
        self.kernels.texts(&roles, self.params)
    }

    /// Fewest bytes that the operation must move: each input read once, each output written once.
    pub fn bytes_moved(&self) -> u64 {
        let mask = self.mask.as_ref().map_or(0, mask_bytes);
        bytes_moved(&self.kernels.geometry).saturating_add(mask)
    }
}

/// Bytes of a mask, in whole words.
fn mask_bytes(mask: &Mask) -> u64 {
    let bytes = mask.elements().saturating_mul(mask.kind().bytes());
    bytes.checked_next_multiple_of(4).unwrap_or(u64::MAX)
}

/// Bytes of the matrices and per-row arrays that are read and written for all rows.
pub(crate) fn bytes_moved(geometry: &Geometry) -> u64 {
    let cols = u64::from(geometry.cols);
    let element = geometry.dtype.bytes();
    let probabilities = match geometry.options.target_kind {
        TargetKind::Probabilities => cols * element,
        _ => 0,
    };
    let others = bytes_per_row(geometry.operation, cols, element);
    geometry.rows.saturating_mul(others + probabilities)
}

pub(crate) fn bytes_per_row(operation: Operation, cols: u64, element: u64) -> u64 {
    let matrix = cols * element;
    match operation {
        Operation::Softmax | Operation::LogSoftmax => 2 * matrix,
        Operation::SoftmaxBackward | Operation::LogSoftmaxBackward => 3 * matrix,
        Operation::LogSumExp => matrix + F32,
        Operation::LogSumExpBackward => 2 * matrix + F32,
        Operation::CrossEntropy => matrix + 4 * F32,
        Operation::CrossEntropyBackward => 2 * matrix + 3 * F32,
        Operation::CrossEntropyFused => 2 * matrix + 2 * F32,
        Operation::PartialStatistic => matrix + 4 * F32,
        Operation::MergeStatistics => 4 * cols * F32 + 3 * F32,
        Operation::SoftmaxFromPairs => 2 * matrix + 2 * F32,
        Operation::CrossEntropyFromPairs => 5 * F32,
        Operation::LseFromPairs => 3 * F32,
        Operation::RowOutputs => 5 * F32,
        Operation::Jacobian => cols.saturating_mul(matrix).saturating_add(matrix),
    }
}

/// Declares an operation, its buffers and the planner's method for it.
macro_rules! row_operation {
    (
        $(#[$doc:meta])* $name:ident, $method:ident, $spec:ident, $buffers:ident {
            $($(#[$field_doc:meta])* $field:ident: $how:ident $binding:ident $shape:ident,)*
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

            fn tensors<'a>(
                buffers: &Self::Buffers<'a>,
                geometry: &$crate::variant::geometry::Geometry,
                params: &$crate::shader::params::Params,
            ) -> $crate::ops::plan::sealed::Tensors<'a> {
                use $crate::ops::plan::{class_id, matrix, pair, records, value};
                // Each operation uses only some of the shapes.
                let _ = (class_id, matrix, pair, records, value);
                $crate::ops::plan::sealed::Tensors(vec![$($crate::device::tensor::Tensor::$how(
                    $crate::shader::Binding::$binding,
                    stringify!($field),
                    buffers.$field,
                    $shape($crate::shader::Binding::$binding, geometry, params),
                ),)*])
            }

            fn roles(
                geometry: &$crate::variant::geometry::Geometry,
                params: &$crate::shader::params::Params,
            ) -> $crate::ops::plan::sealed::Roles {
                use $crate::ops::plan::{class_id, matrix, pair, records, value};
                let _ = (class_id, matrix, pair, records, value);
                $crate::ops::plan::sealed::Roles(vec![$($crate::device::tensor::Role::new(
                    $crate::shader::Binding::$binding,
                    stringify!($field),
                    $shape($crate::shader::Binding::$binding, geometry, params),
                ),)*])
            }
        }

        impl $crate::device::planner::Planner {
            #[doc = concat!("Plans [`", stringify!($name), "`].")]
            ///
            /// # Errors
            ///
            /// No columns, more rows or columns than 32-bit indices reach, or a forced variant that cannot serve.
            pub fn $method(&self, spec: $spec) -> Result<$crate::ops::plan::Plan<$name>, $crate::error::Error> {
                $crate::ops::plan::Plan::new(self, spec)
            }
        }
    };
}
pub(crate) use row_operation;

/// Shape of a matrix with the operation's columns, in the layout of the binding.
pub(crate) fn matrix(binding: Binding, geometry: &Geometry, _: &Params) -> Shape {
    Shape::matrix(binding, geometry)
}

/// Shape of one value a row.
pub(crate) const fn value(_: Binding, _: &Geometry, _: &Params) -> Shape {
    Shape::VALUE_PER_ROW
}

/// Shape of one class id a row.
pub(crate) const fn class_id(_: Binding, _: &Geometry, params: &Params) -> Shape {
    Shape::PerRow {
        bytes: params.loss.id_words as u64 * F32,
    }
}

/// Shape of one saved pair a row.
pub(crate) const fn pair(_: Binding, _: &Geometry, _: &Params) -> Shape {
    Shape::PAIR_PER_ROW
}

/// Shape of the records of all parts of a row.
pub(crate) const fn records(_: Binding, _: &Geometry, params: &Params) -> Shape {
    Shape::PerRow {
        bytes: params.grid.records as u64 * crate::device::rows::PARTIAL_BYTES,
    }
}
