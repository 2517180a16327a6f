//! Type and storage of targets.

use crate::shader::options::UNSIGNED_IDS;
use crate::tensor::F32;

/// Type and storage of a row's target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TargetType {
    /// A class id, an i32.
    #[default]
    I32,
    /// A class id, a u32.
    U32,
    /// A class id, an i64: two words, the lower one first.
    I64,
    /// A probability for each class, stored as the logits are. The probabilities need not add up to 1.
    Probs,
}

impl TargetType {
    /// Words of a class id.
    pub(super) const fn words(self) -> u32 {
        match self {
            Self::I64 => 2,
            _ => 1,
        }
    }

    pub(super) const fn bytes(self) -> u64 {
        self.words() as u64 * F32
    }

    /// Returns true if a target can have this id.
    pub(super) fn holds(self, id: i64) -> bool {
        match self {
            Self::I32 => i32::try_from(id).is_ok(),
            Self::U32 => u32::try_from(id).is_ok(),
            Self::I64 => true,
            Self::Probs => false,
        }
    }

    pub(super) const fn flag(self) -> u32 {
        match self {
            Self::U32 => UNSIGNED_IDS,
            _ => 0,
        }
    }
}
