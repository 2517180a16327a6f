//! Specs of any values, however absurd: each gives a plan or an error, and any plan a binding or an error. On wgpu's backend that
//! does nothing, so that many can be tried. `PROPTEST_CASES` sets their number.

use std::sync::{Arc, OnceLock};

use proptest::prelude::*;
use proptest::sample::select;
use wgpu_softmax::wgpu::{
    BackendOptions, Backends, Buffer, BufferDescriptor, BufferUsages, Device, DeviceDescriptor,
    Instance, InstanceDescriptor, Limits, NoopBackendOptions,
};
use wgpu_softmax::{
    CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras, CrossEntropySpec, DType,
    EmptyRows, Error, JacobianBuffers, Layout, LinearCrossEntropyBuffers, LinearCrossEntropySpec,
    LinearGradients, LogSumExpBuffers, Mask, MaskKind, MergeSpec, MergeStatisticsBuffers,
    PartialStatisticBuffers, Planner, Reduction, RowOutputs, ShardSpec, SoftmaxBackwardBuffers,
    SoftmaxBuffers, SoftmaxExtras, SoftmaxSpec, TargetType, ZeroValid,
};

/// Draws small numbers, numbers around powers of 2, and numbers around the ends of the types.
fn number() -> impl Strategy<Value = u64> {
    let around =
        |power: u32| (-2_i64..=2).prop_map(move |by| (1_u64 << power).wrapping_add_signed(by));
    prop_oneof![
        6 => 1..70_u64,
        1 => Just(0),
        2 => (0..64_u32).prop_flat_map(around),
        1 => select(vec![u64::MAX, u64::MAX - 1, u32::MAX.into(), i64::MAX as u64]),
    ]
}

fn word() -> impl Strategy<Value = u32> {
    number().prop_map(|n| n as u32)
}

fn float() -> impl Strategy<Value = f32> {
    prop_oneof![
        3 => Just(1.0),
        2 => 0.0_f32..4.0,
        1 => any::<f32>(),
        1 => select(vec![0.0, -0.0, -1.0, f32::NAN, f32::INFINITY, f32::MAX, f32::MIN_POSITIVE, 1e-45]),
    ]
}

fn maybe<T: Clone + std::fmt::Debug + 'static>(
    strategy: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Option<T>> {
    prop_oneof![3 => Just(None), 1 => strategy.prop_map(Some)]
}

fn layout() -> impl Strategy<Value = Layout> {
    (maybe(number()), maybe(number())).prop_map(|(offset, stride)| {
        let layout = Layout::CONTIGUOUS.offset(offset.unwrap_or(0));
        stride.map_or(layout, |stride| layout.stride(stride))
    })
}

fn dtype() -> impl Strategy<Value = DType> {
    select(DType::ALL.to_vec())
}

/// Draws rows, columns, the extent of the strided axis, and the rows to bind: some or all, slices about as often as not.
fn extents() -> impl Strategy<Value = [u64; 4]> {
    let inner = prop_oneof![4 => Just(1), 2 => 1..9_u64, 1 => number()];
    (number(), number(), inner, maybe(number())).prop_map(|(rows, cols, inner, bound)| {
        let rows = rows.checked_mul(inner).unwrap_or(rows);
        [rows, cols, inner, bound.unwrap_or(rows)]
    })
}

fn softmax_spec() -> impl Strategy<Value = (SoftmaxSpec, u64)> {
    let layouts = [layout(), layout(), layout()];
    let switches = any::<[bool; 2]>();
    let sinks = maybe((number(), number()));
    let numbers = (float(), dtype(), maybe(number()), switches, sinks);
    (extents(), layouts, numbers, masks()).prop_map(
        |(
            [rows, cols, inner, bound],
            [input, upstream, output],
            (scale, dtype, queries, [in_place, zeros], sinks),
            mask,
        )| {
            let mut spec = SoftmaxSpec::new(rows, cols)
                .inner(inner)
                .scale(scale)
                .dtype(dtype)
                .input_layout(input)
                .upstream_layout(upstream)
                .output_layout(output);
            if let Some(queries) = queries {
                spec = spec.causal(queries);
            }
            if let Some((kind, batch)) = mask {
                let shape = [rows / batch.max(1), batch, cols];
                if let Ok(mask) = Mask::new(kind, &shape, 2, &[batch, 1]) {
                    spec = spec.mask(mask);
                }
            }
            if zeros {
                spec = spec.empty_rows(EmptyRows::Zero);
            }
            if let Some((heads, queries)) = sinks {
                spec = spec.sinks(heads, queries);
            }
            (if in_place { spec.in_place() } else { spec }, bound)
        },
    )
}

