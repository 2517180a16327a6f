//! Which files a program is joined from.

use std::borrow::Cow;

use super::unroll::unroll;
use super::{Beside, Program, Stage};
use crate::DType;
use crate::variant::{Access, Form, Masking, Operation, Reduce, Shares};

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
            match self.beside {
                None => piece!("rows/one.wgsl"),
                Some(_) => piece!("rows/four.wgsl"),
            },
            piece!("grid.wgsl"),
            match self.form.causal {
                true => piece!("slots/queries.wgsl"),
                false => piece!("slots/all.wgsl"),
            },
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
        list.push(source_piece(self));
        list.extend(formula_pieces(self));
        list.extend(self.exception_pieces());
        if !matches!(
            self.operation,
            Operation::LseFromPairs | Operation::RowOutputs
        ) {
            list.extend(causal_pieces(self));
        }
        list.push(if self.operation.writes_matrix() {
            piece!("result/stored.wgsl")
        } else {
            piece!("result/none.wgsl")
        });
        list.extend(match self.beside {
            None => stage_pieces(self),
            Some(beside) => beside_pieces(self, beside),
        });
        list
    }
}

impl Program {
    /// One column of a row may be another formula's: the target's, or that of the diagonal, which the formulas themselves
    /// say of one-hot targets and of a Jacobian. Where nothing is written, there is none to be said of.
    fn exception_pieces(&self) -> Vec<Piece> {
        let has_its_own = match self.operation {
            Operation::PartialStatistic
            | Operation::MergeStatistics
            | Operation::LseFromPairs
            | Operation::RowOutputs => true,
            Operation::CrossEntropy
            | Operation::CrossEntropyBackward
            | Operation::CrossEntropyFused
            | Operation::CrossEntropyFromPairs => !self.form.is_dense(),
            operation => operation == Operation::Jacobian,
        };
        match has_its_own {
            true => Vec::new(),
            false => vec![piece!("exception/none.wgsl")],
        }
    }
}

