//! SPIR-V of a WGSL text, as wgpu's Vulkan backend makes it.

use naga::back::spv;
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::{Capabilities, SubgroupOperationSet, ValidationFlags, Validator};

/// A compiled text: SPIR-V, and its bindings, each with true for a uniform.
pub(crate) struct Compiled {
    pub(crate) words: Vec<u32>,
    pub(crate) bindings: Vec<(u32, bool)>,
}

pub(crate) fn compile(wgsl: &str, entry_point: &str) -> Compiled {
    let module = naga::front::wgsl::parse_str(wgsl)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(wgsl)));
    let info = Validator::new(ValidationFlags::all(), Capabilities::SUBGROUP)
        .subgroup_stages(naga::valid::ShaderStages::COMPUTE)
        .subgroup_operations(SubgroupOperationSet::all())
        .validate(&module)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(wgsl)));
    // The options of wgpu-hal 30 for Vulkan 1.3 with robustness2, and of a pipeline that does not clear workgroup memory.
    let options = spv::Options {
        lang_version: (1, 6),
        flags: spv::WriterFlags::empty(),
        bounds_check_policies: BoundsCheckPolicies {
            index: BoundsCheckPolicy::Restrict,
            buffer: BoundsCheckPolicy::Unchecked,
            image_load: BoundsCheckPolicy::Unchecked,
            binding_array: BoundsCheckPolicy::Unchecked,
        },
        zero_initialize_workgroup_memory: spv::ZeroInitializeWorkgroupMemoryMode::None,
        force_loop_bounding: true,
        emit_int_div_checks: true,
        ..spv::Options::default()
    };
    let pipeline = spv::PipelineOptions {
        shader_stage: naga::ShaderStage::Compute,
        entry_point: entry_point.into(),
    };
    let words = spv::write_vec(&module, &info, &options, Some(&pipeline)).expect("SPIR-V");
    let bindings = module.global_variables.iter().filter_map(|(_, variable)| {
        let binding = variable.binding?.binding;
        Some((binding, variable.space == naga::AddressSpace::Uniform))
    });
    Compiled {
        words,
        bindings: bindings.collect(),
    }
}
