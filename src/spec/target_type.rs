//! Type and storage of targets.

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
    pub(crate) const fn words(self) -> u32 {
        match self {
            Self::I64 => 2,
            _ => 1,
        }
    }

    /// Returns true if a target can have this id.
    pub(crate) fn holds(self, id: i64) -> bool {
        match self {
            Self::I32 => i32::try_from(id).is_ok(),
            Self::U32 => u32::try_from(id).is_ok(),
            Self::I64 => true,
            Self::Probs => false,
        }
    }
}
