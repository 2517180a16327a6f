//! What targets of a case are, and what is asked for of its rows.

use super::inputs;
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

/// One class id a row, as the type that stores it holds it.
pub(super) fn ids(kind: Kind, rows: usize, cols: usize, seed: u64) -> Vec<i64> {
    let wide = |ids: Vec<i32>| ids.into_iter().map(i64::from);
    let bad = || wide(inputs::bad_targets(rows, cols, seed, None));
    match kind {
        Kind::Bad(TargetType::I64) => bad()
            .map(|id| match id {
                // The lower word is class 0 or 1.
                -1 => BEYOND_32_BITS,
                ..-1 => 1 - BEYOND_32_BITS,
                _ => id,
            })
            .collect(),
        Kind::Bad(TargetType::U32) => bad()
            .map(|id| match id {
                -1 => i64::from((-100_i32).cast_unsigned()),
                id => i64::from((id as i32).cast_unsigned()),
            })
            .collect(),
        Kind::Bad(_) => bad().collect(),
        Kind::NoneValid => vec![-100; rows],
        Kind::Ignoring(TargetType::I64) => wide(inputs::targets(rows, cols, seed, Some(-100)))
            .map(|id| if id < 0 { BEYOND_32_BITS } else { id })
            .collect(),
        Kind::Ignoring(_) => wide(inputs::targets(rows, cols, seed, kind.ignored())).collect(),
        Kind::Ids(_) | Kind::Probs => wide(inputs::targets(rows, cols, seed, None)).collect(),
    }
}
