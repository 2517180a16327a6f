//! Facts of an adapter, as every report states them.

use std::fmt;

use wgpu::{AdapterInfo, DeviceType};

/// Adapter in the reports of a check and of a bench.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct AdapterFacts {
    /// Name of the adapter.
    pub name: String,
    /// Backend, as `vulkan`.
    pub backend: String,
    /// Driver with its version.
    pub driver: String,
    /// `cpu`, `discrete`, `integrated`, `virtual` or `other`.
    pub device_type: String,
}

impl From<AdapterInfo> for AdapterFacts {
    fn from(info: AdapterInfo) -> Self {
        let device_type = match info.device_type {
            DeviceType::Cpu => "cpu",
            DeviceType::DiscreteGpu => "discrete",
            DeviceType::IntegratedGpu => "integrated",
            DeviceType::VirtualGpu => "virtual",
            DeviceType::Other => "other",
        };
        let driver = format!("{} {}", info.driver, info.driver_info);
        Self {
            name: info.name,
            backend: info.backend.to_string(),
            driver: driver.trim().into(),
            device_type: device_type.into(),
        }
    }
}

impl fmt::Display for AdapterFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {})", self.name, self.backend, self.driver)
    }
}
