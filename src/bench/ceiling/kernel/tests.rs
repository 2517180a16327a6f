//! Tests of every tiling of every ceiling, without a GPU: parsed, validated, specialised, translated.

use naga::back::{PipelineConstants, pipeline_constants};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{Module, ShaderStage};

use super::{Load, Tiling, entry_point, overrides};
use crate::bench::Ceiling;
use crate::variant::{Abilities, Vendor};

#[path = "../../../../tests/unit/variants/translate.rs"]
mod translate;

fn loads() -> impl Iterator<Item = Load> {
    let with_exps = |ceiling| [0, 1, 2].map(|exps| Load { ceiling, exps });
    [Ceiling::Copy, Ceiling::Read]
        .into_iter()
        .flat_map(with_exps)
}

fn specialised(load: Load, tiling: Tiling) -> (Module, ModuleInfo) {
    let text = tiling.wgsl(load.ceiling);
    let capabilities = match tiling.int64 {
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
    let mut set = overrides(load, tiling).map(|(name, _)| name);
    declared.sort_unstable();
    set.sort_unstable();
    assert_eq!(declared, set, "{load:?}");
    let constants: PipelineConstants = overrides(load, tiling)
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    let name = entry_point(load.ceiling);
    let entry = Some((ShaderStage::Compute, name));
    let (module, info) = pipeline_constants::process_overrides(&module, &info, entry, &constants)
        .unwrap_or_else(|error| panic!("{load:?} {tiling:?}: {error}"));
    (module.into_owned(), info.into_owned())
}

#[test]
fn every_tiling_translates_to_spirv_and_by_words_to_msl_hlsl_and_glsl() {
    for load in loads() {
        for tiling in Tiling::fitting(&abilities(1024, true)) {
            let (module, info) = specialised(load, tiling);
            let name = entry_point(load.ceiling);
            let workgroup = module.entry_points[0].workgroup_size;
            assert_eq!(workgroup, [tiling.workgroup, 1, 1]);
            translate::to_spirv(&module, &info, name).expect("SPIR-V");
            if !tiling.int64 {
                translate::to_msl(&module, &info).expect("MSL");
                translate::to_hlsl(&module, &info).expect("HLSL");
                translate::to_glsl(&module, &info, name).expect("GLSL");
            }
        }
    }
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
fn tilings_that_do_not_fit_are_left_out() {
    let tilings = |most, int64| Tiling::fitting(&abilities(most, int64));
    let fits = |most| {
        let mut all = tilings(most, true).into_iter();
        all.all(|tiling| tiling.workgroup <= most)
    };
    assert!([64, 256, 1024].map(fits).iter().all(|&fits| fits));
    assert_eq!(tilings(64, true), [Tiling::PLAIN]);
    let by_u64 = |int64| {
        let all = tilings(256, int64).into_iter();
        all.filter(|tiling| tiling.int64).count()
    };
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
