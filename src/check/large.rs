//! Shapes that few kernels run: long rows and many rows.

use super::Inputs;
use super::candidates::Candidate;
use super::kinds::Kind;
use super::options::Options;
use crate::spec::dtype::DType;
use crate::spec::loss::LossOptions;
use crate::spec::target_type::TargetType;
use crate::variant::{Abilities, Access, Family, Operation, Reduce, Variant};

/// Rows and columns, with a distribution.
type Large = ((usize, usize), Inputs);

/// Lists long rows, on which one invocation reaches every level of the nested sums; and numbers of rows above the workgroups of
/// one dimension of a dispatch, and above the rows that one workgroup counts.
pub(super) fn large(abilities: &Abilities) -> Vec<(Candidate, Vec<Large>)> {
    let one_invocation = Variant {
        family: Family::Streamed,
        reduce: Reduce::Invocation,
        lanes: 1,
        workgroup: 64,
        access: Access::Quads,
        int64: abilities.int64,
        groups: 0,
    };
    let single = Variant {
        workgroup: 1,
        access: Access::Words,
        int64: false,
        ..one_invocation
    };
    let of = |operation, variant| Candidate {
        operation,
        dtype: DType::F32,
        variant,
        options: Options::all(operation)[0],
        in_place: false,
        rows: 0,
        cols: 0,
        inner: 1,
    };
    let long = |inputs| ((2, 262_144), inputs);
    let tall = |inputs| ((70_001, 3), inputs);
    let fused = Candidate {
        options: Options {
            kind: Kind::Ignoring(TargetType::I32),
            weighted: true,
            loss: LossOptions {
                z_loss: 0.01,
                ..LossOptions::PLAIN
            },
            ..Options::all(Operation::CrossEntropy)[0]
        },
        ..of(Operation::CrossEntropyFused, single)
    };
    vec![
        (
            of(Operation::LogSumExp, one_invocation),
            vec![long(Inputs::OneMaxOverConstant), long(Inputs::Ascending)],
        ),
        (fused, vec![tall(Inputs::Flat)]),
        (
            of(Operation::Softmax, single),
            vec![tall(Inputs::PlantedOutliers)],
        ),
    ]
}
