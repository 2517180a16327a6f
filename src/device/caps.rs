//! Capabilities of a device: what it offers, what serves this crate best, and what a program needs.

use wgpu::{Adapter, Device, DeviceType, Features, Limits};

use crate::error::Error;
use crate::shader::Program;
use crate::shader::params::Params;
use crate::variant::Abilities;

/// The largest alignment of offsets that WebGPU asks for.
pub(crate) const ALIGNMENT: u32 = 256;

/// Bytes of the uniform of a dispatch.
pub(crate) const UNIFORM: u32 = size_of::<Params>() as u32;

/// Bytes between the uniforms of two dispatches.
pub(crate) const SLOT: u32 = UNIFORM.next_multiple_of(ALIGNMENT);

/// Workgroups in x, y and z.
pub(crate) type Grid = [u32; 3];

/// The features and limits that serve this crate best on an adapter: a wish, never a need.
///
/// Every operation also runs on a device made with wgpu's defaults. Subgroups replace barriers by shuffles, and
/// higher limits let a larger tensor be served in fewer dispatches. Software adapters move values faster by 64-bit
/// integers, which are asked for there alone.
pub fn wanted(adapter: &Adapter) -> (Features, Limits) {
    let int64 = match adapter.get_info().device_type {
        DeviceType::Cpu => Features::SHADER_INT64,
        _ => Features::empty(),
    };
    let features = adapter.features() & (Features::SUBGROUP | Features::TIMESTAMP_QUERY | int64);
    let offered = adapter.limits();
    let limits = Limits {
        max_buffer_size: offered.max_buffer_size,
        max_storage_buffer_binding_size: offered.max_storage_buffer_binding_size,
        max_compute_invocations_per_workgroup: offered.max_compute_invocations_per_workgroup,
        max_compute_workgroup_size_x: offered.max_compute_workgroup_size_x,
        max_compute_workgroup_storage_size: offered.max_compute_workgroup_storage_size,
        ..Limits::default().or_worse_values_from(&offered)
    };
    (features, limits)
}

/// Abilities of `device`: the part of its features and limits that decides which kernels it can run.
pub(crate) fn abilities_of(device: &Device) -> Abilities {
    let (limits, info) = (device.limits(), device.adapter_info());
    let subgroups = device.features().contains(Features::SUBGROUP) && info.subgroup_min_size >= 4;
    Abilities {
        subgroup: subgroups.then_some(info.subgroup_min_size),
        software: info.device_type == DeviceType::Cpu,
        int64: device.features().contains(Features::SHADER_INT64),
        max_invocations: limits
            .max_compute_invocations_per_workgroup
            .min(limits.max_compute_workgroup_size_x),
        max_workgroup_bytes: limits.max_compute_workgroup_storage_size,
        max_binding_bytes: limits.max_storage_buffer_binding_size,
    }
}

/// Folds `groups` workgroups into three dimensions of at most `most` each, with as little waste as the fold allows.
/// Returns `None` where three dimensions do not hold them.
pub(crate) fn fold(groups: u64, most: u32) -> Option<Grid> {
    let most = u64::from(most);
    let rows = groups.div_ceil(most.max(1)).max(1);
    let z = rows.div_ceil(most.max(1));
    let y = rows.div_ceil(z);
    let x = groups.div_ceil(y * z);
    let narrow = |n: u64| u32::try_from(n).ok();
    let fits = x <= most && z <= most;
    fits.then_some([narrow(x)?, narrow(y)?, narrow(z)?])
}

/// Checks that a device with these limits can run a program.
pub(crate) fn check(program: &Program, limits: &Limits) -> Result<(), Error> {
    let Some((limit, needed, available)) = unmet(program, limits) else {
        return Ok(());
    };
    Err(Error::Limit {
        what: format!("{}.{}", program.operation, program.stage.name()),
        limit,
        needed,
        available,
    })
}

/// Finds the first limit that a program exceeds: its name, how much the program needs, and how much there is.
fn unmet(program: &Program, limits: &Limits) -> Option<(&'static str, u64, u64)> {
    let bindings = program.bindings();
    let count = |uniform| {
        let is_one = bindings.iter().filter(|(b, _)| b.is_uniform() == uniform);
        is_one.count() as u32
    };
    let bound = 1 + bindings.iter().map(|(b, _)| *b as u32).max().unwrap_or(0);
    let (needs, alignments) = (
        [
            ("max_bind_groups", 1, limits.max_bind_groups),
            (
                "max_bindings_per_bind_group",
                bound,
                limits.max_bindings_per_bind_group,
            ),
            (
                "max_storage_buffers_per_shader_stage",
                count(false),
                limits.max_storage_buffers_per_shader_stage,
            ),
            (
                "max_uniform_buffers_per_shader_stage",
                count(true),
                limits.max_uniform_buffers_per_shader_stage,
            ),
            (
                "max_dynamic_uniform_buffers_per_pipeline_layout",
                1,
                limits.max_dynamic_uniform_buffers_per_pipeline_layout,
            ),
            (
                "max_compute_invocations_per_workgroup",
                program.workgroup,
                limits.max_compute_invocations_per_workgroup,
            ),
            (
                "max_compute_workgroup_size_x",
                program.workgroup,
                limits.max_compute_workgroup_size_x,
            ),
            (
                "max_compute_workgroup_size_y",
                1,
                limits.max_compute_workgroup_size_y,
            ),
            (
                "max_compute_workgroup_size_z",
                1,
                limits.max_compute_workgroup_size_z,
            ),
            (
                "max_compute_workgroup_storage_size",
                program.workgroup_bytes(),
                limits.max_compute_workgroup_storage_size,
            ),
        ]
        .map(|(name, needed, available)| (name, needed.into(), u64::from(available))),
        [
            (
                "min_uniform_buffer_offset_alignment",
                limits.min_uniform_buffer_offset_alignment,
            ),
            (
                "min_storage_buffer_offset_alignment",
                limits.min_storage_buffer_offset_alignment,
            ),
        ],
    );
    let size = (
        "max_uniform_buffer_binding_size",
        UNIFORM.into(),
        limits.max_uniform_buffer_binding_size,
    );
    let exceeded = needs
        .into_iter()
        .chain([size])
        .find(|(_, needed, available)| needed > available);
    let apart = alignments
        .into_iter()
        .find(|(_, alignment)| *alignment > ALIGNMENT);
    exceeded.or(apart.map(|(name, alignment)| (name, ALIGNMENT.into(), alignment.into())))
}

#[cfg(test)]
mod tests;
