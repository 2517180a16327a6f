/// Result of an empty row: one whose logits are all `-inf` or excluded. Its lse is `-inf` either way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EmptyRows {
    /// NaN, as in PyTorch.
    #[default]
    Nan,
    /// Probabilities of 0, log-probabilities of `-inf`.
    Zero,
}
