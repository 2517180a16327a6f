//! Shapes beyond a device's limits are an error before any work; odd values never panic.

use crate::common::expected::Expected;
use crate::common::problem::Problem;
use crate::common::{assert_error, assert_probs, buffer, device, device_with_bindings_of, gpu};
use wgpu_softmax::check::Inputs;
use wgpu_softmax::wgpu::{BufferUsages, Features, Limits};
use wgpu_softmax::{
    CrossEntropyBuffers, CrossEntropyExtras, CrossEntropyInputs, CrossEntropySpec,
    CrossEntropyWants, Error, Gpu, SoftmaxBuffers, SoftmaxSpec,
};

const STORAGE: BufferUsages = BufferUsages::STORAGE;

const LOSS_ALONE: CrossEntropyWants = CrossEntropyWants {
    grad_logits: false,
    lse: false,
};

#[test]
fn columns_beyond_the_binding_limit() {
    let gpu = device_with_bindings_of(4096);
    let spec = SoftmaxSpec::new(2048, 3).inner(2048);
    let expected = "softmax of 3 columns needs 8704, \
                    but the device's limit `max_storage_buffer_binding_size` is 4096";
    assert_error(gpu.softmax_with(&spec, &[0.0; 3 * 2048]), expected);
    let expected = "a row of buffer `logits` needs 4100, \
                    but the device's limit `max_storage_buffer_binding_size` is 4096";
    assert_error(gpu.jacobian(&[0.0; 1025], 1), expected);
}

/// Returns limits below wgpu's defaults, each with the limits, if any, that softmax and that the cross-entropy with its gradient
/// exceed.
fn lowered() -> Vec<(Limits, Option<&'static str>, Option<&'static str>)> {
    let with = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        limits
    };
    let both = |limits, name| (limits, name, name);
    let invocations = "max_compute_invocations_per_workgroup";
    vec![
        (
            Limits::downlevel_defaults(),
            None,
            Some("max_storage_buffers_per_shader_stage"),
        ),
        both(Limits::downlevel_webgl2_defaults(), Some(invocations)),
        both(with(|l| l.max_compute_workgroups_per_dimension = 64), None),
        both(with(|l| l.max_compute_workgroups_per_dimension = 7), None),
        both(
            with(|l| l.max_compute_workgroups_per_dimension = 2),
            Some("max_compute_workgroups_per_dimension"),
        ),
        (
            with(|l| l.max_uniform_buffers_per_shader_stage = 1),
            None,
            Some("max_uniform_buffers_per_shader_stage"),
        ),
        (
            with(|l| l.max_bindings_per_bind_group = 8),
            None,
            Some("max_bindings_per_bind_group"),
        ),
        both(
            with(|l| l.max_dynamic_uniform_buffers_per_pipeline_layout = 0),
            Some("max_dynamic_uniform_buffers_per_pipeline_layout"),
        ),
        both(
            with(|l| l.max_uniform_buffer_binding_size = 128),
            Some("max_uniform_buffer_binding_size"),
        ),
        (
            with(|l| l.max_storage_buffers_per_shader_stage = 4),
            None,
            Some("max_storage_buffers_per_shader_stage"),
        ),
        (
            with(|l| l.max_compute_workgroup_storage_size = 0),
            None,
            Some("max_compute_workgroup_storage_size"),
        ),
        both(with(|l| l.max_compute_workgroup_storage_size = 300), None),
        both(with(|l| l.max_compute_workgroup_size_x = 16), None),
        both(with(|l| l.max_compute_invocations_per_workgroup = 32), None),
        both(with(|l| l.max_compute_invocations_per_workgroup = 8), None),
        both(with(|l| l.max_compute_invocations_per_workgroup = 1), None),
        both(
            with(|l| l.min_storage_buffer_offset_alignment = 1024),
            Some("min_storage_buffer_offset_alignment"),
        ),
    ]
}

