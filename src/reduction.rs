//! How the losses of the rows become the loss.

/// How the losses of the rows become the loss.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reduction {
    /// One loss a row.
    None,
    /// Their sum over the count of valid rows. NaN if there is none.
    #[default]
    Mean,
    /// Their sum. 0 if there is no valid row.
    Sum,
}
