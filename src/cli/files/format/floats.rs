//! Floats in memory, in the width that the file has; the conversions to f32 and back are in this file alone.

use super::Float;
use half::{bf16, f16};
use std::io::{self, Write};

/// Floats as stored, 16-bit ones as their bits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Floats {
    F16(Vec<u16>),
    Bf16(Vec<u16>),
    F32(Vec<f32>),
}

impl Floats {
    /// The values as f32, which holds all of them.
    pub(crate) fn into_f32(self) -> Vec<f32> {
        let each = |bits: Vec<u16>, decode: fn(u16) -> f32| bits.into_iter().map(decode).collect();
        match self {
            Self::F16(bits) => each(bits, |bits| f16::from_bits(bits).to_f32()),
            Self::Bf16(bits) => each(bits, |bits| bf16::from_bits(bits).to_f32()),
            Self::F32(values) => values,
        }
    }

    /// Values to be stored as `float`: rounded once, to nearest even, subnormals kept, overflow to infinity.
    pub(crate) fn from_f32(values: Vec<f32>, float: Float) -> Self {
        let each = |encode: fn(f32) -> u16| {
            values
                .iter()
                .map(|&value| encode(value))
                .collect::<Vec<_>>()
        };
        match float {
            Float::F16 => Self::F16(each(|value| f16::from_f32(value).to_bits())),
            Float::Bf16 => Self::Bf16(each(|value| bf16::from_f32(value).to_bits())),
            Float::F32 | Float::F64 => Self::F32(values),
        }
    }

    /// Writes the values, little-endian.
    pub(crate) fn write(&self, writer: &mut impl Write) -> io::Result<()> {
        match self {
            Self::F16(bits) | Self::Bf16(bits) => {
                write_each(writer, bits, |bits| bits.to_le_bytes())
            }
            Self::F32(values) => write_each(writer, values, |value| value.to_le_bytes()),
        }
    }
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

    fn rounded(value: f32, float: Float) -> u16 {
        match Floats::from_f32(vec![value], float) {
            Floats::F16(bits) | Floats::Bf16(bits) => bits[0],
            Floats::F32(_) => panic!("16 bits are asked for"),
        }
    }

    #[test]
    fn every_16_bit_value_comes_back() {
        let all: Vec<u16> = (0..=u16::MAX).collect();
        let pairs = [
            (Float::F16, Floats::F16(all.clone()), 0x7c00, 0x0200),
            (Float::Bf16, Floats::Bf16(all.clone()), 0x7f80, 0x0040),
        ];
        for (float, stored, infinity, quiet) in pairs {
            let values = stored.into_f32();
            for (bits, value) in all.iter().zip(values) {
                let nan = bits & 0x7fff > infinity;
                assert_eq!(value.is_nan(), nan, "{float} {bits:#x}");
                let expected = if nan { bits | quiet } else { *bits };
                assert_eq!(
                    rounded(value, float) | if nan { quiet } else { 0 },
                    expected
                );
            }
        }
    }

    #[test]
    fn ties_go_to_even_and_nothing_is_flushed() {
        let ulp = f32::powi(2.0, -10);
        assert_eq!(rounded(1.0 + ulp / 2.0, Float::F16), 0x3c00);
        assert_eq!(rounded(1.0 + 1.5 * ulp, Float::F16), 0x3c02);
        assert_eq!(rounded(f32::powi(2.0, -24), Float::F16), 1);
        assert_eq!(rounded(f32::powi(2.0, -25), Float::F16), 0);
        assert_eq!(rounded(f32::powi(2.0, -25) * 1.001, Float::F16), 1);
        assert_eq!(rounded(65_519.0, Float::F16), 0x7bff);
        assert_eq!(rounded(-65_520.0, Float::F16), 0xfc00);
        assert_eq!(rounded(f32::from_bits(0x3f80_8000), Float::Bf16), 0x3f80);
        assert_eq!(rounded(f32::from_bits(0x3f81_8000), Float::Bf16), 0x3f82);
        assert_eq!(rounded(f32::from_bits(0x0000_8001), Float::Bf16), 1);
        assert_eq!(rounded(f32::MAX, Float::Bf16), 0x7f80);
    }
}
