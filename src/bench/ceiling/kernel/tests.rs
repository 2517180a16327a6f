//! Tests of every form of every ceiling, without a GPU: parsed, validated, specialised, translated.

use naga::back::{PipelineConstants, glsl, hlsl, msl, pipeline_constants, spv};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{Module, ShaderStage};

use super::{Form, Load, entry_point, overrides};
use crate::bench::Ceiling;
use crate::variant::{Abilities, Vendor};

fn loads() -> impl Iterator<Item = Load> {
    let with_exps = |ceiling| [0, 1, 2].map(|exps| Load { ceiling, exps });
    [Ceiling::Copy, Ceiling::Read]
        .into_iter()
        .flat_map(with_exps)
}

fn specialised(load: Load, form: Form) -> (Module, ModuleInfo) {
    let text = form.wgsl(load.ceiling);
    let capabilities = match form.int64 {
        true => Capabilities::SHADER_INT64,
        false => Capabilities::empty(),
    };
    let module = naga::front::wgsl::parse_str(&text)
        .unwrap_or_else(|error| panic!("{load:?}: {}", error.emit_to_string(&text)));
    let info = Validator::new(ValidationFlags::all(), capabilities)
        .validate(&module)
        .unwrap_or_else(|error| panic!("{load:?}: {}", error.emit_to_string(&text)));
    let mut declared: Vec<_> = module
        .overrides
        .iter()
        .filter_map(|(_, o)| o.name.as_deref())
        .collect();
    let mut set = overrides(load, form).map(|(name, _)| name);
    declared.sort_unstable();
    set.sort_unstable();
    assert_eq!(declared, set, "{load:?}");
    let constants: PipelineConstants = overrides(load, form)
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    let name = entry_point(load.ceiling);
    let entry = Some((ShaderStage::Compute, name));
    let (module, info) = pipeline_constants::process_overrides(&module, &info, entry, &constants)
        .unwrap_or_else(|error| panic!("{load:?} {form:?}: {error}"));
    (module.into_owned(), info.into_owned())
}

#[test]
fn every_form_translates_to_spirv_and_by_words_to_msl_hlsl_and_glsl() {
    for load in loads() {
        for form in Form::sweep(&abilities(1024, true)) {
            let (module, info) = specialised(load, form);
            let name = entry_point(load.ceiling);
            assert_eq!(
                module.entry_points[0].workgroup_size,
                [form.workgroup, 1, 1]
            );
            translate_to_spirv(&module, &info, name);
            if !form.int64 {
                translate(&module, &info, name);
            }
        }
    }
}

fn translate_to_spirv(module: &Module, info: &ModuleInfo, entry_point: &str) {
    let pipeline = spv::PipelineOptions {
        shader_stage: ShaderStage::Compute,
        entry_point: entry_point.to_owned(),
    };
    spv::write_vec(module, info, &spv::Options::default(), Some(&pipeline)).expect("SPIR-V");
}

fn translate(module: &Module, info: &ModuleInfo, entry_point: &str) {
    let options = msl::Options {
        fake_missing_bindings: true,
        ..Default::default()
    };
    msl::write_string(module, info, &options, &Default::default()).expect("MSL");
    let options = hlsl::Options {
        fake_missing_bindings: true,
        ..Default::default()
    };
    let mut text = String::new();
    hlsl::Writer::new(&mut text, &options, &Default::default())
        .write(module, info, None)
        .expect("HLSL");
    let options = glsl::Options {
        version: glsl::Version::new_gles(310),
        ..Default::default()
    };
    let pipeline = glsl::PipelineOptions {
        shader_stage: ShaderStage::Compute,
        entry_point: entry_point.to_owned(),
        multiview: None,
    };
    glsl::Writer::new(
        &mut text,
        module,
        info,
        &options,
        &pipeline,
        Default::default(),
    )
    .and_then(|mut writer| writer.write())
    .expect("GLSL");
}

#[test]
fn loads_count_the_bytes_of_both_sides() {
    let [copy, read] = [Ceiling::Copy, Ceiling::Read].map(|ceiling| Load { ceiling, exps: 0 });
    assert_eq!((copy.quads(64), read.quads(64)), (2, 4));
    assert_eq!((copy.bytes(2), read.bytes(4)), (64, 64));
    assert_eq!(
        (copy.quads(33), read.quads(1), read.quads(0)),
        (2, 1, 1),
        "rounded up"
    );
}

#[test]
fn forms_that_do_not_fit_are_left_out() {
    let forms = |most, int64| Form::sweep(&abilities(most, int64));
    let fits = |most| forms(most, true).iter().all(|form| form.workgroup <= most);
    assert!([64, 256, 1024].map(fits).iter().all(|&fits| fits));
    assert_eq!(forms(64, true), [Form::PLAIN]);
    let by_u64 = |int64| forms(256, int64).iter().filter(|form| form.int64).count();
    assert_eq!((by_u64(false), by_u64(true)), (0, 4));
}

fn abilities(max_invocations: u32, int64: bool) -> Abilities {
    Abilities {
        subgroup: None,
        software: true,
        vendor: Vendor::Other,
        int64,
        max_invocations,
        max_workgroup_bytes: 16_384,
        max_binding_bytes: 1 << 27,
    }
}
