//! Softmax, log-softmax, logsumexp and their backward passes.

use std::marker::PhantomData;

use wgpu::Buffer;

use crate::kernel::Bound;
use crate::rows::{Options, RowKernels};
use crate::shader::Binding;
use crate::tensor::{F32, Shape, Tensor};
use crate::variant::{Operation, Variant};
use crate::{Error, Planner};

/// The shape of a row-wise operation: `rows` x `cols`, contiguous f32, row-major.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SoftmaxSpec {
    /// Rows, at most; a binding may take fewer.
    pub rows: u64,
    /// Columns of a row, at least 1.
    pub cols: u64,
}

impl SoftmaxSpec {
    /// `rows` x `cols`. Rows of 0 are a valid plan that does nothing.
    pub const fn new(rows: u64, cols: u64) -> Self {
        Self { rows, cols }
    }
}

/// A row-wise operation, with the buffers it binds.
pub trait RowOperation: sealed::Sealed {
    /// Which operation it is.
    const OPERATION: Operation;
    /// Its buffers, each with usage `STORAGE`.
    type Buffers<'a>;
    #[doc(hidden)]
    fn tensors<'a>(buffers: &Self::Buffers<'a>, cols: u64) -> sealed::Tensors<'a>;
}

mod sealed {
    use crate::tensor::Tensor;

    pub trait Sealed {}

    #[derive(Debug)]
    pub struct Tensors<'a>(pub(crate) Vec<Tensor<'a>>);
}

/// An operation that is chosen, checked and compiled, waiting for buffers.
///
/// Cheap to clone; holds no buffer.
#[derive(Debug, Clone)]
pub struct Plan<O> {
    kernels: RowKernels,
    operation: PhantomData<O>,
}

impl<O: RowOperation> Plan<O> {
    fn new(planner: &Planner, spec: SoftmaxSpec) -> Result<Self, Error> {
        let kernels = RowKernels::plan(planner, O::OPERATION, spec.rows, spec.cols)?;
        Ok(Self {
            kernels,
            operation: PhantomData,
        })
    }

    /// Binds buffers for all rows of the plan.
    ///
    /// # Errors
    ///
    /// A buffer without usage `STORAGE`, too small, or given twice though one of its roles is written; a row that
    /// exceeds the device's binding limit.
    pub fn bind(&self, buffers: O::Buffers<'_>) -> Result<Bound, Error> {
        self.bind_rows(self.kernels.rows, buffers)
    }

    /// Binds buffers for `rows` rows, up to those of the plan.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind), and more rows than the plan has.
    pub fn bind_rows(&self, rows: u64, buffers: O::Buffers<'_>) -> Result<Bound, Error> {
        let tensors = O::tensors(&buffers, u64::from(self.kernels.cols)).0;
        self.kernels.bind(&tensors, rows, Options::default())
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
        self.kernels
            .rows
            .saturating_mul(bytes_per_row(O::OPERATION, u64::from(self.kernels.cols)))
    }
}

/// Matrices read and written, and per-row arrays.
pub(crate) fn bytes_per_row(operation: Operation, cols: u64) -> u64 {
    let matrix = cols * F32;
    match operation {
        Operation::Softmax | Operation::LogSoftmax => 2 * matrix,
        Operation::SoftmaxBackward | Operation::LogSoftmaxBackward => 3 * matrix,
        Operation::LogSumExp => matrix + F32,
        Operation::LogSumExpBackward => 2 * matrix + F32,
        Operation::CrossEntropy => matrix + 4 * F32,
        Operation::CrossEntropyBackward => 2 * matrix + 3 * F32,
        Operation::CrossEntropyFused => 2 * matrix + 2 * F32,
        Operation::Jacobian => matrix + cols * matrix,
    }
}

