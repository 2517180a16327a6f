/// Storage type of values. Arithmetic is f32, whatever the storage.
///
/// 16-bit values are converted in integer arithmetic, both ways, to the same bits as in the kernels: no conversion of the
/// platform takes part, and subnormal numbers are kept.
///
/// ```
/// use wgpu_softmax::DType;
///
/// assert_eq!(DType::F16.encode(1.0), 0x3C00);
/// assert_eq!(DType::F16.decode(0x0001), 2_f32.powi(-24));
/// assert_eq!(DType::Bf16.round(1.0 + 0.5 / 128.0), 1.0); // a tie goes to the even neighbour
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DType {
    /// IEEE 754 binary32.
    #[default]
    F32,
    /// IEEE 754 binary16: 5 bits of exponent, 10 bits of fraction, 65,504 the largest value.
    F16,
    /// The upper half of binary32: 8 bits of exponent, 7 bits of fraction.
    Bf16,
}

impl DType {
    /// Every storage type.
    pub const ALL: [Self; 3] = [Self::F32, Self::F16, Self::Bf16];

    /// Bytes of one value.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    /// Name: `f32`, `f16` or `bf16`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
        }
    }

    /// The largest finite value.
    #[cfg(feature = "reference")]
    pub const fn max(self) -> f32 {
        match self {
            Self::F32 => f32::MAX,
            Self::F16 => 65_504.0,
            Self::Bf16 => f32::from_bits(0x7F7F_0000),
        }
    }

    /// Bits of the stored fraction: with `n` of them, neighbours at 1 are `2^-n` apart.
    #[cfg(feature = "reference")]
    pub const fn fraction_bits(self) -> u32 {
        match self {
            Self::F32 => 23,
            Self::F16 => 10,
            Self::Bf16 => 7,
        }
    }

    /// The smallest normal value.
    #[cfg(feature = "reference")]
    pub const fn min_positive(self) -> f32 {
        match self {
            Self::F16 => f32::from_bits(0x3880_0000),
            Self::F32 | Self::Bf16 => f32::MIN_POSITIVE,
        }
    }

    /// Decodes stored bits: all 32 of them, or the lower 16. Every 16-bit number is an f32; a NaN of 16 bits keeps its
    /// sign and payload, and is quiet.
    pub const fn decode(self, bits: u32) -> f32 {
        f32::from_bits(match self {
            Self::F32 => bits,
            Self::F16 => decode_f16(bits & 0xFFFF),
            Self::Bf16 => decode_bf16(bits & 0xFFFF),
        })
    }

    /// Encodes a number as stored bits, 32 of them or the lower 16: the nearest value, and of two equally near ones the
    /// even one; subnormal where the number is subnormal in this type, infinite beyond the range. A NaN in 16 bits keeps
    /// its sign and the top bits of its payload, and is quiet.
    pub const fn encode(self, value: f32) -> u32 {
        match self {
            Self::F32 => value.to_bits(),
            Self::F16 => encode_f16(value.to_bits()),
            Self::Bf16 => encode_bf16(value.to_bits()),
        }
    }

    /// Rounds `value` to this type: the value that is read back after `value` was stored.
    pub const fn round(self, value: f32) -> f32 {
        self.decode(self.encode(value))
    }
}

impl std::fmt::Display for DType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Difference between the exponent biases of f32 and f16, at the position of the f32 exponent.
const REBIAS: u32 = (127 - 15) << 23;

const INFINITY: u32 = 0x7F80_0000;

const fn decode_f16(bits: u32) -> u32 {
    let sign = (bits & 0x8000) << 16;
    let magnitude = (bits & 0x7FFF) << 13;
    let fraction = bits & 0x03FF;
    sign | match bits >> 10 & 0x1F {
        0 if fraction == 0 => 0,
        0 => {
            // fraction * 2^-24: the leading bit moves to bit 23, where it adds 1 to the exponent
            let zeros = fraction.leading_zeros();
            ((133 - zeros) << 23) + (fraction << (zeros - 8))
        }
        31 if fraction == 0 => INFINITY,
        31 => 0x7FC0_0000 | magnitude,
        _ => magnitude + REBIAS,
    }
}

const fn encode_f16(bits: u32) -> u32 {
    let sign = bits >> 16 & 0x8000;
    let magnitude = bits & 0x7FFF_FFFF;
    let fraction = bits & 0x007F_FFFF | 0x0080_0000;
    sign | match magnitude >> 23 {
        255 if magnitude > INFINITY => 0x7E00 | magnitude >> 13 & 0x03FF,
        143.. => 0x7C00,
        113.. => shift_to_even(magnitude - REBIAS, 13),
        exponent @ 102.. => shift_to_even(fraction, 126 - exponent),
        _ => 0,
    }
}

const fn decode_bf16(bits: u32) -> u32 {
    let is_nan = bits << 16 & 0x7FFF_FFFF > INFINITY;
    (bits | if is_nan { 0x0040 } else { 0 }) << 16
}

const fn encode_bf16(bits: u32) -> u32 {
    match bits & 0x7FFF_FFFF > INFINITY {
        true => bits >> 16 | 0x0040,
        false => shift_to_even(bits, 16),
    }
}

/// Returns `bits / 2^shift`, rounded to nearest, ties to even. A carry runs into the exponent, which is the right result.
const fn shift_to_even(bits: u32, shift: u32) -> u32 {
    let below_half = (1 << (shift - 1)) - 1;
    (bits + below_half + (bits >> shift & 1)) >> shift
}
