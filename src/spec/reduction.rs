/// Reduction of the rows' losses to the result of a cross-entropy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reduction {
    /// One loss a row.
    None,
    /// The sum of the losses divided by the number of valid rows, or by the sum of their targets'
    /// class weights.
    #[default]
    Mean,
    /// The sum of the losses.
    Sum,
}

/// Value of a mean that divides by nothing: no valid row, or class weights that sum to 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ZeroValid {
    /// NaN, as in PyTorch.
    #[default]
    Nan,
    /// 0, with a gradient of 0.
    Zero,
}

impl ZeroValid {
    /// Returns the mean `sum / over`, where `over` is the number of valid rows or the sum of their weights.
    ///
    /// Division by 0 gives the value of `self`, but a NaN stays NaN.
    pub fn mean(self, sum: f64, over: f64) -> f64 {
        match over {
            0.0 if self == Self::Zero && !sum.is_nan() => 0.0,
            0.0 => f64::NAN,
            _ => sum / over,
        }
    }
}
