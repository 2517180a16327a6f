/// How the losses of the rows become the result of a cross-entropy.
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

/// What a mean is that has nothing to divide by: no valid row, or class weights that sum to 0.
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
    /// The mean of what sums up to `sum` over so much as `over`: valid rows, or the sum of their weights.
    ///
    /// By 0 it is what this says, but a NaN stays NaN.
    pub fn mean(self, sum: f64, over: f64) -> f64 {
        match over {
            0.0 if self == Self::Zero && !sum.is_nan() => 0.0,
            0.0 => f64::NAN,
            _ => sum / over,
        }
    }
}
