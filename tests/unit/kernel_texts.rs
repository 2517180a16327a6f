//! Texts of kernels: valid, and of the dispatches that are bound. On wgpu's backend that does nothing.

use std::collections::BTreeSet;

use naga::compact::{KeepUnused, compact};
use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga::{AddressSpace, Module};
use wgpu_softmax::wgpu::{Buffer, BufferDescriptor, BufferUsages, Device, Limits};
use wgpu_softmax::{
    Bound, CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras, CrossEntropySpec,
    DType, Error, JacobianBuffers, KernelText, LinearCrossEntropyBuffers, LinearCrossEntropySpec,
    LinearGradients, LogSumExpBackwardBuffers, LogSumExpBuffers, Mask, MaskKind, Planner,
    Reduction, RowOutputs, SoftmaxBackwardBuffers, SoftmaxBuffers, SoftmaxExtras, SoftmaxSpec,
    TargetType,
};

use wgpu_softmax::variant::{Abilities, Vendor};

use crate::specs::device;

/// Returns a device on which everything fits a binding, and one on which rows are served in windows, and long ones in parts.
fn devices() -> [Device; 2] {
    let narrow = Limits {
        max_storage_buffer_binding_size: 1 << 14,
        ..Limits::default()
    };
    [Limits::default(), narrow].map(device)
}

/// Creates buffers large enough for every role, and for the last access of four.
fn buffers(device: &Device) -> [Buffer; 12] {
    std::array::from_fn(|_| {
        device.create_buffer(&BufferDescriptor {
            label: None,
            size: 1 << 22,
            usage: BufferUsages::STORAGE,
            mapped_at_creation: false,
        })
    })
}

fn parsed(text: &KernelText) -> Module {
    naga::front::wgsl::parse_str(&text.to_string())
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(&text.wgsl)))
}

fn functions(module: &Module) -> BTreeSet<String> {
    let names = module.functions.iter().map(|(_, of)| of.name.clone());
    names.flatten().collect()
}

/// Fails unless the head of a text is true of its code.
fn assert_true(text: &KernelText) {
    let module = parsed(text);
    let info = Validator::new(ValidationFlags::all(), Capabilities::empty())
        .validate(&module)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(&text.wgsl)));
    let mut reached = module.clone();
    compact(&mut reached, KeepUnused::No);
    assert_eq!(functions(&module), functions(&reached), "{text}");

    let size = module.entry_points[0].workgroup_size;
    assert_eq!(size, [text.workgroup_size, 1, 1], "{text}");
    let used = info.get_entry_point(0);
    let variables = || {
        module
            .global_variables
            .iter()
            .filter(|(handle, _)| !used[*handle].is_empty())
    };
    let shared: u32 = variables()
        .filter(|(_, variable)| variable.space == AddressSpace::WorkGroup)
        .map(|(_, variable)| module.types[variable.ty].inner.size(module.to_ctx()))
        .sum();
    assert_eq!(text.workgroup_bytes, shared, "{text}");
    let bound: BTreeSet<_> = variables()
        .filter_map(|(_, variable)| variable.binding.map(|binding| binding.binding))
        .collect();
    let listed: BTreeSet<_> = text.bindings.iter().map(|binding| binding.number).collect();
    assert_eq!(listed, bound, "{text}");
    let storage = text.bindings.iter().filter(|binding| binding.number != 0);
    for binding in storage.filter(|binding| binding.bytes > 0) {
        assert_ne!(binding.name, "none", "{text}");
    }
}

/// Fails unless the texts are those of the dispatches of the binding: all unconditional ones, and those on condition that a
/// buffer is given.
fn assert_bound(texts: Result<Vec<KernelText>, Error>, bound: Result<Bound, Error>) {
    let (texts, bound) = (texts.expect("texts"), bound.expect("bound"));
    texts.iter().for_each(assert_true);
    // All buffers are large enough.
    let is_bound = |text: &&KernelText| text.condition.is_none_or(|when| when.contains("given"));
    let dispatches: u64 = texts
        .iter()
        .filter(is_bound)
        .map(|text| text.dispatches)
        .sum();
    let labels: Vec<_> = texts
        .iter()
        .map(|text| (&text.label, text.dispatches))
        .collect();
    assert_eq!(dispatches, bound.dispatches() as u64, "{labels:?}");
}

fn softmax_specs() -> Vec<SoftmaxSpec> {
    let mask = |kind| Mask::new(kind, &[2, 64, 64], 2, &[64, 64]).expect("a mask");
    vec![
        SoftmaxSpec::new(512, 48),
        SoftmaxSpec::new(512, 48).in_place(),
        SoftmaxSpec::new(300, 33).dtype(DType::F16),
        SoftmaxSpec::new(300, 33),
        SoftmaxSpec::new(40, 3000),
        SoftmaxSpec::new(3, 50_000),
        SoftmaxSpec::new(1, 1),
        SoftmaxSpec::new(512, 20).inner(64),
        SoftmaxSpec::new(128, 300).inner(64).dtype(DType::Bf16),
        SoftmaxSpec::new(256, 64).causal(64),
        SoftmaxSpec::new(128, 64).mask(mask(MaskKind::Boolean)),
        SoftmaxSpec::new(128, 64)
            .mask(mask(MaskKind::Additive))
            .causal(64),
        SoftmaxSpec::new(128, 64).causal(64).sinks(2, 64),
    ]
}

