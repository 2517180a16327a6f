//! Elements of masks in slices.

use super::element::from_slices;
use super::slices::expect_len;
use crate::error::Error;
use crate::spec::mask::MaskKind;
use crate::spec::softmax::SoftmaxSpec;

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
        let found = match spec.its_mask() {
            Some(mask) if mask.kind() == self.kind() => {
                return expect_len("mask", self.len(), mask.elements());
            }
            Some(mask) => format!("{:?} for {:?} elements", mask.kind(), self.kind()),
            None => "a spec without a mask".into(),
        };
        Err(Error::Value {
            what: "mask",
            expected: "a spec with a mask of the elements' kind",
            found,
        })
    }
}
