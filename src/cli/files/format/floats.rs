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
        fn each<T: Copy>(values: Vec<T>, shape: [usize; 3]) -> Vec<T> {
            match shape {
                [_, 1, _] | [_, _, 1] => values,
                _ if values.is_empty() => values,
                _ => axis_to_rows(&values, shape),
            }
        }
        match self {
            Self::F16(bits) => Self::F16(each(bits, shape)),
            Self::Bf16(bits) => Self::Bf16(each(bits, shape)),
            Self::F32(values) => Self::F32(each(values, shape)),
            Self::F64(values) => Self::F64(each(values, shape)),
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
