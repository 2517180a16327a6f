//! Every program, without a GPU: joined, parsed, validated, specialised, translated, and compared with the host.

mod dawn;
mod programs;
mod translate;

use std::collections::{BTreeMap, BTreeSet};
use std::mem::offset_of;

use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{AddressSpace, Handle, Module, StorageAccess, StructMember, Type, TypeInner};
use wgpu_softmax::shader::params::Params;
use wgpu_softmax::shader::{Program, Stage, loss_flags};
use wgpu_softmax::variant::{Operation, Reduce, TargetKind};

use crate::sweep::some;
use programs::{linear, programs};
use translate::{to_glsl, to_hlsl, to_msl, to_spirv};

fn merges_by_shuffles(program: &Program) -> bool {
    matches!(
        program.variant.reduce,
        Reduce::Subgroup | Reduce::Hybrid { .. }
    )
}

fn capabilities(program: &Program) -> Capabilities {
    let mut capabilities = Capabilities::empty();
    capabilities.set(Capabilities::SUBGROUP, merges_by_shuffles(program));
    capabilities.set(Capabilities::SHADER_INT64, program.variant.int64);
    capabilities
}

/// Returns the programs that a run goes through: a part of them in every run, and all of them in a full one.
fn share() -> Vec<Program> {
    // The step has no common factor with the numbers of storages, ways to merge and stages.
    let mut share = some(programs(), 0, 11);
    share.extend(linear());
    share
}

fn parsed(text: &str) -> Module {
    naga::front::wgsl::parse_str(text)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(text)))
}

/// Validates a module with exactly the capabilities claimed.
fn validated(program: &Program, module: &Module, text: &str) -> ModuleInfo {
    Validator::new(ValidationFlags::all(), capabilities(program))
        .subgroup_stages(naga::valid::ShaderStages::COMPUTE)
        .subgroup_operations(naga::valid::SubgroupOperationSet::all())
        .validate(module)
        .unwrap_or_else(|error| panic!("{program:?}: {}", error.emit_to_string(text)))
}

/// Returns the bindings that the entry point uses, each with a flag that it may be written.
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
        let text = program.wgsl();
        let module = parsed(&text);
        let info = validated(&program, &module, &text);
        assert_bindings(&program, &module, &info);
        assert_all_is_reached(&program, &module, &info);
        // Rows without sinks have not a word of them.
        let has_sinks = program.options.sink;
        assert!(has_sinks || !text.contains("sink"), "{program:?}");
        let text = program.unrolled_wgsl();
        let module = parsed(&text);
        let info = validated(&program, &module, &text);
        assert_bindings(&program, &module, &info);
        let size = module.entry_points[0].workgroup_size;
        assert_eq!(size, [program.variant.workgroup, 1, 1], "{program:?}");
        assert_translates(&program, &module, &info);
    }
}

/// Fails if a text has anything that the entry point does not use.
fn assert_all_is_reached(program: &Program, module: &Module, info: &ModuleInfo) {
    let entry = info.get_entry_point(0);
    for (handle, global) in module.global_variables.iter() {
        assert!(
            !entry[handle].is_empty(),
            "{:?} of {program:?}",
            global.name
        );
    }
    let mut called = BTreeSet::new();
    let mut bodies = vec![&module.entry_points[0].function.body];
    while let Some(body) = bodies.pop() {
        for function in calls(body) {
            if called.insert(function) {
                bodies.push(&module.functions[function].body);
            }
        }
    }
    for (handle, function) in module.functions.iter() {
        assert!(
            called.contains(&handle),
            "{:?} of {program:?}",
            function.name
        );
    }
}

fn calls(block: &naga::Block) -> Vec<naga::Handle<naga::Function>> {
    let mut list = Vec::new();
    for statement in block.iter() {
        match statement {
            naga::Statement::Call { function, .. } => list.push(*function),
            naga::Statement::Block(block) => list.extend(calls(block)),
            naga::Statement::If { accept, reject, .. } => {
                list.extend(calls(accept));
                list.extend(calls(reject));
            }
            naga::Statement::Loop {
                body, continuing, ..
            } => {
                list.extend(calls(body));
                list.extend(calls(continuing));
            }
            _ => {}
        }
    }
    list
}

/// Every piece is in the programs of a run: a missing one would not be tested.
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

