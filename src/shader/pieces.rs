//! Which files a program is joined from.

use std::borrow::Cow;

use super::unroll::unroll;
use super::{Program, Stage};
use crate::DType;
use crate::variant::{Access, Form, Operation, Reduce, Shares};

/// A file under `shaders/` with its name.
macro_rules! piece {
    ($name:literal) => {
        (
            $name,
            Cow::Borrowed(include_str!(concat!("../../shaders/", $name))),
        )
    };
}

type Piece = (&'static str, Cow<'static, str>);

impl Program {
    /// The whole WGSL text.
    pub fn wgsl(&self) -> String {
        let mut text = String::new();
        for (name, piece) in self.pieces() {
            text.push_str("// ---- ");
            text.push_str(name);
            text.push('\n');
            text.push_str(&piece);
            text.push('\n');
        }
        text
    }

    fn pieces(&self) -> Vec<Piece> {
        let mut list = vec![
            reduce_piece(self.reduce),
            piece!("grid.wgsl"),
            piece!("bits.wgsl"),
            piece!("scaled.wgsl"),
            piece!("statistic.wgsl"),
        ];
        if self.stage.is_tally() {
            list.extend(target_pieces(self.form));
            list.push(piece!("tally.wgsl"));
            return list;
        }
        list.extend(storage_pieces(self.dtype, self.access));
        list.extend(formula_pieces(self));
        list.push(if self.operation.writes_matrix() {
            piece!("result/stored.wgsl")
        } else {
            piece!("result/none.wgsl")
        });
        list.extend(stage_pieces(self.stage, self.form));
        list
    }
}

fn reduce_piece(reduce: Reduce) -> Piece {
    match reduce {
        Reduce::Invocation => piece!("reduce/invocation.wgsl"),
        Reduce::Subgroup => piece!("reduce/subgroup.wgsl"),
        Reduce::Workgroup => piece!("reduce/workgroup.wgsl"),
    }
}

fn storage_pieces(dtype: DType, access: Access) -> Vec<Piece> {
    let within = piece!("storage/within.wgsl");
    let halves = match access {
        Access::Quads => piece!("storage/half_quads.wgsl"),
        Access::Words => piece!("storage/half_words.wgsl"),
    };
    match (dtype, access) {
        (DType::F32, Access::Quads) => vec![within, piece!("storage/f32_quads.wgsl")],
        (DType::F32, Access::Words) => vec![within, piece!("storage/f32_words.wgsl")],
        (DType::F16, _) => vec![within, halves, piece!("storage/f16.wgsl")],
        (DType::Bf16, _) => vec![within, halves, piece!("storage/bf16.wgsl")],
    }
}

fn formula_pieces(program: &Program) -> Vec<Piece> {
    let of_logits = |formula| {
        let mut list = logits_pieces(program.form);
        list.extend([piece!("sums/weights.wgsl"), formula]);
        list
    };
    let of_gradient = |formula| {
        let stream = piece!("streams/gradient.wgsl");
        vec![stream, piece!("sums/weights.wgsl"), formula]
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
        Operation::CrossEntropy
        | Operation::CrossEntropyBackward
        | Operation::CrossEntropyFused
        | Operation::CrossEntropyFromPairs => cross_entropy_pieces(program),
    }
}

/// How logits are read, beside the probabilities that are their targets or alone.
fn logits_pieces(form: Form) -> Vec<Piece> {
    let reading = match form.capped {
        true => piece!("reading/capped.wgsl"),
        false => piece!("reading/plain.wgsl"),
    };
    let stream = match form.shares {
        Shares::Probabilities => piece!("streams/logits_and_probs.wgsl"),
        Shares::Onehot | Shares::Smoothed => piece!("streams/logits.wgsl"),
    };
    vec![reading, stream]
}

fn cross_entropy_pieces(program: &Program) -> Vec<Piece> {
    let form = program.form;
    let mut list = logits_pieces(form);
    list.extend(match form.is_dense() {
        true => vec![piece!("sums/shares.wgsl"), piece!("shares/dense.wgsl")],
        false => vec![piece!("sums/weights.wgsl")],
    });
    list.push(match form.shares {
        Shares::Onehot => piece!("shares/onehot.wgsl"),
        Shares::Smoothed => piece!("shares/smoothed.wgsl"),
        Shares::Probabilities => piece!("shares/probabilities.wgsl"),
    });
    list.extend(target_pieces(form));
    list.push(piece!("formula/cross_entropy.wgsl"));
    list.push(match program.stage {
        Stage::Elementwise | Stage::Recalled => piece!("pairs/recalled.wgsl"),
        _ => piece!("pairs/saved.wgsl"),
    });
    list
}

fn target_pieces(form: Form) -> [Piece; 3] {
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

fn stage_pieces(stage: Stage, form: Form) -> Vec<Piece> {
    let (fold, write) = (piece!("family/fold.wgsl"), piece!("family/write.wgsl"));
    let record = match form.is_dense() {
        true => piece!("records/shares.wgsl"),
        false => piece!("records/statistic.wgsl"),
    };
    let merge = piece!("family/merge_records.wgsl");
    match stage {
        Stage::Registers { quads, .. } => {
            let length = Cow::Owned(format!("const QUADS: u32 = {quads}u;\n"));
            let (name, rows): Piece = piece!("family/registers.wgsl");
            let rows = Cow::Owned(unroll(&rows, quads));
            vec![("(generated)", length), fold, (name, rows)]
        }
        Stage::Streamed => vec![fold, write, piece!("family/streamed.wgsl")],
        Stage::Partial => vec![record, merge, fold, piece!("family/partial.wgsl")],
        Stage::Finish => vec![record, merge, write, piece!("family/finish.wgsl")],
        Stage::Elementwise => vec![write, piece!("family/elementwise.wgsl")],
        Stage::Merge => vec![record, merge, piece!("family/merge.wgsl")],
        Stage::Recalled => vec![piece!("family/recalled.wgsl")],
        Stage::CountTargets | Stage::ReduceLosses | Stage::MergeTallies => Vec::new(),
    }
}
