//! What a device offers, and what we would like it to.

use wgpu::{Adapter, Device, DeviceType, Features, Limits};

use crate::variant::Abilities;

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

/// What of `device` decides which kernels it can run.
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
