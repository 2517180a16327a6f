//! The tuner's race, and plans by tunings that are made up. No time is asserted: the machine may be busy.

use std::time::Duration;

use wgpu_softmax::bench::Subject;
use wgpu_softmax::tune::Tuner;
use wgpu_softmax::variant::{Operation, Variant, choose, rivals};
use wgpu_softmax::{
    CrossEntropySpec, DType, Error, Layout, Mask, MaskKind, SoftmaxSpec, TunedKernel, Tuning,
};

use crate::common::gpu;

const SOFTMAX: Subject = Subject {
    operation: Operation::Softmax,
    rows: 64,
    cols: 100,
    inner: 1,
    dtype: DType::F32,
};

#[test]
fn a_race_times_the_preferred_kernel_beside_its_rivals() {
    let abilities = gpu().planner().abilities();
    let problem = SOFTMAX.problem().expect("a problem");
    let mut tuner = Tuner::new(gpu()).expect("a tuner");
    let outcome = tuner.tune(SOFTMAX, Duration::from_secs(1));
    let outcome = outcome.expect("an outcome").clone();
    let all = rivals(problem, abilities).expect("rivals");
    assert_eq!(outcome.preferred.variant, all[0]);
    assert!(all[1..].contains(&outcome.best.variant), "{outcome:?}");
    assert!((2..=all.len()).contains(&outcome.tried) && outcome.rounds >= 11);
    assert_eq!(outcome.wrong, []);
    for fraction in [outcome.preferred.fraction, outcome.best.fraction] {
        assert!(
            fraction.lower > 0.0 && fraction.upper.is_finite(),
            "{outcome:?}"
        );
    }
    assert_eq!(tuner.outcomes(), std::slice::from_ref(&outcome));

    let tuning = tuner.tuning();
    assert_eq!(tuning.kernels.len(), usize::from(outcome.replaces()));
    let planner = gpu().planner().with_tunings(&[tuning]).expect("its device");
    let expected = match outcome.replaces() {
        true => outcome.best.variant,
        false => outcome.preferred.variant,
    };
    assert_eq!(planner.variant(problem), Ok(expected));
}

/// Tuning by which every softmax of 100 columns is streamed by four lanes.
fn streamed() -> (Tuning, Variant) {
    let variant = "streamed.workgroup4of16.quads".parse().expect("a variant");
    let mut tuning = Tuning::of(gpu().device());
    let problem = SOFTMAX.problem().expect("a problem");
    tuning.kernels.push(TunedKernel::new(problem, variant));
    (tuning, variant)
}

#[test]
fn a_plan_uses_a_tuned_kernel_and_is_right() {
    let (tuning, variant) = streamed();
    let tuned = gpu().planner().with_tunings(&[tuning]).expect("its device");
    let spec = SoftmaxSpec::new(64, 100);
    let plan = tuned.softmax(spec).expect("a plan");
    assert_eq!(plan.kernel(), "softmax.streamed.workgroup4of16.quads.f32");
    let reason = &plan.wgsl().expect("a text")[0].reason;
    assert!(
        reason.starts_with("Tuned on ") && reason.ends_with(": by hand."),
        "{reason}"
    );
    let own = gpu().planner().softmax(spec).expect("a plan");
    assert_ne!(own.variant(), variant);

    let logits: Vec<f32> = (0..6400).map(|n| (n % 37) as f32 - 18.0).collect();
    let found = gpu().with_planner(tuned.clone()).softmax(&logits, 64);
    let forced = gpu().with_planner(gpu().planner().with_variant(variant));
    assert_eq!(found, forced.softmax(&logits, 64));

    // A forced kernel comes first, and in every other class the planner's own choice.
    let other: Variant = "streamed.invocation1of64.quads".parse().expect("a variant");
    assert_eq!(
        tuned
            .with_variant(other)
            .softmax(spec)
            .map(|plan| plan.variant()),
        Ok(other)
    );
    assert_eq!(
        tuned
            .cross_entropy(CrossEntropySpec::new(64, 100))
            .map(|plan| plan.kernel()),
        gpu()
            .planner()
            .cross_entropy(CrossEntropySpec::new(64, 100))
            .map(|plan| plan.kernel())
    );
}

#[test]
fn where_a_tuned_kernel_cannot_serve_the_planner_chooses() {
    let (mut tuning, variant) = streamed();
    tuning.kernels[0].cols = (1, 1000);
    let tuned = gpu().planner().with_tunings(&[tuning]).expect("its device");
    let spec = SoftmaxSpec::new(64, 100);
    let mask = Mask::new(MaskKind::Additive, &[64, 100], 1, &[64, 100]).expect("it fits");
    let chosen = |spec: SoftmaxSpec| {
        let problem = spec.problem(Operation::Softmax).expect("a problem");
        let own = choose(problem, gpu().planner().abilities());
        (tuned.softmax(spec).map(|plan| plan.variant()), own)
    };
    assert_eq!(chosen(spec).0, Ok(variant));
    assert_eq!(chosen(spec.in_place()).0, Ok(variant));
    let stride = Layout::default().stride(101);
    for spec in [
        SoftmaxSpec::new(64, 101),
        SoftmaxSpec::new(63, 100),
        spec.mask(mask),
        spec.causal(64),
        spec.input_layout(stride),
        spec.inner(8),
        spec.dtype(DType::F16),
    ] {
        let (found, own) = chosen(spec);
        assert_eq!(found, own, "{spec:?}");
    }
}

#[test]
fn a_tuning_of_another_driver_is_refused() {
    let (mut tuning, _) = streamed();
    let here = std::mem::replace(&mut tuning.driver_version, "1.0".into());
    let refused = gpu().planner().with_tunings(&[tuning]);
    let expected = Error::Tuning {
        what: "driver's version",
        expected: here,
        found: "1.0".into(),
    };
    assert_eq!(refused.err(), Some(expected));
}
