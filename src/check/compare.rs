use std::fmt;

use super::bounds;
use crate::spec::dtype::DType;

/// Comparison of a result with the reference: the number of elements, and the worst of them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Comparison {
    /// Number of elements compared: all there are.
    pub elements: usize,
    /// The largest error in steps of the storage type at the expected value, in those of the
    /// subnormal numbers where it is small (2^-149 in f32, 2^-24 in f16, 2^-133 in bf16); infinite
    /// where one side is NaN or infinite and the other is not the same.
    pub worst_ulp: f64,
    /// The largest error divided by the allowed one: above 1 is a failure, infinite where an exact value was due or the kinds
    /// differ.
    pub worst_share: f64,
    /// The element with the largest quotient, the first of equals.
    pub worst_index: usize,
    /// The result at the worst element.
    pub found: f32,
    /// The reference at the worst element.
    pub expected: f64,
    /// The allowed absolute error at the worst element.
    pub allowed: f64,
    /// Number of columns of a row, to name an element by.
    pub cols: usize,
}

/// Compares `found` with `expected` within the `allowed` absolute errors, rows being `cols` long.
///
/// NaN must meet NaN, an infinity the same infinity. Where the expected value is infinite in f32, both that infinity and
/// the largest finite value will do; elsewhere an infinity will do only where the allowed error is infinite. An allowed
/// error of 0 demands the exact value, of either sign for zeros; one that is NaN or negative fails.
///
/// # Panics
///
/// When the lengths differ or `cols` is 0.
pub fn compare(found: &[f32], expected: &[f64], allowed: &[f64], cols: usize) -> Comparison {
    compare_as(DType::F32, found, expected, allowed, cols)
}

/// [Compares](compare) values that were stored as `dtype`, and [decoded](DType::decode).
///
/// In 16 bits, a value that rounds to an infinity must be one. Where the allowed error, less that of the last rounding, reaches
/// values that round to an infinity, the result may be one; the largest finite value will do only where the allowed error reaches
/// it.
///
/// # Panics
///
/// When the lengths differ or `cols` is 0.
pub fn compare_as(
    dtype: DType,
    found: &[f32],
    expected: &[f64],
    allowed: &[f64],
    cols: usize,
) -> Comparison {
    let values = found.len();
    assert_eq!(values, expected.len(), "values found, and values expected");
    assert_eq!(values, allowed.len(), "values found, and values allowed");
    assert!(cols > 0, "a row needs at least one column");
    let elements = found.iter().zip(expected).zip(allowed).enumerate();
    elements
        .map(|(index, ((&found, &expected), &allowed))| {
            let error = error(dtype, found, expected, allowed);
            Comparison {
                elements: 1,
                worst_ulp: error / step(dtype, expected),
                worst_share: share(error, allowed),
                worst_index: index,
                found,
                expected,
                allowed,
                cols,
            }
        })
        .fold(Comparison::EMPTY, Comparison::merge)
}

impl Comparison {
    /// The comparison of no elements, which merges into any other without a trace.
    pub const EMPTY: Self = Self {
        elements: 0,
        worst_ulp: 0.0,
        worst_share: 0.0,
        worst_index: 0,
        found: 0.0,
        expected: 0.0,
        allowed: 0.0,
        cols: 1,
    };

    /// True if every element is within its bound, also if there are none: see [`elements`](Self::elements).
    pub fn passed(&self) -> bool {
        self.worst_share <= 1.0
    }

    /// Merges both comparisons into one. The worst element keeps its index and row length.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        let other_is_worse = self.elements == 0 || other.worst_share > self.worst_share;
        Self {
            elements: self.elements + other.elements,
            worst_ulp: self.worst_ulp.max(other.worst_ulp),
            ..if other_is_worse { other } else { self }
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.elements == 0 {
            return f.write_str("no elements");
        }
        write!(
            f,
            "row {}, column {}: found {:?}, expected {:?}, allowed {:.2e}: the worst of {} elements, {} times its bound",
            self.worst_index / self.cols,
            self.worst_index % self.cols,
            self.found,
            self.expected,
            self.allowed,
            self.elements,
            short(self.worst_share),
        )
    }
}

/// Returns a number that may be huge in a few digits.
fn short(number: f64) -> String {
    match number < 1e6 {
        true => format!("{number:.3}"),
        false => format!("{number:.2e}"),
    }
}

/// Returns the absolute error, infinite where the kinds differ.
fn error(dtype: DType, found: f32, expected: f64, allowed: f64) -> f64 {
    let found = f64::from(found);
    let max = f64::from(dtype.max());
    let same = |same: bool| if same { 0.0 } else { f64::INFINITY };
    if expected.is_infinite() && allowed == f64::INFINITY {
        // The product of infinity and of what may be 0.
        return same(!found.is_finite());
    }
    if found.is_nan() || expected.is_nan() {
        return same(found.is_nan() && expected.is_nan());
    }
    if expected.is_infinite() {
        return same(found == expected);
    }
    if found.is_infinite() {
        let inexact = match dtype {
            DType::F32 => 0.0,
            _ => allowed - bounds::rounding(dtype, expected),
        };
        let overflows = dtype.round((expected.abs() + inexact) as f32).is_infinite();
        let right = overflows && found.signum() == expected.signum();
        return same(right || allowed == f64::INFINITY);
    }
    match dtype {
        DType::F32 => (found - expected.clamp(-max, max)).abs(),
        DType::F16 | DType::Bf16 => (found - expected).abs(),
    }
}

fn share(error: f64, allowed: f64) -> f64 {
    match allowed {
        _ if error.is_infinite() || allowed.is_nan() || allowed < 0.0 => f64::INFINITY,
        _ if error == 0.0 => 0.0,
        _ => error / allowed,
    }
}

/// Returns the distance of neighbouring values: 2 to the exponent of `value`, less the bits of a fraction.
pub(super) fn step(dtype: DType, value: f64) -> f64 {
    let (least, most) = (dtype.min_positive(), dtype.max());
    let magnitude = value.abs().clamp(least.into(), most.into());
    let exponent = magnitude.to_bits() >> 52;
    f64::from_bits((exponent - u64::from(dtype.fraction_bits())) << 52)
}
