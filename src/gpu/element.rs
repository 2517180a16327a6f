//! Types of the values in slices.

use bytemuck::Pod;

use crate::error::Error;
use crate::spec::dtype::DType;

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
    Err(Error::Value {
        what: "dtype",
        expected: match size_of::<T>() {
            4 => "f32 for slices of f32",
            _ => "f16 or bf16 for slices of u16",
        },
        found: dtype.to_string(),
    })
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
