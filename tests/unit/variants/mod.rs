//! Every program, without a GPU: joined, parsed, validated, specialised, translated, and compared with the host.

mod programs;
mod translate;

use std::collections::{BTreeMap, BTreeSet};
use std::mem::offset_of;

use naga::back::{PipelineConstants, pipeline_constants};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{
    AddressSpace, Handle, Module, ShaderStage, StorageAccess, StructMember, Type, TypeInner,
};
use wgpu_softmax::Params;
use wgpu_softmax::shader::{Program, Stage, options};
use wgpu_softmax::variant::{Form, Reduce};

use crate::sweep::some;
use programs::programs;
use translate::{to_glsl, to_hlsl, to_msl, to_spirv};

fn capabilities(program: &Program) -> Capabilities {
    let mut capabilities = Capabilities::empty();
    capabilities.set(Capabilities::SUBGROUP, program.reduce == Reduce::Subgroup);
    capabilities.set(Capabilities::SHADER_INT64, program.int64);
    capabilities
}

/// The programs that a run goes through: of those that differ in one thing some in every run, and all of them in a full one.
fn share() -> Vec<Program> {
    // Shares no factor with the numbers of storages, ways to merge and stages.
    some(programs(), 0, 11)
}

fn parsed(program: &Program) -> Module {
    let text = program.wgsl();
    naga::front::wgsl::parse_str(&text)
        .unwrap_or_else(|error| panic!("{program:?}: {}", error.emit_to_string(&text)))
}

/// Validated with exactly the capabilities claimed, and with its overrides set.
fn specialised(program: &Program, module: &Module) -> (Module, ModuleInfo) {
    let info = Validator::new(ValidationFlags::all(), capabilities(program))
        .subgroup_stages(naga::valid::ShaderStages::COMPUTE)
        .subgroup_operations(naga::valid::SubgroupOperationSet::all())
        .validate(module)
        .unwrap_or_else(|error| panic!("{program:?}: {}", error.emit_to_string(&program.wgsl())));
    let constants: PipelineConstants = program
        .overrides()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let entry = Some((ShaderStage::Compute, program.stage.entry_point()));
    let (module, info) = pipeline_constants::process_overrides(module, &info, entry, &constants)
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
fn every_program_agrees_with_the_host_and_translates() {
    for program in share() {
        let module = parsed(&program);
        assert_overrides(&program, &module);
        let (module, info) = specialised(&program, &module);
        assert_bindings(&program, &module, &info);
        let size = module.entry_points[0].workgroup_size;
        assert_eq!(size, [program.workgroup, 1, 1], "{program:?}");
        assert_translates(&program, &module, &info);
    }
}

/// A share of the programs that misses a piece would say nothing of it.
#[test]
fn every_piece_is_gone_through() {
    let pieces = |programs: Vec<Program>| {
        let texts = programs.iter().map(Program::wgsl);
        let names = texts.flat_map(|text| {
            let lines = text
                .lines()
                .filter_map(|line| line.strip_prefix("// ---- "));
            lines.map(str::to_owned).collect::<Vec<_>>()
        });
        names.collect::<BTreeSet<_>>()
    };
    let found = pieces(share());
    assert_eq!(found, pieces(programs()));
    assert!(found.len() > 20, "{found:?}");
}

/// The bindings that the entry point uses are those that the host binds.
fn assert_bindings(program: &Program, module: &Module, info: &ModuleInfo) {
    let host = program.bindings();
    let expected: Vec<_> = host
        .iter()
        .map(|&(name, written)| (name as u32, written))
        .collect();
    let found = bindings_used(module, info);
    assert_eq!(found, expected, "bindings of {program:?}");
    let storage = host.iter().filter(|(name, _)| !name.is_uniform()).count();
    assert!(storage <= 8, "{program:?} uses {storage} storage bindings");
}

/// The overrides are those that the host sets, and none has a default.
fn assert_overrides(program: &Program, module: &Module) {
    let overrides = || module.overrides.iter().map(|(_, of)| of);
    let declared: BTreeSet<_> = overrides().filter_map(|of| of.name.clone()).collect();
    let host = program.overrides().into_iter();
    let set: BTreeSet<_> = host.map(|(name, _)| name.to_owned()).collect();
    assert_eq!(declared, set, "{program:?}");
    assert!(overrides().all(|of| of.init.is_none()), "{program:?}");
}

fn assert_translates(program: &Program, module: &Module, info: &ModuleInfo) {
    let entry = program.stage.entry_point();
    let assert_in = |language: &str, error: Option<String>| {
        assert_eq!(error, None, "{language} of {program:?}");
    };
    let words = to_spirv(module, info, entry);
    assert_in("SPIR-V", words.err().map(|error| error.to_string()));
    // 64-bit integers are for software adapters, all of which are spoken to by Vulkan.
    if program.int64 {
        return;
    }
    let text = to_msl(module, info);
    assert_in("MSL", text.err().map(|error| error.to_string()));
    let text = to_hlsl(module, info);
    assert_in("HLSL", text.err().map(|error| error.to_string()));
    // GLSL is for adapters without subgroups.
    if program.reduce != Reduce::Subgroup {
        let text = to_glsl(module, info, entry);
        assert_in("GLSL", text.err().map(|error| error.to_string()));
    }
}

#[test]
fn the_uniform_has_the_hosts_layout() {
    macro_rules! offsets {
        ($($group:ident: $($field:ident)*;)*) => {
            BTreeMap::from([$($((
                concat!(stringify!($group), ".", stringify!($field)).to_owned(),
                offset_of!(Params, $group.$field),
            ),)*)*])
        };
    }
    let host = offsets!(
        grid:
            rows cols parts part_cols first_part bound_row tensor_row first_record records inner groups
            source_offset source_stride upstream_offset upstream_stride result_offset result_stride
            queries bin_first bin_queries bin_rows record_row_stride record_part_stride padding;
        scaling:
            scale slope prescale postscale lowest_shifted negligible_shifted exp2_hi exp2_lo mask_unit
            softcap inverse_softcap largest_uncapped zero_empty_rows padding;
        mask: axes axis_count column_stride padding;
        loss:
            flags first_class classes id_words ignored_low ignored_high loss_words z_loss target_share uniform_share
            weight_sum valid_rows row_words candidates saved_words gathering;
    );
    // It is in one piece of all programs.
    for program in programs().into_iter().step_by(97) {
        let module = parsed(&program);
        let (params, _) = module
            .types
            .iter()
            .find(|(_, ty)| ty.name.as_deref() == Some("Params"))
            .expect("Params");
        let (groups, span) = members(&module, params);
        let shader: BTreeMap<_, _> = groups
            .iter()
            .flat_map(|group| {
                let (fields, span) = members(&module, group.ty);
                assert_eq!(span % 16, 0, "{group:?}");
                fields.iter().map(|field| {
                    let name = format!("{}.{}", name_of(group), name_of(field));
                    (name, (group.offset + field.offset) as usize)
                })
            })
            .collect();
        assert_eq!(shader, host, "{program:?}");
        assert_eq!(span as usize, size_of::<Params>(), "{program:?}");
    }
}

fn members(module: &Module, of: Handle<Type>) -> (&[StructMember], u32) {
    match &module.types[of].inner {
        TypeInner::Struct { members, span } => (members, *span),
        other => panic!("{other:?} is no struct"),
    }
}

fn name_of(member: &StructMember) -> &str {
    member.name.as_deref().expect("named")
}

#[test]
fn option_bits_are_exactly_those_of_the_host() {
    let program = Program::tally(Stage::ReduceLosses, Form::default(), 256);
    let module = parsed(&program);
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
