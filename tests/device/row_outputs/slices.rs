//! Row outputs of the functions on slices: each is a slice of its own.

use wgpu_softmax::{
    CrossEntropyInputs, CrossEntropySpec, CrossEntropyWants, Reduction, RowOutputs, TargetType,
    Targets,
};

use crate::common::gpu;
use crate::row_outputs::problem::everything;

const LOGITS: [f32; 8] = [0.0, 1.0, 1.0, -1.0, 2.0, f32::NAN, 0.0, 0.0];

fn run<'a>(
    outputs: RowOutputs,
    targets: impl Into<Targets<'a>>,
    candidates: &[i64],
) -> wgpu_softmax::RowValues {
    let spec = CrossEntropySpec::new(2, 4)
        .reduction(Reduction::Sum)
        .row_outputs(outputs);
    let inputs = CrossEntropyInputs::new(&LOGITS, targets).candidates(candidates);
    let found = gpu().cross_entropy(&spec, inputs, CrossEntropyWants::default());
    found.expect("runs").rows
}

#[test]
fn everything_of_two_rows() {
    // ids that their type does not hold stay out of range
    let candidates = [0, 2, i64::MIN, 1 << 32, 3, -1];
    let of_types: [Targets<'_>; 3] = [(&[1, 0]).into(), (&[1_u32, 0]).into(), (&[1_i64, 0]).into()];
    for targets in of_types {
        let rows = run(everything(), targets, &candidates);
        assert_eq!(rows.argmax, Some(vec![Some(1), None]));
        assert_eq!(rows.hits, Some(vec![true, false]));
        let [log_probs, target, entropy, largest] = [
            rows.log_probs,
            rows.target_log_probs,
            rows.entropies,
            rows.max_probs,
        ]
        .map(|values| values.expect("asked for"));
        let sum = 2.0 + (-1_f32).exp() + (-2_f32).exp();
        let near = |found: f32, expected: f32| (found - expected).abs() < 1e-6;
        assert!(near(log_probs[0], -1.0 - sum.ln()) && near(log_probs[1], -sum.ln()));
        assert!(
            log_probs[2..].iter().all(|value| value.is_nan()),
            "{log_probs:?}"
        );
        assert!(near(target[0], -sum.ln()) && target[1].is_nan());
        assert!(near(largest[0], 1.0 / sum) && largest[1].is_nan());
        let moment = (-1_f32).exp() + 2.0 * (-2_f32).exp();
        assert!(near(entropy[0], sum.ln() + moment / sum) && entropy[1].is_nan());
        assert_eq!(rows.z_losses.map(|losses| losses[0]), Some(0.0));
    }
}

#[test]
fn nothing_unless_asked_for() {
    let targets = &[1, 0];
    assert_eq!(run(RowOutputs::default(), targets, &[]), Default::default());
    let rows = run(RowOutputs::default().max_prob(), targets, &[]);
    assert!(rows.max_probs.is_some() && rows.argmax.is_none() && rows.log_probs.is_none());
}

#[test]
fn probabilities_as_targets() {
    let probs = [0.25_f32; 8];
    let rows = run(
        RowOutputs::default().argmax().log_probs_of(1),
        &probs,
        &[3, 1],
    );
    assert_eq!(rows.argmax, Some(vec![Some(1), None]));
    let log_probs = rows.log_probs.expect("asked for");
    assert!(log_probs[0] < -2.0 && log_probs[1].is_nan());
    let targets: Targets<'_> = (&probs).into();
    assert_eq!(targets.target_type(), TargetType::Probs);
}
