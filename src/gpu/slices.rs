//! Every operation on slices: uploaded, run and downloaded in one call. A result of the first input's shape takes its
//! place.

use wgpu::Buffer;

use super::Gpu;
use super::element::{self, Element};
use crate::device::kernel::Bound;
use crate::error::Error;
use crate::ops::jacobian::JacobianBuffers;
use crate::ops::softmax::{
    LogSoftmaxBackwardBuffers, LogSoftmaxBuffers, LogSumExpBackwardBuffers, LogSumExpBuffers,
    SoftmaxBackwardBuffers, SoftmaxBuffers,
};
use crate::spec::softmax::SoftmaxSpec;
use crate::variant::Operation;

/// Returns the spec of a slice that holds `rows` rows.
fn spec_of(what: &'static str, len: usize, rows: usize) -> Result<SoftmaxSpec, Error> {
    let cols = len.checked_div(rows).unwrap_or(1);
    expect_len(what, len, rows.saturating_mul(cols))?;
    if rows > 0 && cols == 0 {
        return Err(Error::Value {
            what: "columns",
            expected: "at least 1",
            found: "0".into(),
        });
    }
    Ok(SoftmaxSpec::new(rows as u64, cols as u64))
}

pub(super) fn expect_len(what: &'static str, found: usize, expected: usize) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Length {
        what,
        expected: expected as u64,
        found: found as u64,
    })
}

pub(super) fn described(operation: Operation, spec: SoftmaxSpec) -> String {
    format!("{operation} of {} x {}", spec.rows(), spec.cols())
}

pub(super) fn floats(words: Vec<u32>) -> Vec<f32> {
    bytemuck::cast_vec(words)
}

