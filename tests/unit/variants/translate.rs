//! Translation to the languages of backends, with the options that wgpu passes.

use naga::back::{glsl, hlsl, msl, spv};
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::ModuleInfo;
use naga::{Module, ShaderStage};

pub(crate) fn to_spirv(
    module: &Module,
    info: &ModuleInfo,
    entry: &str,
) -> Result<Vec<u32>, spv::Error> {
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

pub(crate) fn to_msl(module: &Module, info: &ModuleInfo) -> Result<String, msl::Error> {
    let options = msl::Options {
        lang_version: (2, 4),
        fake_missing_bindings: true,
        ..Default::default()
    };
    msl::write_string(module, info, &options, &msl::PipelineOptions::default())
        .map(|(text, _)| text)
}

pub(crate) fn to_hlsl(module: &Module, info: &ModuleInfo) -> Result<String, hlsl::Error> {
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

pub(crate) fn to_glsl(
    module: &Module,
    info: &ModuleInfo,
    entry: &str,
) -> Result<String, glsl::Error> {
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
