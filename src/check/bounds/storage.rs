use crate::spec::dtype::DType;

/// Returns the bounds of values once they are stored, from their f32 bounds `allowed`: the bound of the f32 value and one
/// rounding to nearest, `max(2^-11 abs(y), 2^-25)` for f16 and `2^-8 abs(y)` for bf16.
///
/// A value that is exact, and that the type holds, stays exact. A value beyond the type's range is infinite: see
/// [`compare_as`](crate::check::compare_as).
///
/// # Panics
///
/// When the lengths differ.
pub fn stored(dtype: DType, allowed: &[f64], expected: &[f64]) -> Vec<f64> {
    assert_eq!(allowed.len(), expected.len(), "allowed and expected");
    let held = |y: f64| !y.is_finite() || f64::from(dtype.round(y as f32)) == y;
    let bound = |(&allowed, &y): (&f64, &f64)| match allowed {
        0.0 if held(y) => 0.0,
        _ if y.is_finite() => allowed + rounding(dtype, y),
        _ => allowed,
    };
    allowed.iter().zip(expected).map(bound).collect()
}

/// Returns the error of one rounding to `dtype`, 0 for f32.
pub(in crate::check) fn rounding(dtype: DType, y: f64) -> f64 {
    match dtype {
        DType::F32 => 0.0,
        DType::F16 => (y.abs() / 2048.0).max(2_f64.powi(-25)),
        DType::Bf16 => y.abs() / 256.0,
    }
}
