//! Binding numbers of the programs.

/// Meaning of a binding number. The number is the discriminant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u32)]
#[expect(missing_docs, reason = "the names are those of the shaders")]
pub enum Binding {
    Params = 0,
    Source = 1,
    Upstream = 2,
    Result = 3,
    Partials = 4,
    RowInput = 5,
    RowOutput = 6,
    Pairs = 7,
    Tallies = 8,
    Lse = 9,
    Status = 10,
    ReducedLoss = 11,
    Weight = 12,
    GradLosses = 13,
    Tally = 14,
    Mask = 15,
    Candidates = 16,
    RowOutputs = 17,
    CallerPairs = 18,
}

impl Binding {
    const ALL: [Self; 19] = [
        Self::Params,
        Self::Source,
        Self::Upstream,
        Self::Result,
        Self::Partials,
        Self::RowInput,
        Self::RowOutput,
        Self::Pairs,
        Self::Tallies,
        Self::Lse,
        Self::Status,
        Self::ReducedLoss,
        Self::Weight,
        Self::GradLosses,
        Self::Tally,
        Self::Mask,
        Self::Candidates,
        Self::RowOutputs,
        Self::CallerPairs,
    ];

    /// Returns the binding of a number.
    pub(super) fn of(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }

    /// Returns true for a uniform, false for storage.
    pub const fn is_uniform(self) -> bool {
        matches!(self, Self::Params | Self::Tally)
    }
}
