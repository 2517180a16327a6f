//! Abilities of a device.

use super::tuning::Tuning;
use super::{REDUCED, WIDEST_ACCESS};

/// Maker of a device or its driver, as far as the choice of kernels depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Vendor {
    /// Radeon and Instinct.
    Amd,
    /// GeForce and the data centre's.
    Nvidia,
    /// Arc and integrated graphics.
    Intel,
    /// The M series.
    Apple,
    /// Mesa's software adapter up to version 22: it moves the lanes of an access in a loop, which later ones write out.
    Mesa22,
    /// Any other, or unknown: browsers may not say.
    #[default]
    Other,
}

/// Abilities of a device: the part of its features, limits and adapter's facts that decides which kernels it can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Abilities {
    /// Lanes of the smallest subgroup; none if shaders may not use subgroups.
    pub subgroup: Option<u32>,
    /// True if the device is a software adapter.
    pub software: bool,
    /// Maker of the device, as the adapter states it.
    pub vendor: Vendor,
    /// True if shaders may use 64-bit integers.
    pub int64: bool,
    /// Invocations of a workgroup, at most.
    pub max_invocations: u32,
    /// Bytes of workgroup memory, at most.
    pub max_workgroup_bytes: u32,
    /// Bytes of a storage binding, at most.
    pub max_binding_bytes: u64,
}

impl Abilities {
    /// Number of trips that all loops of an invocation may make together. Mesa, at least up to version 22, stops every
    /// loop after 65,535 trips without an error.
    pub const fn max_trips(&self) -> u32 {
        if self.software { 60_000 } else { u32::MAX }
    }

    /// Bytes that are addressed through one binding, in whole accesses of the widest kind: element indices stay below
    /// 2^31.
    pub(crate) fn binding_bytes(&self) -> u64 {
        let most = self.max_binding_bytes.min(1 << 31);
        most - most % WIDEST_ACCESS
    }

    /// Invocations of the largest workgroup whose lanes can merge through its memory: a power of two, up to 256.
    pub(crate) fn widest_workgroup(&self) -> u32 {
        let in_memory = self.max_workgroup_bytes / REDUCED;
        1 << self.max_invocations.min(in_memory).clamp(1, 256).ilog2()
    }

    /// Lanes that can share a row where `subgroup` of them merge by shuffles: a power of two, up to 1,024. Each lane adds at
    /// most sixteen values of others in series.
    pub(crate) fn widest_hybrid(&self, subgroup: u32) -> u32 {
        let in_memory = (self.max_workgroup_bytes / REDUCED).saturating_mul(subgroup);
        let in_series = subgroup.saturating_mul(subgroup).saturating_mul(16);
        let most = self.max_invocations.min(in_memory).min(in_series);
        1 << most.clamp(1, 1024).ilog2()
    }

    /// Lanes of a workgroup that this crate prefers for a tally of rows.
    pub(crate) const fn tally_lanes(&self) -> u32 {
        Tuning::of(self).tally_lanes
    }

    /// Invocations of a workgroup that needs no memory: the largest power of two up to `wanted` that the device allows.
    pub(crate) fn workgroup(&self, wanted: u32) -> u32 {
        1 << self.max_invocations.clamp(1, wanted).ilog2()
    }
}
