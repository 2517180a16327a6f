//! Storage in 16 bits: every value both ways, against the crate `half`.

use half::{bf16, f16};
use wgpu_softmax::DType;

/// Returns a million floats: a stride through all bit patterns, prime so that no field repeats.
fn floats() -> impl Iterator<Item = f32> {
    (0..1_000_003_u32).map(|i| f32::from_bits(i.wrapping_mul(2_654_435_761)))
}

/// Returns every tie between 16-bit values, with both of its neighbours.
fn near_ties(dtype: DType) -> impl Iterator<Item = f32> {
    (0..=0xFFFF).flat_map(move |bits| {
        let lower = dtype.decode(bits).to_bits();
        let half_step = match dtype {
            DType::F16 => 1 << 12,
            _ => 1 << 15,
        };
        [-1, 0, 1]
            .map(|step| f32::from_bits(lower.wrapping_add(half_step).wrapping_add_signed(step)))
    })
}

#[test]
fn all_values_decode_as_in_half() {
    for bits in 0..=u16::MAX {
        let f16 = f16::from_bits(bits).to_f32();
        let bf16 = bf16::from_bits(bits).to_f32();
        assert_eq!(
            DType::F16.decode(bits.into()).to_bits(),
            f16.to_bits(),
            "{bits:#x}"
        );
        assert_eq!(
            DType::Bf16.decode(bits.into()).to_bits(),
            bf16.to_bits(),
            "{bits:#x}"
        );
    }
}

#[test]
fn all_values_survive_a_round_trip() {
    for dtype in [DType::F16, DType::Bf16] {
        for bits in 0..=0xFFFF {
            let value = dtype.decode(bits);
            let quiet = match dtype {
                DType::F16 => 0x0200,
                _ => 0x0040,
            };
            let expected = if value.is_nan() { bits | quiet } else { bits };
            assert_eq!(dtype.encode(value), expected, "{dtype:?} {bits:#x}");
        }
    }
}

#[test]
fn a_million_floats_encode_as_in_half() {
    let all = floats()
        .chain(near_ties(DType::F16))
        .chain(near_ties(DType::Bf16));
    for value in all {
        let [f16, bf16] = [
            u32::from(f16::from_f32(value).to_bits()),
            u32::from(bf16::from_f32(value).to_bits()),
        ];
        assert_eq!(
            DType::F16.encode(value),
            f16,
            "{value:e} {:#x}",
            value.to_bits()
        );
        assert_eq!(
            DType::Bf16.encode(value),
            bf16,
            "{value:e} {:#x}",
            value.to_bits()
        );
    }
}

#[test]
fn the_edges_of_f16() {
    let encode = |value| DType::F16.encode(value);
    assert_eq!(
        [encode(65_504.0), encode(65_519.996), encode(65_520.0)],
        [0x7BFF, 0x7BFF, 0x7C00]
    );
    assert_eq!([encode(f32::MAX), encode(f32::INFINITY)], [0x7C00; 2]);
    assert_eq!(encode(f32::NEG_INFINITY), 0xFC00);
    let least = 2_f32.powi(-24);
    assert_eq!(
        [
            encode(least),
            encode(least / 2.0),
            encode(least * 0.500_001)
        ],
        [1, 0, 1]
    );
    assert_eq!(
        [encode(-least), encode(-1e-45), encode(-0.0)],
        [0x8001, 0x8000, 0x8000]
    );
    assert_eq!(encode(1.0 / 32_768.0), 0x0200);
    assert_eq!(encode(f32::from_bits(0x7F80_0001)), 0x7E00);
}

#[test]
fn the_limits_are_those_of_the_type() {
    for dtype in [DType::F16, DType::Bf16] {
        let bits = |value| dtype.encode(value);
        assert_eq!(
            dtype.decode(bits(f32::INFINITY) - 1),
            dtype.max(),
            "{dtype:?}"
        );
        assert_eq!(
            dtype.decode(1 << dtype.fraction_bits()),
            dtype.min_positive()
        );
        let next = dtype.decode(bits(1.0) + 1);
        assert_eq!(
            next,
            1.0 + 1.0 / (1 << dtype.fraction_bits()) as f32,
            "{dtype:?}"
        );
    }
    assert_eq!(DType::ALL.map(DType::bytes), [4, 2, 2]);
    assert_eq!(DType::ALL.map(DType::name), ["f32", "f16", "bf16"]);
}

#[test]
fn f32_is_stored_as_it_is() {
    for value in [0.1, -0.0, 1e-45, f32::MAX, f32::NEG_INFINITY, f32::NAN] {
        let bits = value.to_bits();
        assert_eq!(DType::F32.encode(value), bits);
        assert_eq!(DType::F32.decode(bits).to_bits(), bits);
        assert_eq!(DType::F32.round(value).to_bits(), bits);
    }
    assert_eq!(DType::F32.max(), f32::MAX);
}

#[test]
fn what_stands_above_16_bits_is_not_read() {
    for dtype in [DType::F16, DType::Bf16] {
        assert_eq!(dtype.decode(0xDEAD_0000 | dtype.encode(-1.5)), -1.5);
    }
}
