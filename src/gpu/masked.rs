//! Masked operations on slices.

use wgpu::Buffer;

use super::Gpu;
use super::element::Element;
use super::slices::{described, each_element, each_row, expect_len, require_matrix, result_beside};
use crate::error::Error;
use crate::ops::softmax::{LogSoftmaxBuffers, LogSumExpBuffers, SoftmaxBuffers};
use crate::spec::mask::MaskKind;
use crate::spec::softmax::SoftmaxSpec;
use crate::variant::Operation;

/// Elements of a mask, in its own shape. Slices, arrays and vectors convert into it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum MaskData<'a> {
    /// Values that are added to the scaled logits.
    Additive(&'a [f32]),
    /// Truth values: false excludes a logit, whatever it is.
    Boolean(&'a [bool]),
}

/// Declares the conversions.
macro_rules! mask_data_from {
    ($($variant:ident of $value:ty;)*) => {
        $(impl<'a> From<&'a [$value]> for MaskData<'a> {
            fn from(values: &'a [$value]) -> Self {
                Self::$variant(values)
            }
        }

        impl<'a, const LEN: usize> From<&'a [$value; LEN]> for MaskData<'a> {
            fn from(values: &'a [$value; LEN]) -> Self {
                Self::$variant(values)
            }
        }

        impl<'a> From<&'a Vec<$value>> for MaskData<'a> {
            fn from(values: &'a Vec<$value>) -> Self {
                Self::$variant(values)
            }
        })*
    };
}

mask_data_from! {
    Additive of f32;
    Boolean of bool;
}

impl MaskData<'_> {
    /// Returns the kind of a mask with such elements.
    pub const fn kind(&self) -> MaskKind {
        match self {
            Self::Additive(_) => MaskKind::Additive,
            Self::Boolean(_) => MaskKind::Boolean,
        }
    }

    const fn len(&self) -> usize {
        match self {
            Self::Additive(values) => values.len(),
            Self::Boolean(values) => values.len(),
        }
    }

    /// Refuses a spec without a mask, or with one of another kind or size.
    fn check(&self, spec: &SoftmaxSpec) -> Result<(), Error> {
        let refuse = |found: String| {
            Err(Error::Value {
                what: "mask",
                expected: "a spec with a mask of the elements' kind",
                found,
            })
        };
        match spec.mask.as_ref() {
            None => refuse("a spec without a mask".into()),
            Some(mask) if mask.kind() != self.kind() => {
                refuse(format!("{:?} for {:?} elements", mask.kind(), self.kind()))
            }
            Some(mask) => {
                let elements = usize::try_from(mask.elements()).unwrap_or(usize::MAX);
                expect_len("mask", self.len(), elements)
            }
        }
    }
}

/// Declares an operation of one matrix and a mask, of any type by a spec; blocking and not.
macro_rules! of_masked_matrix {
    (
        $(#[$doc:meta])* $plan:ident, $name:ident, $name_async:ident,
        $operation:ident, $buffers:ident { $output:ident: [$result:ident; $len:ident] }
    ) => {
        $(#[$doc])*
        ///
        /// `logits` holds the matrix that the spec describes, and `mask` the elements of the spec's
        /// [`mask`](SoftmaxSpec::mask).
        ///
        /// # Errors
        ///
        /// A length or a type other than the spec's, a spec without a mask, a value in it out of range, a size past the
        /// device's limits, or a failing device.
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
            let (rows, cols) = require_matrix::<T>(spec, "logits", logits.len())?;
            let mask = mask.into();
            mask.check(spec)?;
            let spec = spec.preferably_in_place(Operation::$operation);
            let plan = self.planner().$plan(spec)?;
            if rows == 0 {
                return Ok(Vec::new());
            }
            let input = self.upload("logits", logits)?;
            let mask = self.upload_mask(mask)?;
            let apart = || self.allocate_values::<$result>(stringify!($output), $len(rows, cols));
            let output = &result_beside(&spec, &input, apart)?;
            let buffers = $buffers { logits: &input, $output: output };
            let bound = plan.bind_masked(spec.rows(), buffers, &mask)?;
            self.fetch_one(&bound, output, $len(rows, cols), &described(Operation::$operation, spec)).await
        }
    };
}

impl Gpu {
    of_masked_matrix! {
        /// Computes probabilities of masked logits: `exp(x - max) / sum` over what the mask leaves of a row.
        softmax, softmax_masked, softmax_masked_async,
        Softmax, SoftmaxBuffers { probs: [T; each_element] }
    }

    of_masked_matrix! {
        /// Computes log-probabilities of masked logits: `(x - max) - ln sum` over what the mask leaves of a row.
        log_softmax, log_softmax_masked, log_softmax_masked_async,
        LogSoftmax, LogSoftmaxBuffers { log_probs: [T; each_element] }
    }

    of_masked_matrix! {
        /// Computes `max + ln sum` over what the mask leaves of a row, one value a row, in f32 always.
        logsumexp, logsumexp_masked, logsumexp_masked_async,
        LogSumExp, LogSumExpBuffers { lse: [f32; each_row] }
    }

    fn upload_mask(&self, mask: MaskData<'_>) -> Result<Buffer, Error> {
        match mask {
            MaskData::Additive(values) => self.upload("mask", values),
            MaskData::Boolean(values) => self.upload("mask", values),
        }
    }
}
