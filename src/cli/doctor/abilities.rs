//! What an adapter can do, found out by opening it and computing on it.

use crate::cli::adapters;
use indicatif::BinaryBytes;
use serde::Serialize;
use std::fmt::{self, Display};
use wgpu_softmax::bench::{Bench, Options};
use wgpu_softmax::check::{Inputs, bounds, compare};
use wgpu_softmax::wgpu::Features;
use wgpu_softmax::{AdapterEntry, Error, Gpu, reference};

#[derive(Debug, Serialize)]
pub(super) struct Abilities {
    /// Share of the bound that the largest error of a softmax took.
    worst_bound: f64,
    /// Lanes of the smallest and the largest subgroup; none if shaders may not use subgroups.
    subgroups: Option<[u32; 2]>,
    shader_f16: bool,
    timestamp_query: bool,
    /// Source of the times of `bench`: timestamps only if they agree with the wall clock.
    clock: &'static str,
    max_buffer_size: u64,
    max_storage_buffer_binding_size: u64,
    max_compute_invocations_per_workgroup: u32,
    max_compute_workgroup_storage_size: u32,
}

impl Abilities {
    /// Opens the adapter and computes on it; returns the reason if that cannot be done, or not right.
    pub(super) fn of(entry: &AdapterEntry) -> Result<Self, String> {
        let told = |error: Error| error.to_string();
        let gpu = Gpu::open_selected(&adapters::meant(&entry.index.to_string())).map_err(told)?;
        let (rows, cols) = (4, 1000);
        let logits = Inputs::PlantedOutliers.logits(rows, cols, 1);
        let found = gpu.softmax(&logits, rows).map_err(told)?;
        let expected = reference::softmax(&logits, cols);
        let compared = compare(&found, &expected, &bounds::probability(&logits, cols), cols);
        if !compared.passed() {
            let (found, expected) = (compared.found, compared.expected);
            return Err(format!(
                "computes wrong: of {} probabilities, one is {found:.3e} and not {expected:.3e}",
                compared.elements
            ));
        }
        let bench = Bench::new(&gpu, Options::default()).map_err(told)?;
        let least = gpu.planner().abilities().subgroup;
        let (features, limits) = (entry.features, gpu.device().limits());
        Ok(Self {
            worst_bound: compared.worst_share,
            subgroups: least.map(|least| [least, entry.info.subgroup_max_size]),
            shader_f16: features.contains(Features::SHADER_F16),
            timestamp_query: features.contains(Features::TIMESTAMP_QUERY),
            clock: bench.clock().name(),
            max_buffer_size: limits.max_buffer_size,
            max_storage_buffer_binding_size: limits.max_storage_buffer_binding_size,
            max_compute_invocations_per_workgroup: limits.max_compute_invocations_per_workgroup,
            max_compute_workgroup_storage_size: limits.max_compute_workgroup_storage_size,
        })
    }
}

impl Display for Abilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subgroups = match self.subgroups {
            Some([least, most]) if least == most => format!("{least} lanes"),
            Some([least, most]) => format!("{least} to {most} lanes"),
            None => "none: lanes merge through workgroup memory".into(),
        };
        let f16 = match self.shader_f16 {
            true => "there, and not needed",
            false => "not there, and not needed",
        };
        let timestamps = match (self.timestamp_query, self.clock) {
            (true, "timestamps") => "trusted: they agree with the wall clock",
            (true, _) => "doubted: bench takes the wall clock, with which they do not agree",
            (false, _) => "none: bench takes the wall clock",
        };
        writeln!(
            f,
            "    softmax      right, at {:.2} of its bound",
            self.worst_bound
        )?;
        writeln!(f, "    subgroups    {subgroups}")?;
        writeln!(
            f,
            "    f16          {f16}: float16 and bfloat16 are stored as integers"
        )?;
        writeln!(f, "    timestamps   {timestamps}")?;
        writeln!(
            f,
            "    limits       buffers of {}, bindings of {}, workgroups of {} invocations and {}",
            BinaryBytes(self.max_buffer_size),
            BinaryBytes(self.max_storage_buffer_binding_size),
            self.max_compute_invocations_per_workgroup,
            BinaryBytes(self.max_compute_workgroup_storage_size.into()),
        )
    }
}