fn kinds() -> impl Strategy<Value = MaskKind> {
    select(vec![MaskKind::Additive, MaskKind::Boolean])
}

fn masks() -> impl Strategy<Value = Option<(MaskKind, u64)>> {
    maybe((kinds(), number()))
}

fn row_outputs() -> impl Strategy<Value = RowOutputs> {
    (any::<[bool; 6]>(), maybe(word())).prop_map(|(asked, candidates)| {
        let mut outputs = RowOutputs::default().log_probs_of(candidates.unwrap_or(0));
        [
            outputs.target_log_prob,
            outputs.entropy,
            outputs.argmax,
            outputs.hit,
            outputs.max_prob,
            outputs.z_loss,
        ] = asked;
        outputs
    })
}

fn cross_entropy_spec() -> impl Strategy<Value = (CrossEntropySpec, u64)> {
    let targets = select(vec![
        TargetType::I32,
        TargetType::U32,
        TargetType::I64,
        TargetType::Probs,
    ]);
    let reductions = select(vec![Reduction::None, Reduction::Mean, Reduction::Sum]);
    let choices = (targets, reductions, dtype(), any::<[bool; 2]>());
    let options = (
        maybe(any::<i64>()),
        maybe((number(), number())),
        maybe((float(), word())),
        maybe(row_outputs()),
    );
    let numbers = [
        maybe(float()),
        maybe(float()),
        maybe(float()),
        maybe(float()),
    ];
    (
        extents(),
        choices,
        options,
        numbers,
        [layout(), layout(), layout()],
    )
        .prop_map(
            |([rows, classes, inner, bound], choices, options, numbers, layouts)| {
                let (targets, reduction, dtype, [in_place, zero]) = choices;
                let mut spec = CrossEntropySpec::new(rows, classes)
                    .inner(inner)
                    .targets(targets)
                    .reduction(reduction)
                    .dtype(dtype)
                    .logits_layout(layouts[0])
                    .targets_layout(layouts[1])
                    .grad_layout(layouts[2]);
                let (ignored, shard, over, outputs) = options;
                if let Some(ignored) = ignored {
                    spec = spec.ignore_index(ignored);
                }
                if let Some((first, all)) = shard {
                    spec = spec.shard(first, all);
                }
                if let Some((sum, rows)) = over {
                    spec = spec.mean_over(sum, rows);
                }
                if let Some(outputs) = outputs {
                    spec = spec.row_outputs(outputs);
                }
                let [smoothing, z_loss, softcap, scale] = numbers;
                spec = spec.label_smoothing(smoothing.unwrap_or(0.0));
                spec = spec.z_loss(z_loss.unwrap_or(0.0));
                spec = spec.scale(scale.unwrap_or(1.0));
                if let Some(softcap) = softcap {
                    spec = spec.softcap(softcap);
                }
                if zero {
                    spec = spec.zero_valid(ZeroValid::Zero);
                }
                (if in_place { spec.in_place() } else { spec }, bound)
            },
        )
}