/// True for what binds more storage buffers than every device has: the parts of masked rows of probabilities, chosen only where no
/// binding holds a row, and then refused by name where the device has 8.
fn needs_nine(program: &Program) -> bool {
    program.operation == Operation::CrossEntropyFused
        && program.stage == Stage::Finish
        && program.options.target_kind == TargetKind::Probabilities
        && program.options.is_masked()
        && !program.options.in_place
}

/// Fails unless the bindings that the entry point uses are those that the host binds.
fn assert_bindings(program: &Program, module: &Module, info: &ModuleInfo) {
    let host = program.bindings();
    let expected: Vec<_> = host
        .iter()
        .map(|&(name, written)| (name as u32, written))
        .collect();
    let found = bindings_used(module, info);
    assert_eq!(found, expected, "bindings of {program:?}");
    let storage = host.iter().filter(|(name, _)| !name.is_uniform()).count();
    let most = if needs_nine(program) { 9 } else { 8 };
    assert!(
        storage <= most,
        "{program:?} uses {storage} storage bindings"
    );
}

fn assert_translates(program: &Program, module: &Module, info: &ModuleInfo) {
    let entry = program.entry_point();
    let assert_in = |language: &str, error: Option<String>| {
        assert_eq!(error, None, "{language} of {program:?}");
    };
    let words = to_spirv(module, info, entry);
    assert_in("SPIR-V", words.err().map(|error| error.to_string()));
    // 64-bit integers are for software adapters, all of which are reached by Vulkan.
    if program.variant.int64 {
        return;
    }
    let text = to_msl(module, info);
    assert_in("MSL", text.err().map(|error| error.to_string()));
    let text = to_hlsl(module, info);
    assert_in("HLSL", text.err().map(|error| error.to_string()));
    // GLSL is for adapters without subgroups.
    if !merges_by_shuffles(program) {
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
            softcap inverse_softcap largest_uncapped zero_empty_rows sinks sink_queries stores_sinks;
        mask: axes axis_count column_stride padding;
        loss:
            flags first_class classes id_words ignored_low ignored_high loss_words z_loss target_share uniform_share
            weight_sum valid_rows row_words candidates saved_words gathering;
    );
    // A kernel takes the members that it needs.
    let mut found = BTreeSet::new();
    for program in programs().into_iter().step_by(97) {
        let text = program.wgsl();
        assert!(!text.contains("@size"), "naga's GLSL drops it: {text}");
        let module = parsed(&text);
        let (params, _) = module
            .types
            .iter()
            .find(|(_, ty)| ty.name.as_deref() == Some("Params"))
            .expect("Params");
        let (groups, span) = members(&module, params);
        let taken: BTreeMap<_, _> = groups
            .iter()
            .flat_map(|group| {
                let (fields, _) = members(&module, group.ty);
                let read = fields
                    .iter()
                    .filter(|field| !name_of(field).starts_with("gap"));
                read.map(|field| {
                    let name = format!("{}.{}", name_of(group), name_of(field));
                    (name, (group.offset + field.offset) as usize)
                })
            })
            .collect();
        for (name, offset) in &taken {
            assert_eq!(
                host.get(name.as_str()),
                Some(offset),
                "{name} of {program:?}"
            );
        }
        assert!(span as usize <= size_of::<Params>(), "{program:?}");
        found.extend(taken.into_keys());
    }
    let padding = |name: &&String| !name.ends_with("padding");
    let host: BTreeSet<_> = host.into_keys().map(|name| name.to_string()).collect();
    assert_eq!(
        host.iter().filter(padding).collect::<Vec<_>>(),
        found.iter().collect::<Vec<_>>()
    );
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
    let programs = programs();
    let linear = linear();
    let some = programs.iter().step_by(7).chain(&linear);
    let texts: Vec<_> = some.map(Program::wgsl).collect();
    for &(name, bit) in loss_flags::ALL {
        let declaration = format!("\nconst {name}: u32 = {bit}u;");
        let is_there = texts.iter().any(|text| text.contains(&declaration));
        assert!(is_there, "{declaration}");
    }
    let distinct: u32 = loss_flags::ALL.iter().map(|(_, bit)| bit).sum();
    assert_eq!(distinct, (1 << loss_flags::ALL.len()) - 1, "bits overlap");
}
