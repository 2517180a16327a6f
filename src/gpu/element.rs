//! Types of the values in slices, and of the elements of masks.

use bytemuck::Pod;

use super::slices::expect_len;
use crate::error::Error;
use crate::spec::dtype::DType;
use crate::spec::mask::MaskKind;
use crate::spec::softmax::SoftmaxSpec;

/// A value of a matrix as it is stored: an `f32`, or a `u16` with the bits of an f16 or a bf16.
///
/// The spec's [`DType`] says which of the 16-bit types is meant. The types of the crate `half` have the same bits: its
/// `reinterpret_cast` makes a slice of `u16` of one of theirs, and back.
pub trait Element: Pod + sealed::Sealed {}

impl Element for f32 {}
impl Element for u16 {}

mod sealed {
    pub trait Sealed {}

    impl Sealed for f32 {}
    impl Sealed for u16 {}
}

/// Refuses a spec whose values have another width than those of the slices.
pub(super) fn require<T: Element>(dtype: DType) -> Result<(), Error> {
    if dtype.bytes() == size_of::<T>() as u64 {
        return Ok(());
    }
    let expected = match size_of::<T>() {
        4 => "f32 for slices of f32",
        _ => "f16 or bf16 for slices of u16",
    };
    Err(Error::value("dtype", expected, dtype))
}

/// Returns the number of whole words that `len` values take.
pub(super) const fn words<T: Element>(len: usize) -> usize {
    len.saturating_mul(size_of::<T>()).div_ceil(4)
}

/// Returns the first `len` values in words that the device has written.
pub(super) fn values<T: Element>(words: Vec<u32>, len: usize) -> Vec<T> {
    let mut values = match bytemuck::allocation::try_cast_vec(words) {
        Ok(values) => values,
        // An allocation of words is no allocation of 16-bit values.
        Err((_, words)) => bytemuck::allocation::pod_collect_to_vec(&words),
    };
    values.truncate(len);
    values
}

/// Declares the setters of inputs that may be left out.
macro_rules! setters_of_slices {
    ($inputs:ident: $($(#[$doc:meta])* $name:ident,)*) => {
        impl<'a, T> $inputs<'a, T> {
            $($(#[$doc])*
            #[must_use]
            pub const fn $name(self, $name: &'a [f32]) -> Self {
                Self {
                    $name: Some($name),
                    ..self
                }
            })*
        }
    };
}
pub(super) use setters_of_slices;

/// Declares the conversions of a slice, an array and a vector into a variant of an enum.
macro_rules! from_slices {
    ($(<$($any:ident)?> $target:ty: $variant:ident of $value:ty;)*) => {
        $(impl<'a, $($any)?> From<&'a [$value]> for $target {
            fn from(values: &'a [$value]) -> Self {
                Self::$variant(values)
            }
        }

        impl<'a, $($any,)? const LEN: usize> From<&'a [$value; LEN]> for $target {
            fn from(values: &'a [$value; LEN]) -> Self {
                Self::$variant(values)
            }
        }

        impl<'a, $($any)?> From<&'a Vec<$value>> for $target {
            fn from(values: &'a Vec<$value>) -> Self {
                Self::$variant(values)
            }
        })*
    };
}
pub(super) use from_slices;

/// Elements of a mask, in its own shape. Slices, arrays and vectors convert into it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum MaskData<'a> {
    /// Values that are added to the scaled logits.
    Additive(&'a [f32]),
    /// Truth values: false excludes a logit, whatever it is.
    Boolean(&'a [bool]),
}

from_slices! {
    <> MaskData<'a>: Additive of f32;
    <> MaskData<'a>: Boolean of bool;
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
    pub(super) fn check(&self, spec: &SoftmaxSpec) -> Result<(), Error> {
        let found = match &spec.mask {
            Some(mask) if mask.kind() == self.kind() => {
                return expect_len("mask", self.len(), mask.elements());
            }
            Some(mask) => format!("{:?} for {:?} elements", mask.kind(), self.kind()),
            None => "a spec without a mask".into(),
        };
        let expected = "a spec with a mask of the elements' kind";
        Err(Error::value("mask", expected, found))
    }
}