#[test]
fn row_operations_are_told_as_they_are_bound() {
    for device in devices() {
        let planner = Planner::new(&device);
        let [a, b, c, mask, ..] = &buffers(&device);
        for spec in softmax_specs() {
            let over = if spec == spec.in_place() { a } else { b };
            let plan = planner.softmax(spec).expect("a plan");
            let buffers = SoftmaxBuffers {
                logits: a,
                probs: over,
            };
            let none = SoftmaxExtras::default();
            let extras = [none, none.mask(mask), none.sinks(mask).sink_probs(c)];
            let bind = |extras| plan.bind_with(spec.rows(), buffers, extras);
            let mut bounds = extras.into_iter().map(bind);
            let bound = bounds.find(|bound| !matches!(bound, Err(Error::Value { .. })));
            assert_bound(plan.wgsl(), bound.expect("what the spec asks for"));
        }
        for spec in softmax_specs().into_iter().take(9) {
            if let Ok(plan) = planner.logsumexp(spec) {
                assert_bound(
                    plan.wgsl(),
                    plan.bind(LogSumExpBuffers { logits: a, lse: b }),
                );
            }
            let over = if spec == spec.in_place() { a } else { c };
            let plan = planner.softmax_backward(spec).expect("a plan");
            let buffers = SoftmaxBackwardBuffers {
                probs: a,
                grad_probs: b,
                grad_logits: over,
            };
            assert_bound(plan.wgsl(), plan.bind(buffers));
            let plan = planner.logsumexp_backward(spec).expect("a plan");
            let buffers = LogSumExpBackwardBuffers {
                logits: a,
                grad_lse: b,
                grad_logits: over,
            };
            assert_bound(plan.wgsl(), plan.bind(buffers));
        }
        for spec in [SoftmaxSpec::new(16, 32), SoftmaxSpec::new(5, 90)] {
            let plan = planner.jacobian(spec).expect("a plan");
            assert_bound(
                plan.wgsl(),
                plan.bind(JacobianBuffers {
                    logits: a,
                    jacobian: b,
                }),
            );
        }
    }
}

fn cross_entropy_specs() -> Vec<CrossEntropySpec> {
    let outputs = RowOutputs::default()
        .target_log_prob()
        .log_probs_of(2)
        .argmax();
    let few = CrossEntropySpec::new(512, 48);
    vec![
        few,
        few.reduction(Reduction::Sum).z_loss(0.5),
        few.reduction(Reduction::None),
        few.in_place().row_outputs(outputs),
        few.row_outputs(outputs.entropy()).softcap(3.0),
        few.targets(TargetType::Probs),
        few.targets(TargetType::I64).label_smoothing(0.1),
        few.mean_over(3.0, 4),
        CrossEntropySpec::new(3, 50_000),
        CrossEntropySpec::new(3, 50_000).row_outputs(outputs),
        CrossEntropySpec::new(6000, 3),
        CrossEntropySpec::new(128, 300).inner(64).dtype(DType::F16),
    ]
}

#[test]
fn cross_entropies_are_told_as_they_are_bound() {
    for device in devices() {
        let planner = Planner::new(&device);
        let [
            logits,
            targets,
            losses,
            grad,
            lse,
            pairs,
            status,
            outputs,
            candidates,
            ..,
        ] = &buffers(&device);
        for spec in cross_entropy_specs() {
            let plan = planner.cross_entropy(spec).expect("a plan");
            let layout = plan.row_layout();
            let grad = if spec == spec.in_place() {
                logits
            } else {
                grad
            };
            let extras = || {
                let mut extras = CrossEntropyExtras::default().lse(lse).status(status);
                extras.row_outputs = (layout.words > 0).then_some(outputs);
                extras.candidates = (!layout.log_probs.is_empty()).then_some(candidates);
                extras
            };
            let bind = |grad_logits| {
                let buffers = CrossEntropyBuffers {
                    logits,
                    targets,
                    losses,
                    grad_logits,
                };
                plan.bind_with(spec.rows(), buffers, extras())
            };
            assert_bound(plan.wgsl(), bind(None));
            assert_bound(plan.fused_wgsl(), bind(Some(grad)));
            let plan = planner.cross_entropy_backward(spec).expect("a plan");
            let grad_logits = grad;
            let buffers = CrossEntropyBackwardBuffers {
                logits,
                targets,
                pairs,
                grad_logits,
            };
            assert_bound(plan.wgsl(), plan.bind(buffers));
        }
    }
}

