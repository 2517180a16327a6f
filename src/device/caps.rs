//! Capabilities of a device: what it offers, and what serves this crate best.

use wgpu::{Adapter, AdapterInfo, Backend, Device, DeviceType, Features, Limits};

use crate::variant::{Abilities, Vendor};

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
        vendor: vendor_of(&info),
        int64: device.features().contains(Features::SHADER_INT64),
        max_invocations: limits
            .max_compute_invocations_per_workgroup
            .min(limits.max_compute_workgroup_size_x),
        max_workgroup_bytes: limits.max_compute_workgroup_storage_size,
        max_binding_bytes: limits.max_storage_buffer_binding_size,
    }
}

/// The limits of a device of these abilities: WebGPU's defaults, but for those that abilities state, and buffers of any size.
#[cfg(feature = "kernels")]
pub(crate) fn limits_of(abilities: &Abilities) -> Limits {
    Limits {
        max_buffer_size: u64::MAX,
        max_storage_buffer_binding_size: abilities.max_binding_bytes,
        max_compute_invocations_per_workgroup: abilities.max_invocations,
        max_compute_workgroup_size_x: abilities.max_invocations,
        max_compute_workgroup_storage_size: abilities.max_workgroup_bytes,
        ..Limits::default()
    }
}

/// Maker of an adapter: by its PCI number, which Metal does not give, or of a software adapter by what its driver says.
fn vendor_of(info: &AdapterInfo) -> Vendor {
    if info.device_type == DeviceType::Cpu {
        return match mesa_version(&info.driver_info) {
            Some(..=22) => Vendor::Mesa22,
            _ => Vendor::Other,
        };
    }
    match (info.vendor, info.backend) {
        (0x1002, _) => Vendor::Amd,
        (0x10de, _) => Vendor::Nvidia,
        (0x8086, _) => Vendor::Intel,
        (0x106b, _) => Vendor::Apple,
        (_, Backend::Metal) if info.name.starts_with("Apple") => Vendor::Apple,
        _ => Vendor::Other,
    }
}

/// Major version of Mesa: 22 of `Mesa 22.3.6 (LLVM 15.0.6)` on Vulkan and of `4.5 (Core Profile) Mesa 22.3.6` on GL.
fn mesa_version(driver_info: &str) -> Option<u32> {
    let (_, version) = driver_info.split_once("Mesa ")?;
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::vendor_of;
    use crate::variant::Vendor;
    use wgpu::{AdapterInfo, Backend, DeviceType};

    #[test]
    fn makers_are_told_by_number_name_and_driver() {
        use Backend::{Dx12, Gl, Metal, Vulkan};
        use DeviceType::{Cpu, DiscreteGpu, IntegratedGpu};
        let lavapipe = "llvmpipe (LLVM 15.0.6, 256 bits)";
        let mesa22 = "Mesa 22.3.6 (LLVM 15.0.6)";
        let mesa25 = "Mesa 25.0.7-2~bpo12+1 (LLVM 15.0.6)";
        #[rustfmt::skip]
        let makers = [
            (DiscreteGpu, Vulkan, 0x1002, "AMD Radeon RX 6800", mesa22, Vendor::Amd),
            (DiscreteGpu, Dx12, 0x10de, "NVIDIA H100", "", Vendor::Nvidia),
            (IntegratedGpu, Vulkan, 0x8086, "Intel(R) Iris(R) Xe", mesa25, Vendor::Intel),
            (IntegratedGpu, Vulkan, 0x106b, "Apple M1", "Mesa 25.1", Vendor::Apple),
            (IntegratedGpu, Metal, 0, "Apple M4 Pro", "", Vendor::Apple),
            (IntegratedGpu, Vulkan, 0, "Apple M4 Pro", "", Vendor::Other),
            (DiscreteGpu, Metal, 0, "AMD Radeon Pro", "", Vendor::Other),
            (Cpu, Vulkan, 0x10005, lavapipe, mesa22, Vendor::Mesa22),
            (Cpu, Gl, 0, lavapipe, "4.5 (Core Profile) Mesa 21.2.6", Vendor::Mesa22),
            (Cpu, Vulkan, 0x10005, lavapipe, mesa25, Vendor::Other),
            (Cpu, Vulkan, 0x10005, lavapipe, "Mesa of tomorrow", Vendor::Other),
            (Cpu, Vulkan, 0x1ae0, "SwiftShader", "", Vendor::Other),
            (Cpu, Dx12, 0x1414, "Microsoft Basic Render Driver", "", Vendor::Other),
        ];
        for (device_type, backend, vendor, name, driver_info, expected) in makers {
            let info = AdapterInfo {
                vendor,
                name: name.into(),
                driver_info: driver_info.into(),
                ..AdapterInfo::new(device_type, backend)
            };
            assert_eq!(vendor_of(&info), expected, "{info:?}");
        }
    }
}
