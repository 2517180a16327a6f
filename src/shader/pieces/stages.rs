//! How rows are served.

use std::borrow::Cow;

use super::Piece;
use crate::shader::unroll::unroll;
use crate::shader::{Beside, Program, Stage};
use crate::variant::{Form, Operation};

/// One column of a row may be another formula's: the target's, or that of the diagonal, which the formulas themselves
/// say of one-hot targets and of a Jacobian. Where nothing is written, there is none to be said of.
pub(super) fn exception(program: &Program) -> Option<Piece> {
    let has_its_own = match program.operation {
        Operation::PartialStatistic
        | Operation::MergeStatistics
        | Operation::LseFromPairs
        | Operation::RowOutputs => true,
        Operation::CrossEntropy
        | Operation::CrossEntropyBackward
        | Operation::CrossEntropyFused
        | Operation::CrossEntropyFromPairs => !program.form.is_dense(),
        operation => operation == Operation::Jacobian,
    };
    (!has_its_own).then_some(piece!("exception/none.wgsl"))
}

/// What is kept of a part of a row.
fn records(form: Form) -> Vec<Piece> {
    vec![
        match form.is_dense() {
            true => piece!("records/shares.wgsl"),
            false => piece!("records/statistic.wgsl"),
        },
        match form.is_told() {
            true => piece!("records/told.wgsl"),
            false => piece!("records/basic.wgsl"),
        },
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

pub(super) fn one_by_one(program: &Program) -> Vec<Piece> {
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
        [records(program.form), vec![merge]].concat()
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
pub(super) fn side_by_side(program: &Program, beside: Beside) -> Vec<Piece> {
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
    let record = records(program.form);
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
