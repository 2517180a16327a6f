//! Classes of devices by name, for kernels that are planned without a device.

use super::{Abilities, Vendor};

impl Abilities {
    /// WebGPU's default limits, without subgroups: kernels that run on any WebGPU device, in any browser.
    pub const WEBGPU: Self = Self {
        subgroup: None,
        software: false,
        vendor: Vendor::Other,
        int64: false,
        max_invocations: 256,
        max_workgroup_bytes: 16_384,
        max_binding_bytes: 1 << 27,
    };

    /// AMD's GPUs from RDNA on, as their Vulkan drivers state them.
    pub const AMD: Self = Self {
        subgroup: Some(32),
        vendor: Vendor::Amd,
        max_invocations: 1024,
        max_workgroup_bytes: 65_536,
        max_binding_bytes: u32::MAX as u64,
        ..Self::WEBGPU
    };

    /// NVIDIA's GPUs.
    pub const NVIDIA: Self = Self {
        subgroup: Some(32),
        vendor: Vendor::Nvidia,
        max_invocations: 1024,
        max_workgroup_bytes: 49_152,
        max_binding_bytes: u32::MAX as u64,
        ..Self::WEBGPU
    };

    /// Intel's GPUs, whose smallest subgroups have 8 lanes.
    pub const INTEL: Self = Self {
        subgroup: Some(8),
        vendor: Vendor::Intel,
        max_invocations: 1024,
        max_workgroup_bytes: 32_768,
        max_binding_bytes: 1 << 30,
        ..Self::WEBGPU
    };

    /// Apple's GPUs.
    pub const APPLE: Self = Self {
        subgroup: Some(32),
        vendor: Vendor::Apple,
        max_invocations: 1024,
        max_workgroup_bytes: 32_768,
        max_binding_bytes: 1 << 30,
        ..Self::WEBGPU
    };

    /// Software adapters such as Mesa's lavapipe, with 64-bit integers, which WebGPU lacks.
    pub const SOFTWARE: Self = Self {
        subgroup: Some(8),
        software: true,
        int64: true,
        max_invocations: 1024,
        max_workgroup_bytes: 32_768,
        ..Self::WEBGPU
    };

    /// Every class with its name on the command line.
    pub const CLASSES: [(&'static str, Self); 6] = [
        ("default", Self::WEBGPU),
        ("amd", Self::AMD),
        ("nvidia", Self::NVIDIA),
        ("intel", Self::INTEL),
        ("apple", Self::APPLE),
        ("software", Self::SOFTWARE),
    ];
}
