//! Which columns of a row count.

use super::Piece;
use crate::shader::{Program, Stage};
use crate::variant::Masking;

/// How masked logits are read.
pub(super) fn logits(program: &Program) -> Vec<Piece> {
    let mut list = vec![
        piece!("survey/logits.wgsl"),
        piece!("streams/masked_logits.wgsl"),
    ];
    if program.form.masking != Masking::None {
        list.push(piece!("mask/start.wgsl"));
    }
    list.extend(match program.form.masking {
        Masking::None => vec![piece!("mask/none.wgsl")],
        Masking::Added => vec![
            piece!("mask/elements.wgsl"),
            piece!("mask/added_words.wgsl"),
            piece!("mask/additive.wgsl"),
        ],
        Masking::AddedByQuads => vec![
            match program.int64 {
                true => piece!("mask/added_u64.wgsl"),
                false => piece!("mask/added_quads.wgsl"),
            },
            piece!("mask/additive.wgsl"),
        ],
        Masking::Kept => vec![piece!("mask/elements.wgsl"), piece!("mask/kept_words.wgsl")],
        Masking::KeptByQuads => vec![piece!("mask/kept_quads.wgsl")],
    });
    list
}

/// Which columns of a row are read, and what comes of the others.
pub(super) fn limits(program: &Program) -> Vec<Piece> {
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