#[test]
fn linear_layers_are_told_as_they_are_bound() {
    let specs = [
        LinearCrossEntropySpec::new(200, 64, 96).chunk_rows(64),
        LinearCrossEntropySpec::new(40, 100, 1000).dtype(DType::F16),
        LinearCrossEntropySpec::new(10, 5, 3)
            .reduction(Reduction::None)
            .label_smoothing(0.1),
        LinearCrossEntropySpec::new(3, 20, 3000).dtype(DType::Bf16),
        LinearCrossEntropySpec::new(700, 3, 20)
            .softcap(3.0)
            .chunk_rows(700),
    ];
    for device in devices() {
        let planner = Planner::new(&device);
        let [
            hidden,
            weight,
            bias,
            targets,
            losses,
            a,
            b,
            c,
            lse,
            status,
            ..,
        ] = &buffers(&device);
        for spec in specs {
            let plan = planner.linear_cross_entropy(spec).expect("a plan");
            let bind = |gradients| {
                let buffers = LinearCrossEntropyBuffers {
                    hidden,
                    weight,
                    bias: Some(bias),
                    targets,
                    losses,
                    gradients,
                };
                let extras = CrossEntropyExtras::default().lse(lse).status(status);
                plan.bind_with(spec.rows(), buffers, extras)
            };
            assert_bound(plan.wgsl(), bind(LinearGradients::default()));
            let all = LinearGradients {
                hidden: Some(a),
                weight: Some(b),
                bias: Some(c),
            };
            assert_bound(plan.fused_wgsl(), bind(all));
        }
    }
}

/// Bytes that a kernel moves of a row: a matrix once or twice, and one value of each row.
#[test]
fn bytes_of_a_row_are_counted() {
    let planner = Planner::new(&devices()[0]);
    let of = |texts: Result<Vec<KernelText>, Error>| -> Vec<_> {
        let texts = texts.expect("texts").into_iter();
        texts
            .map(|text| (text.bytes_read, text.bytes_written))
            .collect()
    };
    let softmax = |spec| of(planner.softmax(spec).expect("a plan").wgsl());
    assert_eq!(softmax(SoftmaxSpec::new(512, 48)), [(192, 192)]);
    assert_eq!(softmax(SoftmaxSpec::new(512, 48).in_place()), [(192, 192)]);
    assert_eq!(softmax(SoftmaxSpec::new(40, 3000)), [(24_000, 12_000)]);
    let mask = Mask::new(MaskKind::Boolean, &[40, 3000], 1, &[1, 3000]).expect("a mask");
    assert_eq!(
        softmax(SoftmaxSpec::new(40, 3000).mask(mask)),
        [(30_000, 12_000)]
    );
    // Sixteen bytes a part, which the second dispatch reads.
    let split = softmax(SoftmaxSpec::new(3, 50_000));
    let [(200_000, records), (read, 200_000)] = split[..] else {
        panic!("{split:?}")
    };
    assert!(
        records > 0 && records % 16 == 0 && read == 200_000 + records,
        "{split:?}"
    );
    let spec = CrossEntropySpec::new(512, 48).reduction(Reduction::None);
    let plan = planner.cross_entropy(spec).expect("a plan");
    let only = of(plan.fused_wgsl());
    assert_eq!(only[0], (192 + 4, 192 + 4));
}

#[test]
fn what_no_buffer_holds_is_refused() {
    let planner = Planner::new(&devices()[0]);
    let plan = planner
        .softmax(SoftmaxSpec::new(u32::MAX.into(), 1 << 20))
        .expect("a plan");
    let error = plan.wgsl().expect_err("too large").to_string();
    assert!(
        error.contains("buffer `logits`") && error.contains("max_buffer_size"),
        "{error}"
    );
}

#[test]
fn a_planner_chooses_as_for_other_abilities() {
    let planner = Planner::new(&device(Limits {
        max_compute_invocations_per_workgroup: 1024,
        max_compute_workgroup_size_x: 1024,
        ..Limits::default()
    }));
    let abilities = Abilities {
        subgroup: Some(32),
        software: false,
        vendor: Vendor::Nvidia,
        int64: false,
        max_invocations: 1024,
        ..*planner.abilities()
    };
    let plan = planner
        .with_abilities(abilities)
        .softmax(SoftmaxSpec::new(64, 32_768));
    let texts = plan.expect("a plan").wgsl().expect("texts");
    let compiled = texts[0].compiled_wgsl();
    assert!(texts[0].label.contains("softmax") && texts[0].workgroup_size == 1024);
    assert!(compiled.contains("subgroupShuffleXor") && compiled.contains("workgroupBarrier"));
    assert!(texts[0].wgsl.contains("{ // unrolled") && !compiled.contains("{ // unrolled"));
    assert_eq!(planner.pipelines(), 0, "a text needs no pipeline");
}
