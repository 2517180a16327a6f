//! Floats in memory, in the width that the file has; the conversions between widths are in this file alone.

use super::Float;
use std::io::{self, Write};
use wgpu_softmax::DType;
use wgpu_softmax::reference::axis_to_rows;

/// Floats as stored, 16-bit ones as their bits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Floats {
    F16(Vec<u16>),
    Bf16(Vec<u16>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Floats {
    /// Returns the values as f64, which holds all of them.
    pub(crate) fn into_f64(self) -> Vec<f64> {
        let each = |bits: Vec<u16>, dtype: DType| {
            let decode = |bits: u16| dtype.decode(bits.into()).into();
            bits.into_iter().map(decode).collect()
        };
        match self {
            Self::F16(bits) => each(bits, DType::F16),
            Self::Bf16(bits) => each(bits, DType::Bf16),
            Self::F32(values) => values.into_iter().map(f64::from).collect(),
            Self::F64(values) => values,
        }
    }

    /// Returns the values, those of f64 rounded to f32; or the first number that is infinite in f32, and its place.
    pub(crate) fn narrowed(self) -> Result<Self, (usize, f64)> {
        let Self::F64(values) = self else {
            return Ok(self);
        };
        let beyond = |value: &f64| value.is_finite() && (*value as f32).is_infinite();
        match values.iter().position(beyond) {
            Some(place) => Err((place, values[place])),
            None => Ok(Self::F32(narrow(values))),
        }
    }

    /// Rounds values to be stored as `float`, f64 as f32: once, to nearest even, subnormals kept, overflow to infinity.
    pub(crate) fn from_f64(values: Vec<f64>, float: Float) -> Self {
        let each = |dtype: DType| {
            let encode = |&value: &f64| dtype.encode(to_odd(value)) as u16;
            values.iter().map(encode).collect()
        };
        match float {
            Float::F16 => Self::F16(each(DType::F16)),
            Float::Bf16 => Self::Bf16(each(DType::Bf16)),
            Float::F32 | Float::F64 => Self::F32(narrow(values)),
        }
    }

    /// Returns the values of shape `[outer, a, b]`, or none, as those of `[outer, b, a]`.
    pub(crate) fn swapped(self, shape: [usize; 3]) -> Self {
        let [_, a, b] = shape;
        match self {
            same if a == 1 || b == 1 || same.is_empty() => same,
            Self::F16(bits) => Self::F16(axis_to_rows(&bits, shape)),
            Self::Bf16(bits) => Self::Bf16(axis_to_rows(&bits, shape)),
            Self::F32(values) => Self::F32(axis_to_rows(&values, shape)),
            Self::F64(values) => Self::F64(axis_to_rows(&values, shape)),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::F16(bits) | Self::Bf16(bits) => bits.is_empty(),
            Self::F32(values) => values.is_empty(),
            Self::F64(values) => values.is_empty(),
        }
    }

    /// Returns the type that these values have in a file.
    pub(crate) fn float(&self) -> Float {
        match self {
            Self::F16(_) => Float::F16,
            Self::Bf16(_) => Float::Bf16,
            Self::F32(_) => Float::F32,
            Self::F64(_) => Float::F64,
        }
    }

    /// Writes the values, little-endian.
    pub(crate) fn write(&self, writer: &mut impl Write) -> io::Result<()> {
        match self {
            Self::F16(bits) | Self::Bf16(bits) => {
                write_each(writer, bits, |bits| bits.to_le_bytes())
            }
            Self::F32(values) => write_each(writer, values, |value| value.to_le_bytes()),
            Self::F64(values) => write_each(writer, values, |value| value.to_le_bytes()),
        }
    }
}

/// Rounds values to nearest in f32.
pub(crate) fn narrow(values: Vec<f64>) -> Vec<f32> {
    values.into_iter().map(|value| value as f32).collect()
}

/// Rounds to odd: a value that f32 lacks becomes the one of its two neighbours whose last bit is 1. The middle of two
/// 16-bit values has a last bit of 0, so that no other value becomes it, and rounding on to 16 bits is as good as
/// rounding once.
fn to_odd(value: f64) -> f32 {
    let nearest = value as f32;
    let towards_zero = match f64::from(nearest).abs() > value.abs() {
        true => f32::from_bits(nearest.to_bits() - 1),
        false => nearest,
    };
    let exact = value.is_nan() || f64::from(nearest) == value;
    f32::from_bits(towards_zero.to_bits() | u32::from(!exact))
}

fn write_each<T: Copy, const N: usize>(
    writer: &mut impl Write,
    values: &[T],
    encode: impl Fn(T) -> [u8; N],
) -> io::Result<()> {
    let mut bytes = vec![0; N * values.len().min(1 << 16)];
    for chunk in values.chunks(1 << 16) {
        let bytes = &mut bytes[..N * chunk.len()];
        for (place, &value) in bytes.chunks_exact_mut(N).zip(chunk) {
            place.copy_from_slice(&encode(value));
        }
        writer.write_all(bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Float, Floats};

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
}
