//! Tests that values are rounded once, and that those of 16 bits stay what they are.

use super::format::{Float, Floats};

fn rounded(value: f64, float: Float) -> u16 {
    match Floats::from_f64(vec![value], float) {
        Floats::F16(bits) | Floats::Bf16(bits) => bits[0],
        Floats::F32(_) | Floats::F64(_) => panic!("16 bits are asked for"),
    }
}

/// Returns every value of 16 bits, as f64.
fn all(stored: impl Fn(Vec<u16>) -> Floats) -> Vec<(u16, f64)> {
    let bits: Vec<u16> = (0..=u16::MAX).collect();
    let values = stored(bits.clone()).into_f64();
    bits.into_iter().zip(values).collect()
}

#[test]
fn every_16_bit_value_comes_back() {
    let pairs = [
        (Float::F16, all(Floats::F16), 0x7c00, 0x0200),
        (Float::Bf16, all(Floats::Bf16), 0x7f80, 0x0040),
    ];
    for (float, values, infinity, quiet) in pairs {
        for (bits, value) in values {
            let nan = bits & 0x7fff > infinity;
            assert_eq!(value.is_nan(), nan, "{float} {bits:#x}");
            let expected = if nan { bits | quiet } else { bits };
            let found = rounded(value, float) | if nan { quiet } else { 0 };
            assert_eq!(found, expected, "{float} {bits:#x}");
        }
    }
}

/// A value that differs from the middle of two neighbours by less than f32 resolves goes to the nearer neighbour.
#[test]
fn values_are_rounded_once() {
    let pairs = [
        (Float::F16, all(Floats::F16)),
        (Float::Bf16, all(Floats::Bf16)),
    ];
    for (float, values) in pairs {
        for pair in values.windows(2) {
            let [(low, lower), (high, higher)] = [pair[0], pair[1]];
            if !(lower.is_finite() && higher.is_finite()) {
                continue;
            }
            let (middle, even) = ((lower + higher) / 2.0, low + low % 2);
            let nudge = (higher - lower) * 1e-12;
            assert_eq!(rounded(middle, float), even, "{float} {low:#x}");
            assert_eq!(rounded(middle - nudge, float), low, "{float} {low:#x}");
            assert_eq!(rounded(middle + nudge, float), high, "{float} {low:#x}");
        }
    }
}

#[test]
fn the_range_ends_where_that_of_the_type_does() {
    assert_eq!(rounded(f64::powi(2.0, -25), Float::F16), 0);
    assert_eq!(rounded(65_520.0_f64.next_down(), Float::F16), 0x7bff);
    assert_eq!(rounded(-65_520.0, Float::F16), 0xfc00);
    assert_eq!(rounded(f64::from(f32::MAX), Float::Bf16), 0x7f80);
    assert_eq!(rounded(3.3962e38, Float::Bf16), 0x7f80);
    assert_eq!(rounded(3.3961e38, Float::Bf16), 0x7f7f);
    assert_eq!(rounded(1e300, Float::F16), 0x7c00);
    assert_eq!(rounded(-1e-300, Float::Bf16), 0x8000);
}
