//! Every program.

use wgpu_softmax::DType;
use wgpu_softmax::shader::{Program, Stage, Strided};
use wgpu_softmax::variant::{Access, KernelOptions, Masking, Operation, Reduce, Shares};

/// Returns every program that a plan can need, with registers of a few lengths.
pub(crate) fn programs() -> Vec<Program> {
    let rows = [
        Stage::Partial,
        Stage::Streamed,
        Stage::Finish,
        Stage::Registers {
            quads: 1,
            whole: false,
            counted: 0,
        },
        Stage::Registers {
            quads: 3,
            whole: true,
            counted: 2,
        },
    ];
    let mut list: Vec<_> = [
        Stage::CountTargets,
        Stage::ReduceLosses,
        Stage::MergeTallies,
    ]
    .into_iter()
    .flat_map(|stage| tallied().map(move |form| Program::tally(stage, form, 256)))
    .collect();
    for (operation, form) in forms() {
        for &stage in stages(operation, form, &rows) {
            for (reduce, lanes) in [
                (Reduce::Invocation, 1),
                (Reduce::Subgroup, 8),
                (Reduce::Workgroup, 64),
            ] {
                // The place of the result does not matter to the way lanes merge.
                if form.in_place && reduce != Reduce::Workgroup {
                    continue;
                }
                for (access, int64, dtype) in storages(form) {
                    list.push(Program {
                        operation,
                        form,
                        stage,
                        reduce,
                        lanes,
                        workgroup: 64,
                        access,
                        int64,
                        dtype,
                        strided: None,
                    });
                }
            }
        }
    }
    list.extend(strided());
    list
}

/// Returns every program of rows on a strided axis.
fn strided() -> Vec<Program> {
    let mut list = Vec::new();
    for (operation, form) in forms() {
        for &stage in strided_stages(operation, form) {
            for (groups, whole) in [(1, false), (3, true)] {
                let storages = storages(form).filter(|(access, ..)| *access != Access::Shifted);
                for (access, int64, dtype) in storages {
                    list.push(Program {
                        operation,
                        form,
                        stage,
                        reduce: Reduce::Invocation,
                        lanes: 1,
                        workgroup: 64,
                        access,
                        int64,
                        dtype,
                        strided: Some(Strided { groups, whole }),
                    });
                }
            }
        }
    }
    list
}

fn strided_stages(operation: Operation, form: KernelOptions) -> &'static [Stage] {
    let whole_rows = &[
        Stage::Registers {
            quads: 3,
            whole: true,
            counted: 0,
        },
        Stage::Streamed,
        Stage::Finish,
        Stage::Partial,
        Stage::Combine,
    ];
    let shares_partial = shares_partial(operation, form);
    let by_quads = matches!(form.masking, Masking::AddedByQuads | Masking::KeptByQuads);
    match operation {
        // Only rows one after the other have these.
        _ if form.causal || by_quads => &[],
        Operation::PartialStatistic => &whole_rows[3..],
        Operation::CrossEntropyBackward => &[Stage::Elementwise],
        Operation::Jacobian => &[],
        Operation::RowOutputs => &[Stage::FromSaved],
        _ if Operation::SHARDED.contains(&operation) => &[],
        _ if shares_partial => &whole_rows[..3],
        _ => whole_rows,
    }
}

/// Returns every operation in every form.
fn forms() -> impl Iterator<Item = (Operation, KernelOptions)> {
    let all = Operation::ALL.into_iter().chain(Operation::SHARDED);
    let of_masks = KernelOptions::all(Operation::Softmax)
        .into_iter()
        .filter(|form| form.is_masked() && !form.in_place)
        .map(|form| (Operation::PartialStatistic, form));
    let every = all.chain([Operation::RowOutputs]).flat_map(|operation| {
        KernelOptions::all(operation)
            .into_iter()
            .map(move |form| (operation, form))
    });
    every.chain(of_masks)
}

/// Returns the forms that rows are counted by: with class ids, and with probabilities.
fn tallied() -> impl Iterator<Item = KernelOptions> {
    [Shares::Onehot, Shares::Probabilities]
        .into_iter()
        .map(|shares| KernelOptions {
            shares,
            ..KernelOptions::default()
        })
}

/// Returns every access to every storage type, by words and by 64-bit integers; only a few of them for forms of options, whose
/// code differs.
fn storages(form: KernelOptions) -> impl Iterator<Item = (Access, bool, DType)> {
    let with_each = move |access| {
        let by_u64 = DType::ALL.map(|dtype| (access, true, dtype));
        let by_u64 = by_u64.into_iter().filter(move |_| {
            access != Access::Words && (access != Access::Shifted || !form.in_place)
        });
        DType::ALL
            .map(|dtype| (access, false, dtype))
            .into_iter()
            .chain(by_u64)
    };
    let all = [Access::Quads, Access::Shifted, Access::Pairs, Access::Words];
    let few = |(access, _, dtype): &(Access, bool, DType)| match access {
        Access::Words => *dtype == DType::F16,
        Access::Pairs => false,
        _ => *dtype == DType::F32,
    };
    let wanted =
        move |storage: &(Access, bool, DType)| form == KernelOptions::default() || few(storage);
    all.into_iter().flat_map(with_each).filter(wanted)
}

/// True if one program folds the parts for everything computed from them: parts of logits only, and parts of any matrices for a
/// result written in place.
fn shares_partial(operation: Operation, form: KernelOptions) -> bool {
    form.in_place || (form.matrices_read(operation) == 1 && !form.is_dense())
}

fn stages(operation: Operation, form: KernelOptions, rows: &[Stage]) -> &[Stage] {
    let shares_partial = shares_partial(operation, form);
    match operation {
        Operation::PartialStatistic => &[Stage::Partial],
        Operation::MergeStatistics => &[Stage::Merge],
        _ if operation.is_per_row() => &[Stage::FromSaved],
        _ if operation.is_elementwise() => &[
            Stage::Elementwise,
            Stage::Unrolled {
                quads: 3,
                whole: false,
            },
        ],
        _ if shares_partial => &rows[1..],
        _ => rows,
    }
}
