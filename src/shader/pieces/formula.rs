//! What is computed of a row.

use super::{Piece, masked};
use crate::shader::{Program, Stage};
use crate::variant::{Form, Operation, Shares};

pub(super) fn of(program: &Program) -> Vec<Piece> {
    let of_logits = |formula| {
        let mut list = logits(program);
        list.extend(sums(program.form));
        list.push(formula);
        list
    };
    let of_gradient = |formula| {
        vec![
            piece!("survey/magnitudes.wgsl"),
            piece!("streams/gradient.wgsl"),
            piece!("sums/weights.wgsl"),
            piece!("sums/basic.wgsl"),
            formula,
        ]
    };
    match program.operation {
        Operation::PartialStatistic => of_logits(piece!("formula/unopened.wgsl")),
        Operation::MergeStatistics => {
            let mut list = of_logits(piece!("formula/unopened.wgsl"));
            list.push(piece!("formula/pair.wgsl"));
            list
        }
        Operation::Softmax | Operation::SoftmaxFromPairs => {
            of_logits(piece!("formula/softmax.wgsl"))
        }
        Operation::LogSoftmax => of_logits(piece!("formula/log_softmax.wgsl")),
        Operation::LogSumExp => of_logits(piece!("formula/logsumexp.wgsl")),
        Operation::LogSumExpBackward => of_logits(piece!("formula/logsumexp_backward.wgsl")),
        Operation::SoftmaxBackward => of_gradient(piece!("formula/softmax_backward.wgsl")),
        Operation::LogSoftmaxBackward => of_gradient(piece!("formula/log_softmax_backward.wgsl")),
        Operation::Jacobian => vec![piece!("formula/jacobian.wgsl")],
        Operation::LseFromPairs => vec![piece!("formula/lse_of_pairs.wgsl")],
        Operation::RowOutputs => row_outputs(program.form),
        Operation::CrossEntropy
        | Operation::CrossEntropyBackward
        | Operation::CrossEntropyFused
        | Operation::CrossEntropyFromPairs => cross_entropy(program),
    }
}

/// What is summed of a row: for the operation, and to be told besides.
fn sums(form: Form) -> [Piece; 2] {
    [
        match form.is_dense() {
            true => piece!("sums/shares.wgsl"),
            false => piece!("sums/weights.wgsl"),
        },
        match form.is_told() {
            true => piece!("sums/told.wgsl"),
            false => piece!("sums/basic.wgsl"),
        },
    ]
}

fn row_outputs(form: Form) -> Vec<Piece> {
    let mut list = vec![reading(form)];
    list.extend(targets(form));
    list.push(piece!("formula/row_outputs.wgsl"));
    list
}

/// How logits are read, beside the probabilities that are their targets or alone.
fn logits(program: &Program) -> Vec<Piece> {
    let form = program.form;
    if form.is_masked() {
        return masked::logits(program);
    }
    let stream = match form.shares {
        Shares::Probabilities => piece!("streams/logits_and_probs.wgsl"),
        Shares::Onehot | Shares::Smoothed => piece!("streams/logits.wgsl"),
    };
    vec![reading(form), piece!("survey/logits.wgsl"), stream]
}

fn reading(form: Form) -> Piece {
    match form.capped {
        true => piece!("reading/capped.wgsl"),
        false => piece!("reading/plain.wgsl"),
    }
}

fn cross_entropy(program: &Program) -> Vec<Piece> {
    let form = program.form;
    let mut list = logits(program);
    list.extend(sums(form));
    list.extend(form.is_dense().then_some(piece!("shares/dense.wgsl")));
    list.push(match form.shares {
        Shares::Onehot => piece!("shares/onehot.wgsl"),
        Shares::Smoothed => piece!("shares/smoothed.wgsl"),
        Shares::Probabilities => piece!("shares/probabilities.wgsl"),
    });
    list.extend(targets(form));
    list.push(piece!("formula/cross_entropy.wgsl"));
    list.push(match program.stage {
        Stage::Elementwise | Stage::Unrolled { .. } | Stage::Recalled => {
            piece!("pairs/recalled.wgsl")
        }
        _ if form.is_told() => piece!("pairs/told.wgsl"),
        _ => piece!("pairs/saved.wgsl"),
    });
    list
}

pub(super) fn targets(form: Form) -> [Piece; 3] {
    let target = match form.shares {
        Shares::Probabilities => piece!("target/probabilities.wgsl"),
        Shares::Onehot | Shares::Smoothed => piece!("target/class_id.wgsl"),
    };
    [
        piece!("tally_record.wgsl"),
        piece!("target/options.wgsl"),
        target,
    ]
}
