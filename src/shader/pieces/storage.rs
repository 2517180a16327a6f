//! How values are moved and stored.

use super::Piece;
use crate::DType;
use crate::shader::Program;
use crate::variant::Access;

pub(super) fn of(program: &Program) -> Vec<Piece> {
    let mut list = vec![piece!("storage/within.wgsl")];
    list.extend(program.int64.then_some(piece!("storage/u64.wgsl")));
    list.extend(match program.dtype {
        DType::F32 => floats(program),
        DType::F16 | DType::Bf16 => halves(program),
    });
    list.push(source(program));
    list
}

fn floats(program: &Program) -> Vec<Piece> {
    match program.access {
        Access::Quads | Access::Shifted => vec![
            match program.int64 {
                true => piece!("storage/unit/two_u64.wgsl"),
                false => piece!("storage/unit/four_words.wgsl"),
            },
            piece!("storage/f32_quads.wgsl"),
            // The first quad of a shifted row is the last one of the row before, too.
            match program.int64 && program.access == Access::Quads {
                true => piece!("storage/quads/by_u64.wgsl"),
                false => piece!("storage/quads/by_words.wgsl"),
            },
        ],
        Access::Pairs => vec![two_words(program.int64), piece!("storage/f32_pairs.wgsl")],
        Access::Words => vec![piece!("storage/f32_words.wgsl")],
    }
}

fn halves(program: &Program) -> Vec<Piece> {
    let mut list = match program.access {
        Access::Quads | Access::Shifted => {
            vec![two_words(program.int64), piece!("storage/half_quads.wgsl")]
        }
        // Two halves are one word, whatever moves others.
        Access::Pairs => vec![piece!("storage/half_pairs.wgsl")],
        Access::Words => vec![piece!("storage/half_words.wgsl")],
    };
    list.push(match program.dtype {
        DType::Bf16 => piece!("storage/bf16.wgsl"),
        DType::F16 | DType::F32 => piece!("storage/f16.wgsl"),
    });
    list
}

fn two_words(int64: bool) -> Piece {
    match int64 {
        true => piece!("storage/unit/one_u64.wgsl"),
        false => piece!("storage/unit/two_words.wgsl"),
    }
}

/// Where what is read first lies.
fn source(program: &Program) -> Piece {
    match (program.form.in_place, program.dtype, program.access) {
        (false, ..) => piece!("source/apart.wgsl"),
        (true, DType::F16 | DType::Bf16, Access::Words) => {
            piece!("source/in_place_by_halves.wgsl")
        }
        (true, ..) => piece!("source/in_place.wgsl"),
    }
}
