//! Refused calls, with the expected and the found value.

use wgpu_softmax::wgpu::{Buffer, BufferUsages};
use wgpu_softmax::{
    Bound, CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras,
    CrossEntropyInputs, CrossEntropySpec, CrossEntropyWants, Error, RowOutputs, TargetType,
};

use crate::common::{assert_error, buffer, gpu};

fn spec(outputs: RowOutputs) -> CrossEntropySpec {
    CrossEntropySpec::new(4, 5).row_outputs(outputs)
}

fn storage(words: u64) -> Buffer {
    buffer(gpu(), 4 * words, BufferUsages::STORAGE)
}

fn bind(outputs: RowOutputs, extras: CrossEntropyExtras<'_>) -> Result<Bound, Error> {
    let buffers = CrossEntropyBuffers {
        logits: &storage(20),
        targets: &storage(4),
        losses: &storage(1),
        grad_logits: None,
    };
    let plan = gpu().planner().cross_entropy(spec(outputs))?;
    plan.bind_with(4, buffers, extras)
}

#[test]
fn specs() {
    let plan = |spec| gpu().planner().cross_entropy(spec).map(|_| ());
    let expected =
        "row outputs: expected the log-probabilities of at most 32,768 classes a row, found 32769";
    assert_error(
        plan(spec(RowOutputs::default().log_probs_of(32_769))),
        expected,
    );
    assert!(plan(spec(RowOutputs::default().log_probs_of(32_768))).is_ok());

    for outputs in [
        RowOutputs::default().hit(),
        RowOutputs::default().target_log_prob(),
    ] {
        let error = plan(spec(outputs).targets(TargetType::Probs));
        let expected = format!(
            "row outputs: expected no log-probability of the target and no hit where targets are probabilities, \
             found {outputs:?}"
        );
        assert_error(error, &expected);
    }
    let outputs = RowOutputs::default().entropy();
    assert!(plan(spec(outputs).targets(TargetType::Probs)).is_ok());

    let shard = CrossEntropySpec::new(4, 5)
        .shard(5, 10)
        .row_outputs(outputs);
    let expected =
        format!("row outputs: expected none in a shard of the classes, found {outputs:?}");
    assert_error(plan(shard), &expected);
    let expected = format!("row outputs: expected none for losses from pairs, found {outputs:?}");
    let from_pairs = gpu().planner().cross_entropy_from_pairs(spec(outputs));
    assert_error(from_pairs.map(|_| ()), &expected);
}

#[test]
fn buffers() {
    let (none, two) = (
        RowOutputs::default(),
        RowOutputs::default().argmax().log_probs_of(3),
    );
    let given = storage(16);
    let missing = "row outputs: expected a buffer, as the spec asks for one, found none";
    assert_error(bind(two, CrossEntropyExtras::default()), missing);
    let missing = "candidates: expected a buffer, as the spec asks for one, found none";
    let outputs = CrossEntropyExtras::default().row_outputs(&given);
    assert_error(bind(two, outputs), missing);
    let unasked = "row outputs: expected no buffer, as the spec asks for none, found one";
    assert_error(bind(none, outputs), unasked);
    let unasked = "candidates: expected no buffer, as the spec asks for none, found one";
    let candidates = CrossEntropyExtras::default().candidates(&given);
    assert_error(bind(none, candidates), unasked);

    let [small, fewer] = [15, 11].map(storage);
    let expected = "buffer `row_outputs`: expected at least 64 bytes, found 60";
    let twelve = storage(12);
    assert_error(
        bind(two, candidates.candidates(&twelve).row_outputs(&small)),
        expected,
    );
    let expected = "buffer `candidates`: expected at least 48 bytes, found 44";
    assert_error(bind(two, outputs.candidates(&fewer)), expected);
    let expected = "buffers `row_outputs` and `candidates`: expected two buffers, found the same one twice (only \
                    `in_place()` of a spec puts a result over the first input)";
    assert_error(bind(two, outputs.candidates(&given)), expected);
    assert!(bind(two, outputs.candidates(&twelve)).is_ok());
}

/// The gradient from pairs gives no row outputs: the spec may ask for them, the extras may not.
#[test]
fn backward_passes() {
    let spec = spec(RowOutputs::default().entropy());
    let plan = gpu()
        .planner()
        .cross_entropy_backward(spec)
        .expect("a plan");
    let buffers = CrossEntropyBackwardBuffers {
        logits: &storage(20),
        targets: &storage(4),
        pairs: &storage(8),
        grad_logits: &storage(20),
    };
    assert!(plan.bind(buffers).is_ok());
    let given = storage(16);
    let extras = CrossEntropyExtras::default();
    for (extras, found) in [
        (extras.row_outputs(&given), "an output of the forward pass"),
        (extras.candidates(&given), "candidates"),
    ] {
        let expected = format!(
            "extras of a backward pass: expected weights, scales, a mask and an upstream gradient at most, found {found}"
        );
        assert_error(plan.bind_with(4, buffers, extras), &expected);
    }
}

#[test]
fn slices() {
    let spec = spec(RowOutputs::default().log_probs_of(2));
    let inputs = CrossEntropyInputs::new(&[0.0; 20], &[0, 1, 2, 3]);
    let wants = CrossEntropyWants::default();
    let run = |candidates| gpu().cross_entropy(&spec, inputs.candidates(candidates), wants);
    assert_error(run(&[1; 7]), "candidates: expected 8 elements, found 7");
    assert!(run(&[1; 8]).is_ok());
}