fn linear_spec() -> impl Strategy<Value = (LinearCrossEntropySpec, u64)> {
    let extents = (
        number(),
        number(),
        number(),
        maybe(number()),
        maybe(number()),
    );
    let numbers = [maybe(float()), maybe(float()), maybe(float())];
    (extents, numbers, dtype(), any::<bool>()).prop_map(
        |((rows, features, classes, chunk, bound), numbers, dtype, by_row)| {
            let mut spec = LinearCrossEntropySpec::new(rows, features, classes).dtype(dtype);
            if by_row {
                spec = spec.reduction(Reduction::None);
            }
            if let Some(chunk) = chunk {
                spec = spec.chunk_rows(chunk);
            }
            let [smoothing, z_loss, scale] = numbers;
            spec = spec.label_smoothing(smoothing.unwrap_or(0.0));
            spec = spec.z_loss(z_loss.unwrap_or(0.0));
            (spec.scale(scale.unwrap_or(1.0)), bound.unwrap_or(rows))
        },
    )
}

/// Device that does nothing, and buffers of 64 KiB.
struct Bench {
    planner: Planner,
    buffers: Vec<Buffer>,
}

fn bench() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| {
        let device = device(Limits::default());
        let buffer = |_| {
            device.create_buffer(&BufferDescriptor {
                label: None,
                size: 1 << 16,
                usage: BufferUsages::STORAGE,
                mapped_at_creation: false,
            })
        };
        Bench {
            planner: Planner::new(&device),
            buffers: (0..10).map(buffer).collect(),
        }
    })
}

pub(crate) fn device(limits: Limits) -> Device {
    let noop = NoopBackendOptions {
        enable: true,
        ..Default::default()
    };
    let instance = Instance::new(InstanceDescriptor {
        backends: Backends::NOOP,
        backend_options: BackendOptions {
            noop,
            ..Default::default()
        },
        ..InstanceDescriptor::new_without_display_handle()
    });
    let adapter = pollster::block_on(instance.request_adapter(&Default::default()));
    let adapter = adapter.expect("the adapter that does nothing");
    let descriptor = DeviceDescriptor {
        required_limits: limits,
        ..Default::default()
    };
    let (device, _) = pollster::block_on(adapter.request_device(&descriptor)).expect("its device");
    device.on_uncaptured_error(Arc::new(|_| {}));
    device
}