/// Declares an operation, its buffers and the planner's method for it.
macro_rules! row_operation {
    (
        $(#[$doc:meta])* $name:ident, $method:ident, $buffers:ident {
            $($(#[$field_doc:meta])* $field:ident: $how:ident $binding:ident $shape:ident,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub enum $name {}

        #[doc = concat!("The buffers of [`", stringify!($name), "`].")]
        #[derive(Debug, Clone, Copy)]
        pub struct $buffers<'a> {
            $($(#[$field_doc])* pub $field: &'a Buffer,)*
        }

        impl sealed::Sealed for $name {}

        impl RowOperation for $name {
            const OPERATION: Operation = Operation::$name;
            type Buffers<'a> = $buffers<'a>;

            fn tensors<'a>(buffers: &Self::Buffers<'a>, cols: u64) -> sealed::Tensors<'a> {
                sealed::Tensors(vec![
                    $(Tensor::$how(Binding::$binding, stringify!($field), buffers.$field, $shape(cols)),)*
                ])
            }
        }

        impl Planner {
            #[doc = concat!("Plans [`", stringify!($name), "`].")]
            ///
            /// # Errors
            ///
            /// No columns, more rows or columns than 32-bit indices reach, or a forced variant that cannot serve.
            pub fn $method(&self, spec: SoftmaxSpec) -> Result<Plan<$name>, Error> {
                Plan::new(self, spec)
            }
        }
    };
}

const fn matrix(cols: u64) -> Shape {
    Shape::Matrix { cols }
}

const fn per_row(_cols: u64) -> Shape {
    Shape::PerRow { bytes: F32 }
}

row_operation! {
    /// Probabilities: `p_i = exp(x_i - max) / sum_j exp(x_j - max)`.
    Softmax, softmax, SoftmaxBuffers {
        /// Read: `rows` x `cols`.
        logits: read Source matrix,
        /// Written: `rows` x `cols`.
        probs: written Result matrix,
    }
}

row_operation! {
    /// Log-probabilities: `(x_i - max) - ln sum_j exp(x_j - max)`.
    LogSoftmax, log_softmax, LogSoftmaxBuffers {
        /// Read: `rows` x `cols`.
        logits: read Source matrix,
        /// Written: `rows` x `cols`.
        log_probs: written Result matrix,
    }
}

row_operation! {
    /// `max + ln sum_j exp(x_j - max)`, one value a row.
    LogSumExp, logsumexp, LogSumExpBuffers {
        /// Read: `rows` x `cols`.
        logits: read Source matrix,
        /// Written: `rows`.
        lse: written RowOutput per_row,
    }
}

row_operation! {
    /// `dL/dx = p (g - sum_j p_j g_j)` with the upstream gradient `g = dL/dp`.
    SoftmaxBackward, softmax_backward, SoftmaxBackwardBuffers {
        /// Read, the forward pass's output: `rows` x `cols`.
        probs: read Source matrix,
        /// Read, the upstream gradient: `rows` x `cols`.
        grad_probs: read Upstream matrix,
        /// Written: `rows` x `cols`.
        grad_logits: written Result matrix,
    }
}

row_operation! {
    /// `dL/dx = g - exp(l) sum_j g_j` with the log-probabilities `l` and the upstream gradient `g = dL/dl`.
    LogSoftmaxBackward, log_softmax_backward, LogSoftmaxBackwardBuffers {
        /// Read, the forward pass's output: `rows` x `cols`.
        log_probs: read Source matrix,
        /// Read, the upstream gradient: `rows` x `cols`.
        grad_log_probs: read Upstream matrix,
        /// Written: `rows` x `cols`.
        grad_logits: written Result matrix,
    }
}

row_operation! {
    /// `dL/dx = g softmax(x)` with the row's upstream gradient `g = dL/dlse`.
    LogSumExpBackward, logsumexp_backward, LogSumExpBackwardBuffers {
        /// Read: `rows` x `cols`.
        logits: read Source matrix,
        /// Read, the upstream gradient: `rows`.
        grad_lse: read RowInput per_row,
        /// Written: `rows` x `cols`.
        grad_logits: written Result matrix,
    }
}
