/// How the losses of the rows become the result of a cross-entropy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reduction {
    /// One loss a row.
    None,
    /// The sum of the losses divided by the number of valid rows.
    #[default]
    Mean,
    /// The sum of the losses.
    Sum,
}