/// Declares an operation of one matrix: of f32 in a number of rows, and of any type by a spec; blocking and not.
macro_rules! of_one_matrix {
    (
        $(#[$doc:meta])* $name:ident, $name_async:ident, $with:ident, $with_async:ident,
        $operation:ident, $buffers:ident { $output:ident: [$result:ident; $len:ident] }
    ) => {
        $(#[$doc])*
        ///
        /// `logits` holds `rows` rows of equal length.
        ///
        /// # Errors
        ///
        /// A length that is no multiple of `rows`, a size past the device's limits, or a failing device.
        pub fn $name(&self, logits: &[f32], rows: usize) -> Result<Vec<f32>, Error> {
            pollster::block_on(self.$name_async(logits, rows))
        }

        #[doc = concat!("[`", stringify!($name), "`](Self::", stringify!($name), "), as a future.")]
        ///
        /// # Errors
        ///
        /// The same.
        pub async fn $name_async(&self, logits: &[f32], rows: usize) -> Result<Vec<f32>, Error> {
            self.$with_async(&spec_of("logits", logits.len(), rows)?, logits).await
        }

        #[doc = concat!("[`", stringify!($name), "`](Self::", stringify!($name), ") of what a spec describes: scaled, or stored in 16 bits.")]
        ///
        /// `logits` holds the rows of the spec, without gaps.
        ///
        /// # Errors
        ///
        /// A length or a type other than the spec's, a value in it out of range, a size past the device's limits, or a
        /// failing device.
        pub fn $with<T: Element>(&self, spec: &SoftmaxSpec, logits: &[T]) -> Result<Vec<$result>, Error> {
            pollster::block_on(self.$with_async(spec, logits))
        }

        #[doc = concat!("[`", stringify!($with), "`](Self::", stringify!($with), "), as a future.")]
        ///
        /// # Errors
        ///
        /// The same.
        pub async fn $with_async<T: Element>(
            &self,
            spec: &SoftmaxSpec,
            logits: &[T],
        ) -> Result<Vec<$result>, Error> {
            let (rows, cols) = require_matrix::<T>(spec, "logits", logits.len())?;
            let spec = spec.preferably_in_place(Operation::$operation);
            let plan = self.planner().$name(spec)?;
            if rows == 0 {
                return Ok(Vec::new());
            }
            let input = self.upload("logits", logits)?;
            let apart = || self.allocate_values::<$result>(stringify!($output), $len(rows, cols));
            let output = &result_beside(&spec, &input, apart)?;
            let bound = plan.bind($buffers { logits: &input, $output: output })?;
            self.fetch_one(&bound, output, $len(rows, cols), &described(Operation::$operation, spec)).await
        }
    };
}

/// Declares a backward operation of two inputs: of f32 in a number of rows, and of any type by a spec; blocking and not.
macro_rules! of_two_inputs {
    (
        $(#[$doc:meta])* $name:ident, $name_async:ident, $with:ident, $with_async:ident,
        $operation:ident, $buffers:ident { $forward:ident, $upstream:ident: [$gradient:ident; $len:ident] }
    ) => {
        $(#[$doc])*
        ///
        /// The first slice holds `rows` rows of equal length.
        ///
        /// # Errors
        ///
        /// Lengths that do not agree with each other or with `rows`, a size past the device's limits, or a failing
        /// device.
        pub fn $name(&self, $forward: &[f32], $upstream: &[f32], rows: usize) -> Result<Vec<f32>, Error> {
            pollster::block_on(self.$name_async($forward, $upstream, rows))
        }

        #[doc = concat!("[`", stringify!($name), "`](Self::", stringify!($name), "), as a future.")]
        ///
        /// # Errors
        ///
        /// The same.
        pub async fn $name_async(&self, $forward: &[f32], $upstream: &[f32], rows: usize) -> Result<Vec<f32>, Error> {
            self.$with_async(&spec_of(stringify!($forward), $forward.len(), rows)?, $forward, $upstream).await
        }

        #[doc = concat!("[`", stringify!($name), "`](Self::", stringify!($name), ") of what a spec describes: scaled, or stored in 16 bits.")]
        ///
        /// The first slice holds the rows of the spec, without gaps.
        ///
        /// # Errors
        ///
        /// Lengths or types other than the spec's, a value in it out of range, a size past the device's limits, or a
        /// failing device.
        pub fn $with<T: Element>(
            &self,
            spec: &SoftmaxSpec,
            $forward: &[T],
            $upstream: &[$gradient],
        ) -> Result<Vec<T>, Error> {
            pollster::block_on(self.$with_async(spec, $forward, $upstream))
        }

        #[doc = concat!("[`", stringify!($with), "`](Self::", stringify!($with), "), as a future.")]
        ///
        /// # Errors
        ///
        /// The same.
        pub async fn $with_async<T: Element>(
            &self,
            spec: &SoftmaxSpec,
            $forward: &[T],
            $upstream: &[$gradient],
        ) -> Result<Vec<T>, Error> {
            let (rows, cols) = require_matrix::<T>(spec, stringify!($forward), $forward.len())?;
            expect_len(stringify!($upstream), $upstream.len(), $len(rows, cols))?;
            let spec = spec.preferably_in_place(Operation::$operation);
            let plan = self.planner().$name(spec)?;
            if rows == 0 {
                return Ok(Vec::new());
            }
            let forward = self.upload(stringify!($forward), $forward)?;
            let upstream = self.upload(stringify!($upstream), $upstream)?;
            let apart = || self.allocate_values::<T>("grad_logits", $forward.len());
            let output = &result_beside(&spec, &forward, apart)?;
            let bound = plan.bind($buffers { $forward: &forward, $upstream: &upstream, grad_logits: output })?;
            self.fetch_one(&bound, output, $forward.len(), &described(Operation::$operation, spec)).await
        }
    };
}

/// Returns the rows and columns of a spec, if a slice has its type and length.
pub(super) fn require_matrix<T: Element>(
    spec: &SoftmaxSpec,
    what: &'static str,
    len: usize,
) -> Result<(usize, usize), Error> {
    element::require::<T>(spec.dtype)?;
    let native = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let (rows, cols) = (native(spec.rows()), native(spec.cols()));
    expect_len(what, len, each_element(rows, cols))?;
    Ok((rows, cols))
}

/// Returns the buffer of the result: the first input, or the one that `apart` makes.
pub(super) fn result_beside(
    spec: &SoftmaxSpec,
    first: &Buffer,
    apart: impl FnOnce() -> Result<Buffer, Error>,
) -> Result<Buffer, Error> {
    match spec.in_place {
        true => Ok(first.clone()),
        false => apart(),
    }
}

pub(super) const fn each_element(rows: usize, cols: usize) -> usize {
    rows.saturating_mul(cols)
}

pub(super) const fn each_row(rows: usize, _cols: usize) -> usize {
    rows
}

const fn each_pair(rows: usize, cols: usize) -> usize {
    each_element(rows, cols).saturating_mul(cols)
}

impl Gpu {
    of_one_matrix! {
        /// Computes probabilities: `exp(x - max) / sum`, row by row.
        softmax, softmax_async, softmax_with, softmax_with_async,
        Softmax, SoftmaxBuffers { probs: [T; each_element] }
    }

    of_one_matrix! {
        /// Computes log-probabilities: `(x - max) - ln sum`, row by row.
        log_softmax, log_softmax_async, log_softmax_with, log_softmax_with_async,
        LogSoftmax, LogSoftmaxBuffers { log_probs: [T; each_element] }
    }

    of_one_matrix! {
        /// Computes `max + ln sum`, one value a row, in f32 always.
        logsumexp, logsumexp_async, logsumexp_with, logsumexp_with_async,
        LogSumExp, LogSumExpBuffers { lse: [f32; each_row] }
    }

    of_one_matrix! {
        /// Computes the Jacobian of softmax: for each row of `n` columns, `n` x `n` values `p_i ([i = j] - p_j)`.
        jacobian, jacobian_async, jacobian_with, jacobian_with_async,
        Jacobian, JacobianBuffers { jacobian: [T; each_pair] }
    }

    of_two_inputs! {
        /// Computes `dL/dx = p (g - sum of p g)` from the probabilities and the upstream gradient.
        softmax_backward, softmax_backward_async, softmax_backward_with, softmax_backward_with_async,
        SoftmaxBackward, SoftmaxBackwardBuffers { probs, grad_probs: [T; each_element] }
    }

    of_two_inputs! {
        /// Computes `dL/dx = g - exp(l) (sum of g)` from the log-probabilities and the upstream gradient.
        log_softmax_backward, log_softmax_backward_async, log_softmax_backward_with, log_softmax_backward_with_async,
        LogSoftmaxBackward, LogSoftmaxBackwardBuffers { log_probs, grad_log_probs: [T; each_element] }
    }

    of_two_inputs! {
        /// Computes `dL/dx = g softmax(x)` from the logits and one upstream value a row, in f32 always.
        logsumexp_backward, logsumexp_backward_async, logsumexp_backward_with, logsumexp_backward_with_async,
        LogSumExpBackward, LogSumExpBackwardBuffers { logits, grad_lse: [f32; each_row] }
    }

    /// Allocates an output for `len` values.
    pub(super) fn allocate_values<T: Element>(
        &self,
        role: &str,
        len: usize,
    ) -> Result<Buffer, Error> {
        self.allocate(role, (element::words::<T>(len) as u64).saturating_mul(4))
    }

    pub(super) async fn fetch_one<T: Element>(
        &self,
        bound: &Bound,
        output: &Buffer,
        len: usize,
        what: &str,
    ) -> Result<Vec<T>, Error> {
        let outputs = [(output, element::words::<T>(len))];
        let mut fetched = self.run_and_fetch(bound, &outputs, what).await?;
        Ok(element::values(fetched.pop().unwrap_or_default(), len))
    }
}