#[track_caller]
fn limit_of<T>(result: Result<T, Error>) -> (Option<T>, Option<&'static str>) {
    match result {
        Ok(found) => (Some(found), None),
        Err(Error::Limit { limit, .. }) => (None, Some(limit)),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn lowered_limits_are_kept_or_named() {
    let (rows, cols) = (20_000, 5);
    let problem = Problem::drawn(Inputs::Peaked, (rows, cols), [3, 3]);
    let (logits, expected) = (&problem.logits, Expected::of(&problem));
    for (limits, of_softmax, of_cross_entropy) in lowered() {
        let gpu = device(Features::empty(), limits.clone());
        let (found, limit) = limit_of(gpu.softmax(logits, rows));
        assert_eq!(limit, of_softmax, "softmax, {limits:?}");
        if let Some(found) = found {
            assert_probs("probs", &found, logits, cols);
        }
        let (found, limit) = limit_of(problem.try_by_slices(&gpu));
        assert_eq!(limit, of_cross_entropy, "cross-entropy, {limits:?}");
        if let Some(found) = found {
            expected.assert(&found, "lowered limits");
        }
    }
}

#[test]
fn a_buffer_beyond_the_devices_limit() {
    let limits = Limits {
        max_buffer_size: 1 << 20,
        max_storage_buffer_binding_size: 1 << 20,
        ..Limits::default()
    };
    let gpu = device(Features::empty(), limits);
    let expected = "buffer `jacobian` needs 1440000, \
                    but the device's limit `max_buffer_size` is 1048576";
    assert_error(gpu.jacobian(&[0.0; 600], 1), expected);
    let expected = "buffer `x` needs 18446744073709551615, \
                    but the device's limit `max_buffer_size` is 1048576";
    assert_error(gpu.allocate("x", u64::MAX), expected);
}

#[test]
fn too_few_storage_bindings() {
    let limits = Limits {
        max_storage_buffers_per_shader_stage: 4,
        ..Limits::default()
    };
    let gpu = device(Features::empty(), limits);
    assert_eq!(gpu.softmax(&[2.0], 1), Ok(vec![1.0]));
    let found = gpu.cross_entropy(
        &CrossEntropySpec::new(1, 2),
        CrossEntropyInputs::new(&[0.0; 2], &[0]),
        LOSS_ALONE,
    );
    let Err(Error::Limit {
        limit,
        needed,
        available,
        ..
    }) = found
    else {
        panic!("{found:?}");
    };
    assert_eq!(
        (limit, available),
        ("max_storage_buffers_per_shader_stage", 4)
    );
    assert!((5..=8).contains(&needed), "{needed}");
}

#[test]
fn huge_plans_are_harmless() {
    let planner = gpu().planner();
    for (rows, cols) in [(u64::from(u32::MAX), 1), (u64::from(u32::MAX), 1 << 24)] {
        let plan = planner
            .softmax(SoftmaxSpec::new(rows, cols))
            .expect("a plan");
        assert_eq!(plan.bytes_moved(), 8 * rows * cols);
        let [logits, targets, other] = [(); 3].map(|()| buffer(gpu(), 64, STORAGE));
        let bound = plan.bind(SoftmaxBuffers {
            logits: &logits,
            probs: &other,
        });
        assert!(
            matches!(bound, Err(Error::BufferSize { what: "logits", .. })),
            "{bound:?}"
        );
        let plan = planner
            .cross_entropy(CrossEntropySpec::new(rows, cols))
            .expect("a plan");
        let bound = plan.bind(CrossEntropyBuffers {
            logits: &logits,
            targets: &targets,
            losses: &other,
            grad_logits: None,
        });
        assert!(
            matches!(bound, Err(Error::BufferSize { what: "logits", .. })),
            "{bound:?}"
        );
    }
    let jacobian = planner.jacobian(SoftmaxSpec::new(u64::from(u32::MAX), 1 << 24));
    assert_eq!(
        jacobian.expect("a plan").bytes_moved(),
        u64::MAX,
        "saturated"
    );
}

#[test]
fn odd_arguments_are_harmless() {
    let gpu = gpu();
    for rows in [1, usize::MAX] {
        assert!(matches!(gpu.softmax(&[], rows), Err(Error::Value { .. })));
        assert!(matches!(
            gpu.softmax_backward(&[], &[], rows),
            Err(Error::Value { .. })
        ));
        assert!(gpu.logsumexp_backward(&[], &[], rows).is_err());
    }
    assert!(matches!(
        gpu.softmax(&[1.0], usize::MAX),
        Err(Error::Length { .. })
    ));
    assert!(matches!(
        gpu.jacobian(&[1.0], usize::MAX),
        Err(Error::Length { .. })
    ));
    assert!(matches!(gpu.softmax(&[1.0], 0), Err(Error::Length { .. })));
    let huge = CrossEntropySpec::new(u64::MAX, u64::MAX);
    assert!(matches!(
        gpu.cross_entropy(
            &huge,
            CrossEntropyInputs::new(&[0.0; 0], &[0; 0]),
            LOSS_ALONE
        ),
        Err(Error::Length { .. })
    ));
    assert_eq!(
        gpu.upload::<f32>("nothing", &[])
            .map(|buffer| buffer.size()),
        Ok(0)
    );
    let own = Gpu::open().expect("a device");
    let word = own.upload("word", &[1_u32]).expect("a buffer");
    assert!(own.download::<u32>(&word, usize::MAX).is_err());
    assert_eq!(own.download::<u32>(&word, 0), Ok(vec![]));
}

#[test]
fn no_rows_need_no_bytes() {
    let gpu = device_with_bindings_of(4096);
    let plan = gpu
        .planner()
        .cross_entropy(CrossEntropySpec::new(4, 3))
        .expect("a plan");
    for bytes in [0, 8192] {
        let [logits, targets, grad] = [(); 3].map(|()| buffer(&gpu, bytes, STORAGE));
        let loss = gpu.upload("loss", &[0_u32]).expect("a loss");
        let buffers = CrossEntropyBuffers {
            logits: &logits,
            targets: &targets,
            losses: &loss,
            grad_logits: Some(&grad),
        };
        let bound = plan.bind_with(0, buffers, CrossEntropyExtras::default());
        gpu.run(&bound.expect("bound"), "no rows").expect("runs");
        assert!(
            gpu.download::<f32>(&loss, 1).expect("a loss")[0].is_nan(),
            "the mean of nothing"
        );
    }
}

#[test]
fn more_counts_than_a_binding_holds() {
    let gpu = device_with_bindings_of(4096);
    let rows = 200_000;
    let spec = CrossEntropySpec::new(rows, 1);
    let found = gpu.cross_entropy(
        &spec,
        CrossEntropyInputs::new(&vec![0.0; 200_000], &vec![0; 200_000]),
        LOSS_ALONE,
    );
    let expected = "buffer `tally` needs 8384, \
                    but the device's limit `max_storage_buffer_binding_size` is 4096";
    assert_error(found, expected);
}
