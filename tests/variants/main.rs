//! Every program, without a GPU: joined, parsed, validated, specialised, translated, and compared with the host.

mod programs;
mod translate;

use std::collections::BTreeMap;
use std::mem::offset_of;

use naga::back::{PipelineConstants, pipeline_constants};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{AddressSpace, Module, ShaderStage, StorageAccess, TypeInner};
use wgpu_softmax::Params;
use wgpu_softmax::shader::{Binding, Program, Stage, options};
use wgpu_softmax::variant::{Form, Reduce};

use programs::programs;
use translate::{to_glsl, to_hlsl, to_msl, to_spirv};

fn capabilities(program: &Program) -> Capabilities {
    let mut capabilities = Capabilities::empty();
    capabilities.set(Capabilities::SUBGROUP, program.reduce == Reduce::Subgroup);
    capabilities.set(Capabilities::SHADER_INT64, program.int64);
    capabilities
}

/// Parsed, validated with exactly the capabilities claimed, and with its overrides set.
fn specialised(program: &Program) -> (Module, ModuleInfo) {
    let text = program.wgsl();
    let module = naga::front::wgsl::parse_str(&text)
        .unwrap_or_else(|error| panic!("{program:?}: {}", error.emit_to_string(&text)));
    let info = Validator::new(ValidationFlags::all(), capabilities(program))
        .subgroup_stages(naga::valid::ShaderStages::COMPUTE)
        .subgroup_operations(naga::valid::SubgroupOperationSet::all())
        .validate(&module)
        .unwrap_or_else(|error| panic!("{program:?}: {}", error.emit_to_string(&text)));
    let constants: PipelineConstants = program
        .overrides()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let entry = Some((ShaderStage::Compute, program.stage.entry_point()));
    let (module, info) = pipeline_constants::process_overrides(&module, &info, entry, &constants)
        .unwrap_or_else(|error| panic!("{program:?}: {error}"));
    (module.into_owned(), info.into_owned())
}

/// The bindings that the entry point uses, and whether each may be written.
fn bindings_used(module: &Module, info: &ModuleInfo) -> Vec<(u32, bool)> {
    let entry = info.get_entry_point(0);
    let mut list: Vec<_> = module
        .global_variables
        .iter()
        .filter(|(handle, _)| !entry[*handle].is_empty())
        .filter_map(|(_, variable)| {
            let written = matches!(variable.space, AddressSpace::Storage { access } if access.contains(StorageAccess::STORE));
            variable.binding.map(|binding| (binding.binding, written))
        })
        .collect();
    list.sort_unstable();
    list
}

#[test]
fn every_program_parses_validates_and_agrees_with_the_host() {
    for program in programs() {
        let (module, info) = specialised(&program);
        let expected: Vec<_> = program
            .bindings()
            .into_iter()
            .map(|(name, written)| (name as u32, written))
            .collect();
        assert_eq!(
            bindings_used(&module, &info),
            expected,
            "bindings of {program:?}"
        );
        let is_storage = |(name, _): &(Binding, bool)| !name.is_uniform();
        let storage = program
            .bindings()
            .iter()
            .filter(|entry| is_storage(entry))
            .count();
        assert!(storage <= 8, "{program:?} uses {storage} storage bindings");
        let size = module.entry_points[0].workgroup_size;
        assert_eq!(size, [program.workgroup, 1, 1], "{program:?}");
    }
}

#[test]
fn overrides_are_exactly_those_of_the_host() {
    for program in programs() {
        let module = naga::front::wgsl::parse_str(&program.wgsl()).expect("parsed above");
        let mut declared: Vec<_> = module
            .overrides
            .iter()
            .filter_map(|(_, o)| o.name.clone())
            .collect();
        declared.sort_unstable();
        let mut set: Vec<_> = program
            .overrides()
            .into_iter()
            .map(|(name, _)| name.to_owned())
            .collect();
        set.sort_unstable();
        assert_eq!(declared, set, "{program:?}");
        assert!(
            module.overrides.iter().all(|(_, o)| o.init.is_none()),
            "an override has a default: {program:?}"
        );
    }
}

#[test]
fn the_uniform_has_the_hosts_layout() {
    macro_rules! offsets {
        ($($field:ident)*) => {
            BTreeMap::from([$((stringify!($field), offset_of!(Params, $field)),)*])
        };
    }
    let host = offsets!(
        rows cols parts part_cols bound_row tensor_row source_offset source_stride
        upstream_offset upstream_stride result_offset result_stride first_record records scale largest_logit fraction
        steepness lowest_rise negligible_rise exponent_high exponent_low inner groups
        options first_class classes id_words ignored_low ignored_high loss_words z_loss
        target_share uniform_share softcap inverse_softcap largest_uncapped slope weight_sum valid_rows
        row_words candidates saved_words gathering mask_axes mask_axis_count mask_column_stride largest_masked queries
        bin_first bin_queries bin_rows first_part
    );
    // It is in one piece of all programs.
    for program in programs().into_iter().step_by(97) {
        let (module, _) = specialised(&program);
        let (_, params) = module
            .types
            .iter()
            .find(|(_, ty)| ty.name.as_deref() == Some("Params"))
            .expect("Params");
        let TypeInner::Struct { members, span } = &params.inner else {
            panic!("Params is a struct")
        };
        let shader: BTreeMap<_, _> = members
            .iter()
            .map(|m| (m.name.as_deref().expect("named"), m.offset as usize))
            .collect();
        assert_eq!(shader, host, "{program:?}");
        assert_eq!(*span as usize, size_of::<Params>(), "{program:?}");
    }
}

#[test]
fn option_bits_are_exactly_those_of_the_host() {
    let program = Program::tally(Stage::ReduceLosses, Form::default(), 256);
    let module = naga::front::wgsl::parse_str(&program.wgsl()).expect("parsed above");
    let declared = |name: &str| {
        let is_it = |constant: &naga::Constant| constant.name.as_deref() == Some(name);
        let (_, constant) = module
            .constants
            .iter()
            .find(|(_, constant)| is_it(constant))?;
        match module.global_expressions[constant.init] {
            naga::Expression::Literal(naga::Literal::U32(bit)) => Some(bit),
            _ => None,
        }
    };
    for &(name, bit) in options::ALL {
        assert_eq!(declared(name), Some(bit), "{name}");
    }
    let distinct: u32 = options::ALL.iter().map(|(_, bit)| bit).sum();
    assert_eq!(distinct, (1 << options::ALL.len()) - 1, "bits overlap");
}

#[test]
fn every_program_translates_to_spirv_and_by_words_to_msl_hlsl_and_glsl() {
    for program in programs() {
        let (module, info) = specialised(&program);
        let entry = program.stage.entry_point();
        to_spirv(&module, &info, entry)
            .unwrap_or_else(|error| panic!("SPIR-V of {program:?}: {error}"));
        // 64-bit integers are for software adapters, all of which are spoken to by Vulkan.
        if program.int64 {
            continue;
        }
        to_msl(&module, &info).unwrap_or_else(|error| panic!("MSL of {program:?}: {error}"));
        to_hlsl(&module, &info).unwrap_or_else(|error| panic!("HLSL of {program:?}: {error}"));
        // GLSL is for adapters without subgroups.
        if program.reduce != Reduce::Subgroup {
            to_glsl(&module, &info, entry)
                .unwrap_or_else(|error| panic!("GLSL of {program:?}: {error}"));
        }
    }
}
