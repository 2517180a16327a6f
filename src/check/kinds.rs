//! Kinds of the targets of a case, and of its requested row outputs.

use super::inputs;
use crate::spec::target_type::TargetType;

/// Kind of the targets of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ids(TargetType),
    Ignoring(TargetType),
    /// Ids, some of them out of range: for i64 also ids whose lower word is a class, for u32 also ids that would be negative as
    /// i32.
    Bad(TargetType),
    /// Only the ignored id.
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

    /// The kinds that are class ids.
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

    /// Those of one word, a few times each: most losses of [`NoneValid`](Self::NoneValid) are 0.
    pub(super) const PLAIN: [Self; 9] = [
        Self::Ignoring(TargetType::I32),
        Self::Ids(TargetType::U32),
        Self::Bad(TargetType::I32),
        Self::Ids(TargetType::I32),
        Self::Bad(TargetType::U32),
        Self::Ignoring(TargetType::I32),
        Self::NoneValid,
        Self::Bad(TargetType::I32),
        Self::Ids(TargetType::U32),
    ];

    pub(super) const fn target_type(self) -> TargetType {
        match self {
            Self::Ids(of) | Self::Ignoring(of) | Self::Bad(of) => of,
            Self::NoneValid => TargetType::I32,
            Self::Probs => TargetType::Probs,
        }
    }

    /// Returns the ignored id: out of range, as PyTorch's. For i64 its lower word is a class, and for u32 it is no id.
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

/// Requested row outputs, for operations that have some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Nothing,
    /// All row outputs that need no auxiliary values from the pass over the logits.
    Untracked,
    /// Row outputs of `Untracked`, and the entropy.
    Entropy,
    /// Row outputs of `Untracked`, and the argmax with the outputs that follow from it.
    Argmax,
    Everything,
}

impl Asked {
    pub(super) const ALL: [Self; 5] = [
        Self::Nothing,
        Self::Everything,
        Self::Argmax,
        Self::Entropy,
        Self::Untracked,
    ];
}

/// Draws one class id a row, as the type that stores it holds it.
pub(super) fn ids(kind: Kind, rows: usize, cols: usize, seed: u64) -> Vec<i64> {
    let ids = match kind {
        Kind::Bad(_) => inputs::bad_targets(rows, cols, seed, None),
        Kind::NoneValid => vec![-100; rows],
        Kind::Ignoring(_) => inputs::targets(rows, cols, seed, Some(-100)),
        Kind::Ids(_) | Kind::Probs => inputs::targets(rows, cols, seed, None),
    };
    let stored = |id: i32| match (kind, id) {
        // The lower word is class 0 or 1.
        (Kind::Bad(TargetType::I64), -1) => BEYOND_32_BITS,
        (Kind::Bad(TargetType::I64), ..-1) => 1 - BEYOND_32_BITS,
        (Kind::Bad(TargetType::U32), -1) => (-100_i32).cast_unsigned().into(),
        (Kind::Bad(TargetType::U32), _) => id.cast_unsigned().into(),
        (Kind::Ignoring(TargetType::I64), ..0) => BEYOND_32_BITS,
        _ => id.into(),
    };
    ids.into_iter().map(stored).collect()
}