impl Program {
    fn record_pieces(&self) -> [Piece; 2] {
        [
            match self.form.is_dense() {
                true => piece!("records/shares.wgsl"),
                false => piece!("records/statistic.wgsl"),
            },
            match self.form.is_told() {
                true => piece!("records/told.wgsl"),
                false => piece!("records/basic.wgsl"),
            },
        ]
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
    let floats = match access {
        Access::Quads | Access::Shifted => piece!("storage/f32_quads.wgsl"),
        Access::Pairs => piece!("storage/f32_pairs.wgsl"),
        Access::Words => piece!("storage/f32_words.wgsl"),
    };
    let halves = match access {
        Access::Quads | Access::Shifted => piece!("storage/half_quads.wgsl"),
        Access::Pairs => piece!("storage/half_pairs.wgsl"),
        Access::Words => piece!("storage/half_words.wgsl"),
    };
    let within = piece!("storage/within.wgsl");
    match dtype {
        DType::F32 => vec![within, floats],
        DType::F16 => vec![within, halves, piece!("storage/f16.wgsl")],
        DType::Bf16 => vec![within, halves, piece!("storage/bf16.wgsl")],
    }
}

/// Where what is read first lies.
fn source_piece(program: &Program) -> Piece {
    match (program.form.in_place, program.dtype, program.access) {
        (false, ..) => piece!("source/apart.wgsl"),
        (true, DType::F16 | DType::Bf16, Access::Words) => {
            piece!("source/in_place_by_halves.wgsl")
        }
        (true, ..) => piece!("source/in_place.wgsl"),
    }
}

fn formula_pieces(program: &Program) -> Vec<Piece> {
    let of_logits = |formula| {
        let mut list = logits_pieces(program.form);
        list.extend(sums_pieces(program.form));
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
        Operation::RowOutputs => row_output_pieces(program.form),
        Operation::CrossEntropy
        | Operation::CrossEntropyBackward
        | Operation::CrossEntropyFused
        | Operation::CrossEntropyFromPairs => cross_entropy_pieces(program),
    }
}

/// What is summed of a row: for the operation, and to be told besides.
fn sums_pieces(form: Form) -> [Piece; 2] {
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

fn row_output_pieces(form: Form) -> Vec<Piece> {
    let mut list = vec![reading_piece(form)];
    list.extend(target_pieces(form));
    list.push(piece!("formula/row_outputs.wgsl"));
    list
}

/// How logits are read, beside the probabilities that are their targets or alone.
fn logits_pieces(form: Form) -> Vec<Piece> {
    if form.is_masked() {
        return masked_pieces(form);
    }
    let stream = match form.shares {
        Shares::Probabilities => piece!("streams/logits_and_probs.wgsl"),
        Shares::Onehot | Shares::Smoothed => piece!("streams/logits.wgsl"),
    };
    vec![reading_piece(form), piece!("survey/logits.wgsl"), stream]
}

fn reading_piece(form: Form) -> Piece {
    match form.capped {
        true => piece!("reading/capped.wgsl"),
        false => piece!("reading/plain.wgsl"),
    }
}

fn masked_pieces(form: Form) -> Vec<Piece> {
    let mut list = vec![
        piece!("survey/logits.wgsl"),
        piece!("streams/masked_logits.wgsl"),
    ];
    if form.masking != Masking::None {
        list.push(piece!("mask/start.wgsl"));
    }
    list.extend(match form.masking {
        Masking::None => vec![piece!("mask/none.wgsl")],
        Masking::Added => vec![
            piece!("mask/elements.wgsl"),
            piece!("mask/added_words.wgsl"),
            piece!("mask/additive.wgsl"),
        ],
        Masking::AddedByQuads => vec![
            piece!("mask/added_quads.wgsl"),
            piece!("mask/additive.wgsl"),
        ],
        Masking::Kept => vec![piece!("mask/elements.wgsl"), piece!("mask/kept_words.wgsl")],
        Masking::KeptByQuads => vec![piece!("mask/kept_quads.wgsl")],
    });
    list
}

/// Which columns of a row are read, and what comes of the others.
fn causal_pieces(program: &Program) -> Vec<Piece> {
    let limit = match program.form.causal {
        true => piece!("causal/limited.wgsl"),
        false => piece!("causal/none.wgsl"),
    };
    let writes = matches!(
        program.stage,
        Stage::Streamed | Stage::Finish | Stage::Registers { .. }
    );
    let blank = (program.form.causal && writes).then_some(piece!("causal/blank.wgsl"));
    std::iter::once(limit).chain(blank).collect()
}

fn cross_entropy_pieces(program: &Program) -> Vec<Piece> {
    let form = program.form;
    let mut list = logits_pieces(form);
    list.extend(sums_pieces(form));
    list.extend(form.is_dense().then_some(piece!("shares/dense.wgsl")));
    list.push(match form.shares {
        Shares::Onehot => piece!("shares/onehot.wgsl"),
        Shares::Smoothed => piece!("shares/smoothed.wgsl"),
        Shares::Probabilities => piece!("shares/probabilities.wgsl"),
    });
    list.extend(target_pieces(form));
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

/// So many quads a lane, and the loops over them written out.
fn quads_pieces(quads: u32, (name, rows): Piece) -> [Piece; 3] {
    let length = Cow::Owned(format!("const QUADS: u32 = {quads}u;\n"));
    let rows = Cow::Owned(unroll(&rows, &[("QUADS", quads)]));
    [
        ("(generated)", length),
        piece!("family/quads.wgsl"),
        (name, rows),
    ]
}

fn stage_pieces(program: &Program) -> Vec<Piece> {
    let write = piece!("family/write.wgsl");
    let fold = || {
        vec![
            piece!("family/guarded.wgsl"),
            piece!("family/fold_block.wgsl"),
            piece!("family/fold.wgsl"),
        ]
    };
    let merge = || {
        let merge = piece!("family/merge_records.wgsl");
        [program.record_pieces().to_vec(), vec![merge]].concat()
    };
    let except = piece!("family/except.wgsl");
    let quads = |quads, rows| {
        let mut list = vec![piece!("family/guarded.wgsl")];
        list.extend(quads_pieces(quads, rows));
        list
    };
    match program.stage {
        Stage::Registers { quads: count, .. } => {
            [vec![except], quads(count, piece!("family/registers.wgsl"))].concat()
        }
        Stage::Unrolled { quads: count, .. } => [
            vec![except, write],
            quads(count, piece!("family/unrolled.wgsl")),
        ]
        .concat(),
        Stage::Streamed => [fold(), vec![except, write, piece!("family/streamed.wgsl")]].concat(),
        Stage::Partial => [merge(), fold(), vec![piece!("family/partial.wgsl")]].concat(),
        Stage::Finish => [merge(), vec![except, write, piece!("family/finish.wgsl")]].concat(),
        Stage::Elementwise => vec![except, write, piece!("family/elementwise.wgsl")],
        Stage::Merge => [merge(), vec![piece!("family/merge.wgsl")]].concat(),
        Stage::Recalled => vec![piece!("family/recalled.wgsl")],
        // Of rows side by side alone.
        Stage::Combine => Vec::new(),
        Stage::CountTargets | Stage::ReduceLosses | Stage::MergeTallies => Vec::new(),
    }
}

/// Rows side by side, the loops over them written out.
fn beside_pieces(program: &Program, beside: Beside) -> Vec<Piece> {
    let quads = match program.stage {
        Stage::Registers { quads, .. } => quads,
        _ => 0,
    };
    let counts = [("GROUPS", beside.groups), ("QUADS", quads)];
    let lengths = counts.map(|(name, count)| format!("const {name}: u32 = {count}u;\n"));
    let groups = piece!("strided/groups.wgsl");
    let fold = || {
        vec![
            groups.clone(),
            piece!("family/guarded.wgsl"),
            piece!("family/fold_block.wgsl"),
            piece!("strided/fold.wgsl"),
        ]
    };
    let access = piece!("strided/access.wgsl");
    let write = || vec![access.clone(), piece!("strided/write.wgsl")];
    let record = program.record_pieces().to_vec();
    let list = match program.stage {
        Stage::Registers { .. } => vec![
            groups.clone(),
            access.clone(),
            piece!("strided/registers.wgsl"),
        ],
        Stage::Partial => [fold(), record, vec![piece!("strided/partial.wgsl")]].concat(),
        Stage::Combine => [
            record,
            vec![
                piece!("family/merge_records.wgsl"),
                piece!("strided/combine.wgsl"),
            ],
        ]
        .concat(),
        Stage::Finish => [
            vec![groups.clone()],
            record,
            write(),
            vec![piece!("strided/finish.wgsl")],
        ]
        .concat(),
        Stage::Elementwise => [
            vec![groups.clone()],
            write(),
            vec![piece!("strided/elementwise.wgsl")],
        ]
        .concat(),
        Stage::Recalled => vec![piece!("family/recalled.wgsl")],
        _ => [fold(), write(), vec![piece!("strided/streamed.wgsl")]].concat(),
    };
    let unrolled = |(name, text): Piece| (name, Cow::Owned(unroll(&text, &counts)));
    std::iter::once(("(generated)", Cow::Owned(lengths.concat())))
        .chain(list.into_iter().map(unrolled))
        .collect()
}
