//! Binding numbers of the programs.

use bytemuck::Contiguous;

/// Meaning of a binding number. The number is the discriminant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Contiguous)]
#[repr(u32)]
#[allow(missing_docs, reason = "the names are those of the shaders")]
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
    Bias = 19,
    RowWeight = 20,
    RowTerms = 21,
    RowScale = 22,
    SinkInput = 23,
    SinkOutput = 24,
}

impl Binding {
    /// Returns true for a uniform, false for storage.
    pub const fn is_uniform(self) -> bool {
        matches!(self, Self::Params | Self::Tally)
    }

    /// Returns true for a matrix of the operation.
    pub(crate) const fn is_matrix(self) -> bool {
        matches!(self, Self::Source | Self::Upstream | Self::Result)
    }
}
