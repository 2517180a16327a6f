//! Which code a kernel has: pieces, functions, SPIR-V.

use std::collections::{BTreeMap, BTreeSet};

use naga::ShaderStage;
use naga::back::{PipelineConstants, pipeline_constants, spv};
use naga::valid::{Capabilities, ValidationFlags, Validator};
use wgpu_softmax::shader::{Program, Stage};
use wgpu_softmax::variant::Form;

use crate::plain_form::{OPERATIONS, parse, programs};

/// Pieces that an option puts in the place of plain ones, or adds.
const OPTIONAL: [(&str, Option<&str>); 14] = [
    ("reading/capped.wgsl", Some("reading/plain.wgsl")),
    ("streams/logits_and_probs.wgsl", Some("streams/logits.wgsl")),
    ("sums/shares.wgsl", Some("sums/weights.wgsl")),
    ("shares/dense.wgsl", None),
    ("exception/none.wgsl", None),
    ("shares/smoothed.wgsl", Some("shares/onehot.wgsl")),
    ("shares/probabilities.wgsl", Some("shares/onehot.wgsl")),
    ("target/probabilities.wgsl", Some("target/class_id.wgsl")),
    ("records/shares.wgsl", Some("records/statistic.wgsl")),
    ("source/in_place.wgsl", Some("source/apart.wgsl")),
    ("source/in_place_by_halves.wgsl", Some("source/apart.wgsl")),
    ("sums/told.wgsl", Some("sums/basic.wgsl")),
    ("records/told.wgsl", Some("records/basic.wgsl")),
    ("pairs/told.wgsl", Some("pairs/saved.wgsl")),
];

/// The pieces of a text with their names, in their order.
fn pieces(text: &str) -> Vec<(&str, &str)> {
    let pieces = text.split("// ---- ").skip(1);
    pieces
        .map(|piece| piece.split_once('\n').expect("a name"))
        .collect()
}

/// The program's SPIR-V, if this were its text.
fn spirv(program: &Program, text: &str) -> Vec<u32> {
    let module = parse(text);
    let info = Validator::new(ValidationFlags::all(), Capabilities::all())
        .subgroup_stages(naga::valid::ShaderStages::COMPUTE)
        .subgroup_operations(naga::valid::SubgroupOperationSet::all())
        .validate(&module)
        .expect("valid");
    let values = program.overrides().into_iter();
    let constants: PipelineConstants = values
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let entry_point = program.stage.entry_point().to_owned();
    let entry = Some((ShaderStage::Compute, entry_point.as_str()));
    let (module, info) = pipeline_constants::process_overrides(&module, &info, entry, &constants)
        .expect("constants");
    let options = spv::PipelineOptions {
        shader_stage: ShaderStage::Compute,
        entry_point: entry_point.clone(),
    };
    let language = spv::Options {
        lang_version: (1, 3),
        ..Default::default()
    };
    spv::write_vec(&module, &info, &language, Some(&options)).expect("SPIR-V")
}

/// Functions that are declared in optional pieces and in no plain one.
fn optional_functions() -> BTreeSet<String> {
    let every = OPERATIONS.into_iter().flat_map(|operation| {
        let forms = Form::all(operation).into_iter();
        forms.flat_map(move |form| programs(operation, form))
    });
    let (mut optional, mut plain) = (BTreeSet::new(), BTreeSet::new());
    for program in every {
        let text = program.wgsl();
        for (name, piece) in pieces(&text) {
            let declared = piece
                .lines()
                .filter_map(|line| line.strip_prefix("fn ")?.split('(').next());
            let declared = declared.map(str::to_owned);
            match OPTIONAL.iter().any(|(other, _)| *other == name) {
                true => optional.extend(declared),
                false => plain.extend(declared),
            }
        }
    }
    &optional - &plain
}

#[test]
fn the_default_form_has_no_function_of_another() {
    let optional = optional_functions();
    for name in ["capped", "shares_of", "merge_faults", "peaks_of"] {
        assert!(optional.contains(name), "{name} is not among {optional:?}");
    }
    let of = |program: &Program| {
        let functions = parse(&program.wgsl()).functions;
        let names = functions
            .iter()
            .filter_map(|(_, function)| function.name.clone());
        names.filter(|name| optional.contains(name)).count()
    };
    for operation in OPERATIONS {
        for form in Form::all(operation) {
            for program in programs(operation, form) {
                // In place, one function has another body.
                let apart = Form {
                    in_place: false,
                    ..form
                };
                assert_eq!(of(&program) == 0, apart == Form::default(), "{program:?}");
            }
        }
    }
}

/// Take the text of any form, put plain pieces in the place of its own, and the kernel of the default form is there, to
/// the word.
#[test]
fn forms_differ_in_the_pieces_of_options_alone() {
    for operation in OPERATIONS {
        for form in Form::all(operation) {
            for program in programs(operation, form) {
                let plain = Program {
                    form: Form::default(),
                    ..program
                };
                // Without shares to sum, parts are another operation's.
                if program.stage == Stage::Partial && form.is_dense() {
                    continue;
                }
                let (text, plain_text) = (program.wgsl(), plain.wgsl());
                let joined = without_options(&text, &plain_text);
                assert_eq!(text == joined, form == Form::default(), "{program:?}");
                assert!(
                    spirv(&plain, &joined) == spirv(&plain, &plain_text),
                    "{program:?}"
                );
            }
        }
    }
}

/// The text with its optional pieces replaced by those of the plain text.
fn without_options(text: &str, plain_text: &str) -> String {
    let plain: BTreeMap<_, _> = pieces(plain_text).into_iter().collect();
    let mut joined = String::new();
    for (name, piece) in pieces(text) {
        let piece = match OPTIONAL.iter().find(|(other, _)| *other == name) {
            None => Some((name, piece)),
            Some((_, replaced)) => replaced.map(|name| (name, plain[name])),
        };
        let with_name = |(name, piece)| format!("// ---- {name}\n{piece}");
        joined.extend(piece.map(with_name));
    }
    joined
}
