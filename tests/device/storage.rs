//! The conversions of the shaders, on the device: every 16-bit value, and floats of all kinds, against the host's.

use std::ops::RangeInclusive;

use crate::common::gpu;
use wgpu_softmax::wgpu::{self, Buffer};
use wgpu_softmax::{DType, Error};

/// All values of 16 bits.
const HALVES: RangeInclusive<u32> = 0..=0xffff;

/// Returns the pieces of one storage type, with entry points that convert four values an invocation.
fn module(dtype: DType) -> String {
    let pieces = match dtype {
        DType::F16 => include_str!("../../shaders/storage/f16.wgsl"),
        _ => include_str!("../../shaders/storage/bf16.wgsl"),
    };
    let entry_points = "
        @group(0) @binding(0) var<storage, read> from_bits: array<vec4<u32>>;
        @group(0) @binding(1) var<storage, read_write> to_bits: array<vec4<u32>>;

        @compute @workgroup_size(64) fn decode_all(@builtin(global_invocation_id) id: vec3<u32>) {
            to_bits[id.x] = decode(from_bits[id.x]);
        }

        @compute @workgroup_size(64) fn encode_all(@builtin(global_invocation_id) id: vec3<u32>) {
            to_bits[id.x] = encode(from_bits[id.x]);
        }";
    let constants = "const MAGNITUDE: u32 = 0x7fffffffu; const INFINITY: u32 = 0x7f800000u;";
    format!("{constants}\n{pieces}\n{entry_points}")
}

fn entry(binding: u32, buffer: &Buffer) -> wgpu::BindGroupEntry<'_> {
    wgpu::BindGroupEntry {
        binding,
        resource: buffer.as_entire_binding(),
    }
}

/// Runs an entry point on `words`, a multiple of 256 of them.
fn convert(dtype: DType, entry_point: &str, words: &[u32]) -> Result<Vec<u32>, Error> {
    let device = gpu().device();
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(dtype.name()),
        source: wgpu::ShaderSource::Wgsl(module(dtype).into()),
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(entry_point),
        layout: None,
        module: &module,
        entry_point: Some(entry_point),
        compilation_options: Default::default(),
        cache: None,
    });
    let (input, output) = (
        gpu().upload("words", words)?,
        gpu().allocate("output", words.len() as u64 * 4)?,
    );
    let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &[entry(0, &input), entry(1, &output)],
    });
    let mut encoder = device.create_command_encoder(&Default::default());
    let mut pass = encoder.begin_compute_pass(&Default::default());
    pass.set_pipeline(&pipeline);
    pass.set_bind_group(0, &group, &[]);
    pass.dispatch_workgroups(u32::try_from(words.len() / 256).expect("few words"), 1, 1);
    drop(pass);
    gpu().queue().submit([encoder.finish()]);
    gpu().download(&output, words.len())
}

/// Returns a million floats, and every tie between two 16-bit values with its neighbours.
fn floats(dtype: DType) -> Vec<u32> {
    let half_step = if dtype == DType::F16 {
        1 << 12
    } else {
        1 << 15
    };
    let near_tie = |bits| {
        let tie = dtype.decode(bits).to_bits().wrapping_add(half_step);
        [tie - 1, tie, tie + 1, tie.wrapping_sub(half_step)]
    };
    let mut list: Vec<u32> = HALVES.flat_map(near_tie).collect();
    list.extend((0..1_000_192_u32).map(|i| i.wrapping_mul(2_654_435_761)));
    list.truncate(list.len() / 256 * 256);
    list
}

#[test]
fn every_16_bit_value_is_decoded_exactly() -> Result<(), Error> {
    let all: Vec<u32> = HALVES.collect();
    for dtype in [DType::F16, DType::Bf16] {
        for (half, found) in HALVES.zip(convert(dtype, "decode_all", &all)?) {
            let expected = dtype.decode(half);
            let same =
                found == expected.to_bits() || expected.is_nan() && f32::from_bits(found).is_nan();
            assert!(
                same,
                "{dtype} {half:#06x}: found {found:#x}, expected {expected:e}"
            );
        }
    }
    Ok(())
}

#[test]
fn floats_are_rounded_to_nearest_even() -> Result<(), Error> {
    for dtype in [DType::F16, DType::Bf16] {
        let floats = floats(dtype);
        for (&input, found) in floats.iter().zip(convert(dtype, "encode_all", &floats)?) {
            let value = f32::from_bits(input);
            // No kernel makes such NaN: what arithmetic and `set_nan` make is quiet.
            if value.is_nan() && input & 0x0040_0000 == 0 {
                continue;
            }
            let expected = dtype.encode(value);
            let same = found == expected || value.is_nan() && dtype.decode(found).is_nan();
            assert!(
                same,
                "{dtype} of {input:#x}: found {found:#06x}, expected {expected:#06x}"
            );
        }
    }
    Ok(())
}
