//! What targets of a case are, and what is asked for of its rows.

use crate::TargetType;

/// What the targets of a case are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ids(TargetType),
    Ignoring(TargetType),
    /// Ids of which some are out of range: of i64 also those whose lower word is a class, of u32 those that would be negative.
    Bad(TargetType),
    /// The ignored id alone.
    NoneValid,
    Probs,
}

impl Kind {
    pub(super) const ALL: [Self; 9] = [
        Self::Ignoring(TargetType::I32),
        Self::Probs,
        Self::Ids(TargetType::U32),
        Self::Ignoring(TargetType::I64),
        Self::Bad(TargetType::I32),
        Self::Ids(TargetType::I32),
        Self::Bad(TargetType::I64),
        Self::Bad(TargetType::U32),
        Self::NoneValid,
    ];

    /// Those that are class ids.
    pub(super) const IDS: [Self; 8] = [
        Self::Ignoring(TargetType::I64),
        Self::Bad(TargetType::I64),
        Self::Bad(TargetType::U32),
        Self::Ignoring(TargetType::I32),
        Self::Ids(TargetType::U32),
        Self::NoneValid,
        Self::Bad(TargetType::I32),
        Self::Ids(TargetType::I32),
    ];

    pub(super) const fn target_type(self) -> TargetType {
        match self {
            Self::Ids(of) | Self::Ignoring(of) | Self::Bad(of) => of,
            Self::NoneValid => TargetType::I32,
            Self::Probs => TargetType::Probs,
        }
    }

    /// The id that is ignored: out of range, as PyTorch's. Of i64 it is a class but for its upper word, and of u32 it is no id.
    pub(super) const fn ignored(self) -> Option<i64> {
        match self {
            Self::Ignoring(TargetType::I64) => Some(BEYOND_32_BITS),
            Self::Ignoring(_) | Self::NoneValid | Self::Bad(TargetType::U32) => Some(-100),
            _ => None,
        }
    }
}

/// An id whose lower word is that of class 0.
pub(super) const BEYOND_32_BITS: i64 = 1 << 32;

/// Which row outputs are asked for, of operations that give some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Nothing,
    /// All for which the pass over the logits tells nothing more.
    Untold,
    /// These, and the entropy.
    Entropy,
    /// These, and the argmax with what follows from it.
    Argmax,
    Everything,
}

impl Asked {
    pub(super) const ALL: [Self; 5] = [
        Self::Nothing,
        Self::Everything,
        Self::Argmax,
        Self::Entropy,
        Self::Untold,
    ];
}
