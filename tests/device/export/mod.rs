//! Exports: what a host without this crate runs gives the bits of the bindings that this crate records.

mod problems;
mod run;
#[cfg(feature = "cli")]
mod write;

use problems::{Problem, problems};
use run::{Pipelines, USAGE, run_bound, run_export};
use wgpu_softmax::check::compare_as;
use wgpu_softmax::export::{Access, Binding, Case, Element, Export, Role};
use wgpu_softmax::variant::Abilities;
use wgpu_softmax::wgpu::Features;
use wgpu_softmax::{DType, Error, Gpu, Planner, SoftmaxBuffers, SoftmaxSpec};

use crate::common::sweep::some;
use crate::common::{buffer, gpu};

/// Fails unless every output is within its bound.
fn judge(name: &str, export: &Export, case: &Case, found: &[(&'static str, Vec<u32>)]) {
    for expected in &case.expected {
        let of = &export.buffers[expected.buffer];
        let (_, words) = found
            .iter()
            .find(|(name, _)| *name == of.name)
            .expect("an output");
        let dtype = match of.dtype {
            Element::F16 => DType::F16,
            Element::Bf16 => DType::Bf16,
            _ => DType::F32,
        };
        let per_word = 4 / dtype.bytes() as usize;
        let values = words.iter().flat_map(|word| {
            let bits =
                move |n: usize| word >> (32 / per_word * n) & (u32::MAX >> (32 - 32 / per_word));
            (0..per_word).map(move |n| dtype.decode(bits(n)))
        });
        let values: Vec<f32> = values.take(expected.values.len()).collect();
        let compared = compare_as(dtype, &values, &expected.values, &expected.tolerances, 1);
        assert!(
            compared.elements > 0 && compared.passed(),
            "{name}, {}: {compared}",
            case.name
        );
    }
    assert!(!case.expected.is_empty(), "{name}: nothing is expected");
}

/// Abilities to export for, by name: of any WebGPU device, of one with subgroups, of this one, and of one whose bindings are
/// small.
fn classes(gpu: &Gpu) -> Vec<(&'static str, Abilities)> {
    let own = *gpu.planner().abilities();
    let mut list = vec![("default", Abilities::WEBGPU)];
    if gpu.device().features().contains(Features::SUBGROUP) && own.subgroup.is_some() {
        let subgroups = Abilities {
            subgroup: own.subgroup,
            ..Abilities::WEBGPU
        };
        list.push(("subgroups", subgroups));
    }
    list.push(("own", own));
    let narrow = Abilities {
        max_binding_bytes: 4096,
        ..Abilities::WEBGPU
    };
    list.push(("narrow", narrow));
    list
}

/// Exports, with their plans, the class and a name: all for any device, those in several windows for small bindings, and a fifth
/// for the other classes.
fn exports(gpu: &Gpu) -> Vec<(String, Planner, Problem, Export)> {
    let mut list = Vec::new();
    for (turn, (class, abilities)) in classes(gpu).into_iter().enumerate() {
        for (n, problem) in problems().into_iter().enumerate() {
            let export = match problem.export(&Planner::of_abilities(abilities)) {
                Ok(export) => export,
                Err(Error::Limit { .. }) if class == "narrow" => continue,
                Err(error) => panic!("{}: {error}", problem.name),
            };
            let mut bindings = export.dispatches.iter().flat_map(|of| &of.bindings);
            let role = |of: &Binding| of.buffer.map(|index| export.buffers[index].role);
            let has_windows =
                bindings.any(|of| of.offset > 0 && role(of) != Some(Role::Placeholder));
            if turn == 0 || n % 5 == turn || class == "narrow" && has_windows {
                let export = export.with_cases(2).expect("cases");
                let planner = gpu.planner().with_abilities(abilities);
                list.push((
                    format!("{}.{class}", problem.name),
                    planner,
                    problem,
                    export,
                ));
            }
        }
    }
    list
}

#[test]
fn an_export_gives_the_bits_of_the_binding_and_keeps_the_bounds() {
    let (gpu, mut pipelines) = (gpu(), Pipelines::new());
    let exports = exports(gpu);
    let narrow = exports.iter().filter(|(name, ..)| name.ends_with("narrow"));
    assert!(narrow.count() > 10, "few exports have windows");
    let exports = some(exports, 0, 7);
    assert!(exports.len() > 15, "{}", exports.len());
    for (name, planner, problem, export) in exports {
        let on_device = problem.export(&planner).expect("an export");
        assert_eq!(on_device.dispatches, export.dispatches, "{name}");
        for case in &export.cases {
            let bound = run_bound(gpu, &planner, &problem, (&export, case));
            let exported = run_export(gpu, &mut pipelines, &export, case);
            assert_eq!(exported, bound, "{name}, {}", case.name);
            judge(&name, &export, case, &exported);
        }
    }
}

#[test]
fn a_flat_export_gives_the_same_bits() {
    let (gpu, mut pipelines) = (gpu(), Pipelines::new());
    for (name, _, _, export) in some(exports(gpu), 1, 15) {
        let flat = export.clone().flat();
        for dispatch in &flat.dispatches {
            for (number, binding) in (0..).zip(&dispatch.bindings) {
                assert_eq!((binding.group, binding.binding), (0, number), "{name}");
                let expected = match binding.buffer {
                    Some(_) => Access::Storage,
                    None => Access::ReadOnlyStorage,
                };
                assert_eq!(binding.access, expected, "{name}");
            }
            assert!(!dispatch.wgsl.contains("var<uniform>"), "{name}");
        }
        let needed = flat.required_limits.get("maxStorageBuffersPerShaderStage");
        let limit = gpu.device().limits().max_storage_buffers_per_shader_stage;
        if needed.is_some_and(|needed| *needed > limit.into()) {
            continue;
        }
        let case = &export.cases[0];
        let one = run_export(gpu, &mut pipelines, &flat, case);
        assert_eq!(
            one,
            run_export(gpu, &mut pipelines, &export, case),
            "{name}"
        );
    }
}

/// WebGPU refuses a dispatch whose bindings overlap where one of them may be written, and one that reads a buffer as well as it
/// writes it; wgpu does not see the first.
#[test]
fn no_bindings_of_a_dispatch_overlap_where_one_is_written() {
    let mut placeholders = 0;
    let planner = Planner::of_abilities(Abilities::WEBGPU);
    for problem in problems() {
        let export = problem.export(&planner).expect("an export");
        for (of, is_flat) in [(export.clone(), false), (export.flat(), true)] {
            for dispatch in &of.dispatches {
                let bound = dispatch.bindings.iter().filter(|of| of.buffer.is_some());
                let bound: Vec<_> = bound.collect();
                for (n, one) in bound.iter().enumerate() {
                    for other in bound[n + 1..].iter().filter(|of| of.buffer == one.buffer) {
                        let written = [one, other].map(|of| of.access == Access::Storage);
                        let apart = one.offset + one.size <= other.offset
                            || other.offset + other.size <= one.offset;
                        let label = &dispatch.label;
                        assert!(apart || written == [false; 2], "{label}: {one:?} {other:?}");
                        assert_eq!(written[0], written[1], "{label}: {one:?} {other:?}");
                        placeholders += usize::from(one.name == "unwritten" && !is_flat);
                    }
                }
            }
        }
    }
    assert!(placeholders > 0, "no dispatch has two placeholders");
}

#[test]
fn what_cannot_be_is_refused() {
    let planner = Planner::of_abilities(Abilities::WEBGPU);
    let plan = planner.softmax(SoftmaxSpec::new(2, 4)).expect("a plan");
    let some = buffer(gpu(), 32, USAGE);
    let other = buffer(gpu(), 32, USAGE);
    let buffers = SoftmaxBuffers {
        logits: &some,
        probs: &other,
    };
    let refused = plan.bind(buffers).expect_err("no device").to_string();
    assert_eq!(
        refused,
        "planner: expected one of a device, found one of abilities alone"
    );
    let empty = planner.softmax(SoftmaxSpec::new(0, 4)).expect("a plan");
    assert!(matches!(empty.export(), Err(Error::Value { .. })));
    let large = planner
        .softmax(SoftmaxSpec::new(1000, 1000))
        .expect("a plan");
    let large = large.export().expect("an export");
    assert!(matches!(large.with_cases(1), Err(Error::Value { .. })));
    let far = SoftmaxSpec::new(1 << 20, 1 << 20);
    let far = planner
        .softmax(far)
        .expect("a plan")
        .export()
        .expect("an export");
    assert!(far.dispatches.len() > 1000, "{}", far.dispatches.len());
    assert_eq!(far.required_limits["maxBufferSize"], 1 << 42);
}
