//! Every program, without a GPU: joined, parsed, validated, specialised, translated, and compared with the host.

use std::collections::BTreeMap;
use std::mem::offset_of;

use naga::back::{PipelineConstants, glsl, hlsl, msl, pipeline_constants, spv};
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{AddressSpace, Module, ShaderStage, StorageAccess, TypeInner};
use wgpu_softmax::shader::{Beside, Binding, Program, Stage, options};
use wgpu_softmax::variant::{Access, Form, Masking, Operation, Reduce, Shares};
use wgpu_softmax::{DType, Params};

/// Every program that a plan can ask for, with registers of a few lengths.
fn programs() -> Vec<Program> {
    let rows = [
        Stage::Partial,
        Stage::Streamed,
        Stage::Finish,
        Stage::Registers {
            quads: 1,
            whole: false,
            counted: 0,
        },
        Stage::Registers {
            quads: 3,
            whole: true,
            counted: 2,
        },
    ];
    let mut list: Vec<_> = [
        Stage::CountTargets,
        Stage::ReduceLosses,
        Stage::MergeTallies,
    ]
    .into_iter()
    .flat_map(|stage| tallied().map(move |form| Program::tally(stage, form, 256)))
    .collect();
    for (operation, form) in forms() {
        for &stage in stages(operation, form, &rows) {
            for (reduce, lanes) in [
                (Reduce::Invocation, 1),
                (Reduce::Subgroup, 8),
                (Reduce::Workgroup, 64),
            ] {
                // Where the result lies is nothing to how lanes merge.
                if form.in_place && reduce != Reduce::Workgroup {
                    continue;
                }
                for (access, longs, dtype) in storages(form) {
                    list.push(Program {
                        operation,
                        form,
                        stage,
                        reduce,
                        lanes,
                        workgroup: 64,
                        access,
                        longs,
                        dtype,
                        beside: None,
                    });
                }
            }
        }
    }
    list.extend(beside());
    list
}

/// Every program of rows that lie side by side.
fn beside() -> Vec<Program> {
    let mut list = Vec::new();
    for (operation, form) in forms() {
        for &stage in stages_beside(operation, form) {
            for (groups, whole) in [(1, false), (3, true)] {
                let storages = storages(form).filter(|(access, ..)| *access != Access::Shifted);
                for (access, longs, dtype) in storages {
                    list.push(Program {
                        operation,
                        form,
                        stage,
                        reduce: Reduce::Invocation,
                        lanes: 1,
                        workgroup: 64,
                        access,
                        longs,
                        dtype,
                        beside: Some(Beside { groups, whole }),
                    });
                }
            }
        }
    }
    list
}

fn stages_beside(operation: Operation, form: Form) -> &'static [Stage] {
    let whole_rows = &[
        Stage::Registers {
            quads: 3,
            whole: true,
            counted: 0,
        },
        Stage::Streamed,
        Stage::Finish,
        Stage::Partial,
        Stage::Combine,
    ];
    let shares_partial = shares_partial(operation, form);
    let by_quads = matches!(form.masking, Masking::AddedByQuads | Masking::KeptByQuads);
    match operation {
        // Of rows one after the other alone.
        _ if form.causal || by_quads => &[],
        Operation::PartialStatistic => &whole_rows[3..],
        Operation::CrossEntropyBackward => &[Stage::Elementwise],
        Operation::Jacobian => &[],
        Operation::RowOutputs => &[Stage::Recalled],
        _ if Operation::SHARDED.contains(&operation) => &[],
        _ if shares_partial => &whole_rows[..3],
        _ => whole_rows,
    }
}

/// Every operation in every form.
fn forms() -> impl Iterator<Item = (Operation, Form)> {
    let all = Operation::ALL.into_iter().chain(Operation::SHARDED);
    let of_masks = Form::all(Operation::Softmax)
        .into_iter()
        .filter(|form| form.is_masked() && !form.in_place)
        .map(|form| (Operation::PartialStatistic, form));
    let every = all.chain([Operation::RowOutputs]).flat_map(|operation| {
        Form::all(operation)
            .into_iter()
            .map(move |form| (operation, form))
    });
    every.chain(of_masks)
}

/// The forms that rows are counted by: with class ids, and with probabilities.
fn tallied() -> impl Iterator<Item = Form> {
    [Shares::Onehot, Shares::Probabilities]
        .into_iter()
        .map(|shares| Form {
            shares,
            ..Form::default()
        })
}

/// Every access to every storage type, by words and by 64-bit integers; a few of them in forms that options make, whose
/// code is another one.
fn storages(form: Form) -> impl Iterator<Item = (Access, bool, DType)> {
    let with_each = move |access| {
        let by_longs = DType::ALL.map(|dtype| (access, true, dtype));
        let by_longs = by_longs.into_iter().filter(move |_| {
            access != Access::Words && (access != Access::Shifted || !form.in_place)
        });
        DType::ALL
            .map(|dtype| (access, false, dtype))
            .into_iter()
            .chain(by_longs)
    };
    let all = [Access::Quads, Access::Shifted, Access::Pairs, Access::Words];
    let few = |(access, _, dtype): &(Access, bool, DType)| match access {
        Access::Words => *dtype == DType::F16,
        Access::Pairs => false,
        _ => *dtype == DType::F32,
    };
    let wanted = move |storage: &(Access, bool, DType)| form == Form::default() || few(storage);
    all.into_iter().flat_map(with_each).filter(wanted)
}

/// Parts of logits alone are folded by one program for all that is made of them, and parts of any wherever it is written.
fn shares_partial(operation: Operation, form: Form) -> bool {
    form.in_place || (form.matrices_read(operation) == 1 && !form.is_dense())
}

fn stages(operation: Operation, form: Form, rows: &[Stage]) -> &[Stage] {
    let shares_partial = shares_partial(operation, form);
    match operation {
        Operation::PartialStatistic => &[Stage::Partial],
        Operation::MergeStatistics => &[Stage::Merge],
        _ if operation.is_per_row() => &[Stage::Recalled],
        _ if operation.is_elementwise() => &[
            Stage::Elementwise,
            Stage::Unrolled {
                quads: 3,
                whole: false,
            },
        ],
        _ if shares_partial => &rows[1..],
        _ => rows,
    }
}

fn capabilities(program: &Program) -> Capabilities {
    let mut capabilities = Capabilities::empty();
    capabilities.set(Capabilities::SUBGROUP, program.reduce == Reduce::Subgroup);
    capabilities.set(Capabilities::SHADER_INT64, program.longs);
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
        bin_first bin_queries bin_rows padding
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
        if program.longs {
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
