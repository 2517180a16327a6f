//! Plans and bindings that are refused, before any work.

use wgpu_softmax::wgpu::BufferUsages;
use wgpu_softmax::{
    Bound, CrossEntropyBackwardBuffers, CrossEntropyExtras, CrossEntropySpec, Error, ShardSpec,
    SoftmaxSpec, TargetType,
};

use crate::common::{assert_error, buffer, gpu};

const NAN: f32 = f32::NAN;
const INF: f32 = f32::INFINITY;

fn spec() -> CrossEntropySpec {
    CrossEntropySpec::new(4, 8)
}

/// Fails unless every plan of it is refused with this text.
#[track_caller]
fn assert_refused(spec: CrossEntropySpec, expected: &str) {
    let planner = gpu().planner();
    assert_error(planner.cross_entropy(spec), expected);
    assert_error(planner.cross_entropy_backward(spec), expected);
    assert_error(planner.cross_entropy_from_pairs(spec), expected);
}

#[track_caller]
fn assert_planned(spec: CrossEntropySpec) {
    assert!(gpu().planner().cross_entropy(spec).is_ok(), "{spec:?}");
    assert!(
        gpu().planner().cross_entropy_backward(spec).is_ok(),
        "{spec:?}"
    );
}

#[test]
fn a_smoothing_outside_0_to_1() {
    for (smoothing, found) in [
        (-0.1, "-0.1"),
        (1.5, "1.5"),
        (NAN, "NaN"),
        (INF, "inf"),
        (-INF, "-inf"),
    ] {
        let expected = format!("label smoothing: expected 0 to 1, found {found}");
        assert_refused(spec().label_smoothing(smoothing), &expected);
    }
    [0.0, f32::MIN_POSITIVE, 1.0]
        .into_iter()
        .for_each(|e| assert_planned(spec().label_smoothing(e)));
}

#[test]
fn a_z_loss_that_is_not_finite() {
    for (z_loss, found) in [(NAN, "NaN"), (INF, "inf"), (-INF, "-inf")] {
        let expected = format!("z-loss: expected a finite number, found {found}");
        assert_refused(spec().z_loss(z_loss), &expected);
    }
    [-1.0, 0.0, f32::MAX]
        .into_iter()
        .for_each(|z| assert_planned(spec().z_loss(z)));
}

#[test]
fn a_softcap_that_is_not_above_0_and_finite() {
    for (softcap, found) in [
        (0.0, "0"),
        (-0.0, "-0"),
        (-1.0, "-1"),
        (NAN, "NaN"),
        (INF, "inf"),
    ] {
        let expected = format!(
            "softcap: expected finite and above 0, and so is its ratio to the scale, in f32, \
             found {found} with a scale of 1"
        );
        assert_refused(spec().softcap(softcap), &expected);
        let columns = SoftmaxSpec::new(4, 8);
        let shard = ShardSpec::new(columns, 0, 1).softcap(softcap);
        assert_error(gpu().planner().partial_statistic(shard), &expected);
    }
    [1e-3, 1.0, 1e30]
        .into_iter()
        .for_each(|cap| assert_planned(spec().softcap(cap)));
}

/// The mean over 0 rows is the caller's choice.
#[test]
fn a_mean_over_no_number() {
    for sum in [NAN, INF, -INF, -1.0] {
        let expected = format!("weight sum of a mean: expected finite, 0 or above, found {sum}");
        assert_error(
            gpu().planner().cross_entropy(spec().mean_over(sum, 1)),
            &expected,
        );
    }
    [0.0, 0.5, 1e30]
        .into_iter()
        .for_each(|sum| assert_planned(spec().mean_over(sum, 1)));
}

/// Kernels multiply by their ratio.
#[test]
fn a_softcap_whose_ratio_to_the_scale_is_beyond_f32() {
    for (softcap, scale) in [(1e-30, 1e30), (1e30, 1e-30)] {
        let refused = gpu()
            .planner()
            .cross_entropy(spec().softcap(softcap).scale(scale));
        assert!(
            matches!(
                refused,
                Err(Error::Value {
                    what: "softcap",
                    ..
                })
            ),
            "{refused:?}"
        );
    }
}

#[test]
fn a_scale_that_is_not_above_0_and_finite() {
    for (scale, found) in [(0.0, "0"), (-1.0, "-1"), (NAN, "NaN"), (INF, "inf")] {
        let expected = format!("scale: expected finite and above 0, found {found}");
        assert_refused(spec().scale(scale), &expected);
        assert_refused(spec().scale(scale).softcap(3.0), &expected);
    }
}

#[test]
fn an_ignored_id_among_probabilities() {
    let expected = "ignore index: expected none where targets are probabilities, found -100";
    assert_refused(
        spec().targets(TargetType::Probs).ignore_index(-100),
        expected,
    );
}

#[test]
fn shares_of_all_classes_in_a_shard() {
    let shards = [spec().shard(0, 16), spec().shard(8, 16)];
    for shard in shards {
        let expected =
            "targets: expected class ids without smoothing in a shard of the classes, found ";
        assert_refused(shard.label_smoothing(0.1), &format!("{expected}.smoothed"));
        let probs = shard.targets(TargetType::Probs);
        assert_refused(probs, &format!("{expected}.probabilities"));
        assert_refused(
            probs.softcap(2.0),
            &format!("{expected}.probabilities.capped"),
        );
        assert_planned(shard);
    }
}

/// Losses from pairs read only the target's logit.
#[test]
fn shares_of_all_classes_from_pairs() {
    let expected = "targets: expected class ids without smoothing for losses from pairs, found ";
    let smoothed = gpu()
        .planner()
        .cross_entropy_from_pairs(spec().label_smoothing(0.1));
    assert_error(smoothed, &format!("{expected}.smoothed"));
    let probs = gpu()
        .planner()
        .cross_entropy_from_pairs(spec().targets(TargetType::Probs));
    assert_error(probs, &format!("{expected}.probabilities"));
}

#[test]
fn classes_beyond_those_of_all_shards() {
    let expected = "classes of a shard: expected a range within all classes, of at most \
                    4,294,967,295, found ";
    assert_refused(spec().shard(9, 16), &format!("{expected}9 to 17 of 16"));
    let far = format!("{expected}{} to {} of 16", u64::MAX, u64::MAX);
    assert_refused(spec().shard(u64::MAX, 16), &far);
    assert_refused(
        spec().shard(0, 1 << 32),
        &format!("{expected}0 to 8 of 4294967296"),
    );
}

/// Binds the backward pass of 4 x 8 with these extras.
fn backward(extras: CrossEntropyExtras<'_>) -> Result<Bound, Error> {
    let storage = |bytes| buffer(gpu(), bytes, BufferUsages::STORAGE);
    let buffers = CrossEntropyBackwardBuffers {
        logits: &storage(128),
        targets: &storage(16),
        pairs: &storage(32),
        grad_logits: &storage(128),
    };
    let plan = gpu().planner().cross_entropy_backward(spec())?;
    plan.bind_with(4, buffers, extras)
}

#[test]
fn outputs_of_the_forward_pass_in_the_backward_pass() {
    let (extras, output) = (
        CrossEntropyExtras::default(),
        buffer(gpu(), 128, BufferUsages::STORAGE),
    );
    let expected = "extras of a backward pass: expected weights, scales, a mask and an upstream \
                    gradient at most, found an output of the forward pass";
    assert_error(backward(extras.pairs(&output)), expected);
    assert_error(backward(extras.lse(&output)), expected);
    assert_error(backward(extras.status(&output)), expected);
    assert!(backward(extras.weight(&output).grad_losses(&output)).is_ok());
}