proptest! {
    #[test]
    fn softmax_and_its_kind((spec, rows) in softmax_spec()) {
        let Bench { planner, buffers } = bench();
        let [a, b, c, mask] = [&buffers[0], &buffers[1], &buffers[2], &buffers[3]];
        let forward = SoftmaxBuffers { logits: a, probs: if spec == spec.in_place() { a } else { b } };
        let of_probs = planner.softmax(spec).and_then(|plan| {
            let _ = (plan.kernel(), plan.bytes_moved(), plan.wgsl());
            let _ = plan.bind_masked(rows, forward, mask);
            let _ = plan.bind_with(rows, forward, SoftmaxExtras::default().sinks(mask).sink_probs(c));
            plan.bind_rows(rows, forward)
        });
        let of_lse = planner.logsumexp(spec).and_then(|plan| plan.bind_rows(rows, LogSumExpBuffers { logits: a, lse: b }));
        let backward = SoftmaxBackwardBuffers { probs: a, grad_probs: b, grad_logits: c };
        let of_gradient = planner.softmax_backward(spec).and_then(|plan| {
            let _ = plan.bind_with(rows, backward, SoftmaxExtras::default().sink_probs(mask).grad_sinks(&buffers[4]));
            plan.bind_rows(rows, backward)
        });
        let of_square = planner.jacobian(spec).and_then(|plan| { let _ = plan.wgsl(); plan.bind(JacobianBuffers { logits: a, jacobian: b }) });
        assert_typed([of_probs, of_lse, of_gradient, of_square]);
    }

    #[test]
    fn partial_statistics((columns, rows) in softmax_spec(), shard in number(), shards in number(), softcap in maybe(float())) {
        let Bench { planner, buffers } = bench();
        let [a, b, c] = [&buffers[0], &buffers[1], &buffers[2]];
        let plain = ShardSpec::new(columns, shard, shards);
        let spec = softcap.map_or(plain, |cap| plain.softcap(cap));
        let partial = PartialStatisticBuffers { logits: a, records: b };
        let partial = planner.partial_statistic(spec).and_then(|plan| { let _ = plan.wgsl(); plan.bind_rows(rows, partial) });
        let merge = MergeStatisticsBuffers { records: a, pairs: b, lse: c };
        let merge_spec = MergeSpec::new(columns.rows(), shards);
        let merge = planner.merge_statistics(merge_spec).and_then(|plan| { let _ = plan.wgsl(); plan.bind_rows(rows, merge) });
        assert_typed([partial, merge]);
    }

    #[test]
    fn cross_entropies((spec, rows) in cross_entropy_spec()) {
        let Bench { planner, buffers } = bench();
        let [a, b, c, d] = [&buffers[0], &buffers[1], &buffers[2], &buffers[3]];
        let extras = || CrossEntropyExtras::default().weight(&buffers[4]).grad_losses(&buffers[5]).status(&buffers[6]);
        let forward = CrossEntropyBuffers { logits: a, targets: b, losses: c, grad_logits: None };
        let bound = |grad_logits| planner.cross_entropy(spec).and_then(|plan| {
            let _ = (plan.row_layout(), plan.kernel(), plan.fused_kernel(), plan.bytes_moved(), plan.wgsl(), plan.fused_wgsl());
            plan.bind_with(rows, CrossEntropyBuffers { grad_logits, ..forward }, extras())
        });
        let backward = CrossEntropyBackwardBuffers { logits: a, targets: b, pairs: c, grad_logits: d };
        let backward = planner.cross_entropy_backward(spec).and_then(|plan| { let _ = plan.wgsl(); plan.bind_with(rows, backward, extras()) });
        assert_typed([bound(None), bound(Some(d)), bound(Some(a)), backward]);
    }

    #[test]
    fn linear_layers((spec, rows) in linear_spec()) {
        let Bench { planner, buffers } = bench();
        let all = |gradients| LinearCrossEntropyBuffers {
            hidden: &buffers[0],
            weight: &buffers[1],
            bias: Some(&buffers[2]),
            targets: &buffers[3],
            losses: &buffers[4],
            gradients,
        };
        let gradients = LinearGradients {
            hidden: Some(&buffers[5]),
            weight: Some(&buffers[6]),
            bias: Some(&buffers[7]),
        };
        let bound = |gradients| planner.linear_cross_entropy(spec).and_then(|plan| {
            let _ = (plan.kernel(), plan.bytes_moved(), plan.scratch_bytes(), plan.flops(), plan.wgsl(), plan.fused_wgsl());
            let extras = CrossEntropyExtras::default().weight(&buffers[8]).status(&buffers[9]);
            plan.bind_with(rows, all(gradients), extras)
        });
        assert_typed([bound(LinearGradients::default()), bound(gradients)]);
    }

    #[test]
    fn masks_of_any_shape(
        kind in kinds(),
        shape in prop::collection::vec(number(), 0..8),
        skipped in 0..3_usize,
        broadcast in any::<u8>(),
        axis in 0..9_usize,
    ) {
        let of_mask: Vec<u64> = shape.iter().enumerate().skip(skipped)
            .map(|(at, &extent)| if broadcast & (1 << at) != 0 { 1 } else { extent })
            .collect();
        if let Ok(mask) = Mask::new(kind, &shape, axis, &of_mask) {
            let (rows, cols) = (mask.rows(), mask.cols());
            if rows > 0 && cols > 0 && mask.elements() > 0 {
                prop_assert!(mask.element(rows - 1, cols - 1) < mask.elements());
            }
        }
    }

    #[test]
    fn row_outputs_of_any_number(outputs in row_outputs()) {
        let layout = outputs.layout();
        prop_assert!(layout.log_probs.len() <= layout.words as usize);
    }
}

/// Checks that errors are readable.
fn assert_typed<T, const N: usize>(results: [Result<T, Error>; N]) {
    for error in results.into_iter().filter_map(Result::err) {
        assert!(error.to_string().len() > 10, "{error}");
    }
}
