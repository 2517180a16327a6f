//! Every operation on slices: uploaded, run and downloaded in one call. A result of the first input's shape takes its
//! place.

use bytemuck::cast_slice;
use wgpu::Buffer;

use super::Gpu;
use super::element::{self, Element, MaskData};
use crate::error::Error;
use crate::ops::any::operands;
use crate::ops::extras::SoftmaxExtras;
use crate::ops::plan::RowPlan;
use crate::spec::softmax::SoftmaxSpec;
use crate::variant::Operation;

/// Returns the spec of a slice that holds `rows` rows.
fn spec_of(what: &'static str, len: usize, rows: usize) -> Result<SoftmaxSpec, Error> {
    let cols = len.checked_div(rows).unwrap_or(1);
    expect_len(what, len, rows.saturating_mul(cols) as u64)?;
    if rows > 0 && cols == 0 {
        return Err(Error::value("columns", "at least 1", 0));
    }
    Ok(SoftmaxSpec::new(rows as u64, cols as u64))
}

pub(super) fn expect_len(what: &'static str, found: usize, expected: u64) -> Result<(), Error> {
    match found as u64 {
        found if found == expected => Ok(()),
        found => Err(Error::Length {
            what,
            expected,
            found,
        }),
    }
}

pub(super) fn described(operation: Operation, rows: u64, cols: u64) -> String {
    format!("{operation} of {rows} x {cols}")
}

