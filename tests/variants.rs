//! Every program, without a GPU: joined, parsed, validated, specialised, translated, and compared with the host.

use std::collections::BTreeMap;
use std::mem::offset_of;

use naga::back::{PipelineConstants, glsl, hlsl, msl, pipeline_constants, spv};
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{AddressSpace, Module, ShaderStage, StorageAccess, TypeInner};
use wgpu_softmax::shader::{Program, Stage};
use wgpu_softmax::variant::{Access, Operation, Reduce};
use wgpu_softmax::{DType, Params};

/// Every program that a plan can ask for, with registers of a few lengths.
fn programs() -> Vec<Program> {
    let rows = [
        Stage::Streamed,
        Stage::Partial,
        Stage::Finish,
        Stage::Registers { quads: 1 },
        Stage::Registers { quads: 32 },
    ];
    let mut list: Vec<_> = [
        Stage::CountTargets,
        Stage::ReduceLosses,
        Stage::MergeTallies,
    ]
    .map(|stage| Program::tally(stage, 256))
    .to_vec();
    for operation in Operation::ALL.into_iter().chain(Operation::SHARDED) {
        for &stage in stages(operation, &rows) {
            for (reduce, lanes) in [
                (Reduce::Invocation, 1),
                (Reduce::Subgroup, 8),
                (Reduce::Workgroup, 64),
            ] {
                for (access, dtype) in storages() {
                    list.push(Program {
                        operation,
                        stage,
                        reduce,
                        lanes,
                        workgroup: 64,
                        access,
                        dtype,
                    });
                }
            }
        }
    }
    list
}

/// Every access to every storage type.
fn storages() -> impl Iterator<Item = (Access, DType)> {
    let with_each = |access| DType::ALL.map(|dtype| (access, dtype));
    [Access::Quads, Access::Words]
        .into_iter()
        .flat_map(with_each)
}

fn stages(operation: Operation, rows: &[Stage]) -> &[Stage] {
    match operation {
        Operation::PartialStatistic => &[Stage::Partial],
        Operation::MergeStatistics => &[Stage::Merge],
        Operation::CrossEntropyFromPairs => &[Stage::Recalled],
        _ if operation.is_elementwise() => &[Stage::Elementwise],
        _ => rows,
    }
}

fn capabilities(program: &Program) -> Capabilities {
    if program.reduce == Reduce::Subgroup {
        Capabilities::SUBGROUP
    } else {
        Capabilities::empty()
    }
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
        assert!(
            expected.len() <= 9,
            "{program:?} uses more than 8 storage bindings"
        );
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
    let host = BTreeMap::from([
        ("rows", offset_of!(Params, rows)),
        ("cols", offset_of!(Params, cols)),
        ("parts", offset_of!(Params, parts)),
        ("part_cols", offset_of!(Params, part_cols)),
        ("bound_row", offset_of!(Params, bound_row)),
        ("tensor_row", offset_of!(Params, tensor_row)),
        ("source_offset", offset_of!(Params, source_offset)),
        ("source_stride", offset_of!(Params, source_stride)),
        ("upstream_offset", offset_of!(Params, upstream_offset)),
        ("upstream_stride", offset_of!(Params, upstream_stride)),
        ("result_offset", offset_of!(Params, result_offset)),
        ("result_stride", offset_of!(Params, result_stride)),
        ("options", offset_of!(Params, options)),
        ("ignore_index", offset_of!(Params, ignore_index)),
        ("scale", offset_of!(Params, scale)),
        ("largest_logit", offset_of!(Params, largest_logit)),
        ("first_class", offset_of!(Params, first_class)),
        ("classes", offset_of!(Params, classes)),
        ("first_record", offset_of!(Params, first_record)),
        ("records", offset_of!(Params, records)),
    ]);
    for program in programs() {
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
fn every_program_translates_to_spirv_msl_hlsl_and_glsl() {
    for program in programs() {
        let (module, info) = specialised(&program);
        let entry = program.stage.entry_point();
        to_spirv(&module, &info, entry)
            .unwrap_or_else(|error| panic!("SPIR-V of {program:?}: {error}"));
        to_msl(&module, &info).unwrap_or_else(|error| panic!("MSL of {program:?}: {error}"));
        to_hlsl(&module, &info).unwrap_or_else(|error| panic!("HLSL of {program:?}: {error}"));
        // GLSL is for adapters without subgroups.
        if program.reduce != Reduce::Subgroup {
            to_glsl(&module, &info, entry)
                .unwrap_or_else(|error| panic!("GLSL of {program:?}: {error}"));
        }
    }
}

fn to_spirv(module: &Module, info: &ModuleInfo, entry: &str) -> Result<Vec<u32>, spv::Error> {
    let options = spv::PipelineOptions {
        shader_stage: ShaderStage::Compute,
        entry_point: entry.to_owned(),
    };
    spv::write_vec(
        module,
        info,
        &spv::Options {
            lang_version: (1, 3),
            ..Default::default()
        },
        Some(&options),
    )
}

fn to_msl(module: &Module, info: &ModuleInfo) -> Result<String, msl::Error> {
    let options = msl::Options {
        lang_version: (2, 4),
        fake_missing_bindings: true,
        ..Default::default()
    };
    msl::write_string(module, info, &options, &msl::PipelineOptions::default())
        .map(|(text, _)| text)
}

fn to_hlsl(module: &Module, info: &ModuleInfo) -> Result<String, hlsl::Error> {
    let mut text = String::new();
    let options = hlsl::Options {
        fake_missing_bindings: true,
        shader_model: hlsl::ShaderModel::V6_0,
        ..Default::default()
    };
    let pipeline = hlsl::PipelineOptions::default();
    hlsl::Writer::new(&mut text, &options, &pipeline).write(module, info, None)?;
    Ok(text)
}

fn to_glsl(module: &Module, info: &ModuleInfo, entry: &str) -> Result<String, glsl::Error> {
    let mut text = String::new();
    let options = glsl::Options {
        version: glsl::Version::new_gles(310),
        ..Default::default()
    };
    let pipeline = glsl::PipelineOptions {
        shader_stage: ShaderStage::Compute,
        entry_point: entry.to_owned(),
        multiview: None,
    };
    let policies = BoundsCheckPolicies {
        index: BoundsCheckPolicy::Restrict,
        ..Default::default()
    };
    glsl::Writer::new(&mut text, module, info, &options, &pipeline, policies)?.write()?;
    Ok(text)
}