/// Declares an operation of one or two inputs: of f32 in a number of rows, and of any type by a spec; blocking and not.
macro_rules! on_slices {
    (
        $(#[$doc:meta])*
        $operation:ident, $name:ident, $name_async:ident, $with:ident, $with_async:ident,
        ($first:ident $(, $upstream:ident: [$gradient:ident])?) -> $result:ident
    ) => {
        $(#[$doc])*
        ///
        #[doc = concat!("`", stringify!($first), "` holds `rows` rows of equal length.")]
        ///
        /// # Errors
        ///
        /// A length that is no multiple of `rows`, lengths that do not agree with each other, a size past the device's
        /// limits, or a failing device.
        #[cfg(not(target_arch = "wasm32"))]
        pub fn $name(&self, $first: &[f32], $($upstream: &[f32],)? rows: usize) -> Result<Vec<f32>, Error> {
            pollster::block_on(self.$name_async($first, $($upstream,)? rows))
        }

        #[doc = concat!("[`", stringify!($name), "`](Self::", stringify!($name), "), as a future.")]
        ///
        /// # Errors
        ///
        /// The same.
        pub async fn $name_async(&self, $first: &[f32], $($upstream: &[f32],)? rows: usize) -> Result<Vec<f32>, Error> {
            let spec = spec_of(stringify!($first), $first.len(), rows)?;
            self.$with_async(&spec, $first $(, $upstream)?).await
        }

        #[doc = concat!("[`", stringify!($name), "`](Self::", stringify!($name), ") of what a spec describes: scaled, or stored in 16 bits.")]
        ///
        #[doc = concat!("`", stringify!($first), "` holds the rows of the spec, without gaps.")]
        ///
        /// # Errors
        ///
        /// A length or a type other than the spec's, a value in it out of range, a size past the device's limits, or a
        /// failing device.
        #[cfg(not(target_arch = "wasm32"))]
        pub fn $with<T: Element>(
            &self,
            spec: &SoftmaxSpec,
            $first: &[T],
            $($upstream: &[$gradient],)?
        ) -> Result<Vec<$result>, Error> {
            pollster::block_on(self.$with_async(spec, $first $(, $upstream)?))
        }

        #[doc = concat!("[`", stringify!($with), "`](Self::", stringify!($with), "), as a future.")]
        ///
        /// # Errors
        ///
        /// The same.
        pub async fn $with_async<T: Element>(
            &self,
            spec: &SoftmaxSpec,
            $first: &[T],
            $($upstream: &[$gradient],)?
        ) -> Result<Vec<$result>, Error> {
            let inputs = [cast_slice($first) $(, cast_slice($upstream))?];
            self.operate::<T, $result>(Operation::$operation, spec, &inputs, None, None).await
        }
    };
}

/// Declares an operation of one matrix and a mask, of any type by a spec; blocking and not.
macro_rules! on_masked_slices {
    ($(#[$doc:meta])* $operation:ident, $name:ident, $name_async:ident, (logits) -> $result:ident) => {
        $(#[$doc])*
        ///
        /// `logits` holds the matrix that the spec describes, and `mask` the elements of the spec's
        /// [`mask`](SoftmaxSpec::mask).
        ///
        /// # Errors
        ///
        /// A length or a type other than the spec's, a spec without a mask, a value in it out of range, a size past the
        /// device's limits, or a failing device.
        #[cfg(not(target_arch = "wasm32"))]
        pub fn $name<'a, T: Element>(
            &self,
            spec: &SoftmaxSpec,
            logits: &[T],
            mask: impl Into<MaskData<'a>>,
        ) -> Result<Vec<$result>, Error> {
            pollster::block_on(self.$name_async(spec, logits, mask))
        }

        #[doc = concat!("[`", stringify!($name), "`](Self::", stringify!($name), "), as a future.")]
        ///
        /// # Errors
        ///
        /// The same.
        pub async fn $name_async<'a, T: Element>(
            &self,
            spec: &SoftmaxSpec,
            logits: &[T],
            mask: impl Into<MaskData<'a>>,
        ) -> Result<Vec<$result>, Error> {
            let mask = Some(mask.into());
            self.operate::<T, $result>(Operation::$operation, spec, &[cast_slice(logits)], mask, None).await
        }
    };
}

/// Declares an operation of one matrix and sinks, of any type by a spec; blocking and not.
macro_rules! on_slices_with_sinks {
    ($(#[$doc:meta])* $operation:ident, $name:ident, $name_async:ident, (logits) -> $result:ident) => {
        $(#[$doc])*
        ///
        /// `logits` holds the matrix that the spec describes, `sinks` one value a head of the spec's
        /// [`sinks`](SoftmaxSpec::sinks), and `mask` the elements of its mask, if it has one.
        ///
        /// # Errors
        ///
        /// A length or a type other than the spec's, a spec without sinks, a value in it out of range, a size past the device's
        /// limits, or a failing device.
        #[cfg(not(target_arch = "wasm32"))]
        pub fn $name<T: Element>(
            &self,
            spec: &SoftmaxSpec,
            logits: &[T],
            sinks: &[f32],
            mask: Option<MaskData<'_>>,
        ) -> Result<Vec<$result>, Error> {
            pollster::block_on(self.$name_async(spec, logits, sinks, mask))
        }

        #[doc = concat!("[`", stringify!($name), "`](Self::", stringify!($name), "), as a future.")]
        ///
        /// # Errors
        ///
        /// The same.
        pub async fn $name_async<T: Element>(
            &self,
            spec: &SoftmaxSpec,
            logits: &[T],
            sinks: &[f32],
            mask: Option<MaskData<'_>>,
        ) -> Result<Vec<$result>, Error> {
            let inputs = &[cast_slice(logits)];
            self.operate::<T, $result>(Operation::$operation, spec, inputs, mask, Some(sinks)).await
        }
    };
}

impl Gpu {
    on_slices! {
        /// Computes probabilities: `exp(x - max) / sum`, row by row.
        Softmax, softmax, softmax_async, softmax_with, softmax_with_async, (logits) -> T
    }

    on_slices! {
        /// Computes log-probabilities: `(x - max) - ln sum`, row by row.
        LogSoftmax, log_softmax, log_softmax_async, log_softmax_with, log_softmax_with_async, (logits) -> T
    }

    on_slices! {
        /// Computes `max + ln sum`, one value a row, in f32 always.
        LogSumExp, logsumexp, logsumexp_async, logsumexp_with, logsumexp_with_async, (logits) -> f32
    }

    on_slices! {
        /// Computes the Jacobian of softmax: for each row of `n` columns, `n` x `n` values `p_i ([i = j] - p_j)`.
        Jacobian, jacobian, jacobian_async, jacobian_with, jacobian_with_async, (logits) -> T
    }

    on_slices! {
        /// Computes `dL/dx = p (g - sum of p g)` from the probabilities and the upstream gradient.
        SoftmaxBackward, softmax_backward, softmax_backward_async, softmax_backward_with, softmax_backward_with_async,
        (probs, grad_probs: [T]) -> T
    }

    on_slices! {
        /// Computes `dL/dx = g - exp(l) (sum of g)` from the log-probabilities and the upstream gradient.
        LogSoftmaxBackward, log_softmax_backward, log_softmax_backward_async, log_softmax_backward_with,
        log_softmax_backward_with_async, (log_probs, grad_log_probs: [T]) -> T
    }

    on_slices! {
        /// Computes `dL/dx = g softmax(x)` from the logits and one upstream value a row, in f32 always.
        LogSumExpBackward, logsumexp_backward, logsumexp_backward_async, logsumexp_backward_with,
        logsumexp_backward_with_async, (logits, grad_lse: [f32]) -> T
    }

    on_masked_slices! {
        /// Computes probabilities of masked logits: `exp(x - max) / sum` over what the mask leaves of a row.
        Softmax, softmax_masked, softmax_masked_async, (logits) -> T
    }

    on_masked_slices! {
        /// Computes log-probabilities of masked logits: `(x - max) - ln sum` over what the mask leaves of a row.
        LogSoftmax, log_softmax_masked, log_softmax_masked_async, (logits) -> T
    }

    on_masked_slices! {
        /// Computes `max + ln sum` over what the mask leaves of a row, one value a row, in f32 always.
        LogSumExp, logsumexp_masked, logsumexp_masked_async, (logits) -> f32
    }

    on_slices_with_sinks! {
        /// Computes probabilities of rows with sinks: `exp(x - max) / (sum + exp(sink - max))`.
        Softmax, softmax_with_sinks, softmax_with_sinks_async, (logits) -> T
    }

    on_slices_with_sinks! {
        /// Computes log-probabilities of rows with sinks: `(x - max) - ln (sum + exp(sink - max))`.
        LogSoftmax, log_softmax_with_sinks, log_softmax_with_sinks_async, (logits) -> T
    }

    on_slices_with_sinks! {
        /// Computes `max + ln (sum + exp(sink - max))`, one value a row, in f32 always.
        LogSumExp, logsumexp_with_sinks, logsumexp_with_sinks_async, (logits) -> f32
    }

    /// Runs an operation on matrices of `T` with a result of `R`: `inputs` are the bytes of its operands that are read.
    async fn operate<T: Element, R: Element>(
        &self,
        operation: Operation,
        spec: &SoftmaxSpec,
        inputs: &[&[u8]],
        mask: Option<MaskData<'_>>,
        sinks: Option<&[f32]>,
    ) -> Result<Vec<R>, Error> {
        element::require::<T>(spec.dtype)?;
        let operands = operands(operation);
        for (operand, bytes) in operands.iter().zip(inputs) {
            let (elements, each) = operand.elements(spec);
            expect_len(operand.name, bytes.len() / each as usize, elements)?;
        }
        if let Some(mask) = mask {
            mask.check(spec)?;
        }
        match (sinks, spec.sinks) {
            (Some(sinks), Some(of)) => expect_len("sinks", sinks.len(), of.heads)?,
            (Some(_), None) => {
                return Err(Error::value("sinks", "a spec with sinks", "one without"));
            }
            (None, _) => {}
        }
        let spec = spec.preferably_in_place(operation);
        let plan = RowPlan::any(self.planner(), operation, spec)?;
        if spec.rows() == 0 {
            return Ok(Vec::new());
        }

        let inputs = operands.iter().zip(inputs);
        let inputs: Vec<Buffer> = inputs
            .map(|(operand, bytes)| self.upload(operand.name, bytes))
            .collect::<Result<_, _>>()?;
        let mask = match mask {
            Some(MaskData::Additive(values)) => Some(self.upload("mask", values)?),
            Some(MaskData::Boolean(values)) => Some(self.upload("mask", values)?),
            None => None,
        };
        let sinks = sinks.map(|sinks| self.upload("sinks", sinks)).transpose()?;
        let extras = SoftmaxExtras {
            mask: mask.as_ref(),
            sinks: sinks.as_ref(),
            ..SoftmaxExtras::default()
        };
        let result = &operands[inputs.len()];
        let len = usize::try_from(result.elements(&spec).0).unwrap_or(usize::MAX);
        let words = element::words::<R>(len);
        let output = match spec.in_place {
            true => inputs[0].clone(),
            false => self.allocate(result.name, (words as u64).saturating_mul(4))?,
        };
        let buffers: Vec<_> = inputs.iter().chain([&output]).collect();
        let bound = plan.bind(spec.rows(), &buffers, extras)?;
        let output = (output, words);
        let what = described(operation, spec.rows(), spec.cols());
        let mut fetched = self.run_and_fetch(&bound, &[&output], &what).await?;
        Ok(element::values(fetched.pop().unwrap_or_default(), len))
    }
}
