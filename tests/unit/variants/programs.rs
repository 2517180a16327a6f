//! Every program.

use wgpu_softmax::DType;
use wgpu_softmax::shader::{Program, Stage};
use wgpu_softmax::variant::{
    Access, Family, KernelOptions, Masking, Operation, Product, Reduce, TargetKind, Tile, Variant,
};

/// Returns every program that a plan can need, with registers of a few lengths.
pub(crate) fn programs() -> Vec<Program> {
    let mut list: Vec<_> = [
        Stage::CountTargets,
        Stage::ReduceLosses,
        Stage::SumLosses,
        Stage::MergeTallies,
    ]
    .into_iter()
    .flat_map(|stage| tallied().map(move |options| Program::tally(stage, options, 256)))
    .collect();
    for (operation, options) in every_options() {
        for registers in stages(operation, options) {
            for (reduce, lanes) in [
                (Reduce::Invocation, 1),
                (Reduce::Subgroup, 8),
                (Reduce::Hybrid { subgroup: 4 }, 64),
                (Reduce::Workgroup, 64),
            ] {
                // The place of the result does not matter to the way lanes merge.
                if options.in_place && reduce != Reduce::Workgroup {
                    continue;
                }
                let lanes = (reduce, lanes, 0);
                let storages = storages(options);
                let program = |storage| program((operation, options), registers, lanes, storage);
                list.extend(storages.map(program));
            }
        }
    }
    list.extend(strided());
    list.extend(linear());
    list
}

/// Returns every program of a linear layer.
pub(crate) fn linear() -> Vec<Program> {
    let mut list = vec![Program::of_linear(Stage::ColumnSums, DType::F32, 64)];
    for dtype in DType::ALL {
        for product in Product::ALL {
            for tile in Tile::ALL {
                list.push(Program::gemm(product, tile, dtype, false));
            }
            list.push(Program::gemm(product, Tile::SHARED, dtype, true));
        }
        if dtype != DType::F32 {
            list.push(Program::of_linear(Stage::Narrow, dtype, 64));
        }
    }
    list
}

/// Returns every program of rows on a strided axis.
fn strided() -> Vec<Program> {
    let mut list = Vec::new();
    for (operation, options) in every_options() {
        for &stage in strided_stages(operation, options) {
            for (groups, whole) in [(1, false), (3, true)] {
                let registers = (stage, 3, whole, 0);
                let lanes = (Reduce::Invocation, 1, groups);
                let storages = storages(options).filter(|(access, ..)| *access != Access::Shifted);
                let program = |storage| program((operation, options), registers, lanes, storage);
                list.extend(storages.map(program));
            }
        }
    }
    list
}

/// A stage, the quads of a lane if the row is in registers, true if these lie wholly within the row, and how many of them every
/// causal row counts.
type Registers = (Stage, u32, bool, u32);

fn program(
    (operation, options): (Operation, KernelOptions),
    (stage, quads, whole, counted): Registers,
    (reduce, lanes, groups): (Reduce, u32, u32),
    (access, int64, dtype): (Access, bool, DType),
) -> Program {
    Program {
        operation,
        options,
        stage,
        variant: Variant {
            family: match stage {
                Stage::Registers | Stage::Unrolled => Family::Registers { quads },
                _ => Family::Streamed,
            },
            reduce,
            lanes,
            workgroup: 64,
            access,
            int64,
            groups,
        },
        dtype,
        whole,
        counted,
    }
}

fn strided_stages(operation: Operation, options: KernelOptions) -> &'static [Stage] {
    let whole_rows = &[
        Stage::Registers,
        Stage::Streamed,
        Stage::Finish,
        Stage::Partial,
        Stage::Combine,
    ];
    let shares_partial = shares_partial(operation, options);
    let by_quads = matches!(
        options.masking,
        Masking::AddedByQuads | Masking::KeptByQuads
    );
    match operation {
        // Only rows one after the other have these.
        _ if options.causal || by_quads || options.row_scaled => &[],
        Operation::PartialStatistic => &whole_rows[3..],
        Operation::CrossEntropyBackward => &[Stage::Elementwise],
        Operation::Jacobian => &[],
        Operation::RowOutputs => &[Stage::FromSaved],
        Operation::RowTerms => &[],
        _ if Operation::SHARDED.contains(&operation) => &[],
        _ if shares_partial => &whole_rows[..3],
        _ => whole_rows,
    }
}

/// Returns every operation in every options.
fn every_options() -> impl Iterator<Item = (Operation, KernelOptions)> {
    let all = Operation::ALL.into_iter().chain(Operation::SHARDED);
    let of_masks = KernelOptions::all(Operation::Softmax)
        .into_iter()
        .filter(|options| options.is_masked() && !options.in_place && !options.sink)
        .map(|options| (Operation::PartialStatistic, options));
    let every = all
        .chain([Operation::RowOutputs, Operation::RowTerms])
        .flat_map(|operation| {
            KernelOptions::all(operation)
                .into_iter()
                .map(move |options| (operation, options))
        });
    every.chain(of_masks)
}

/// Returns the options that rows are counted by: with class ids and with probabilities, and each with weights of rows.
fn tallied() -> impl Iterator<Item = KernelOptions> {
    let kinds = [TargetKind::OneHot, TargetKind::Probabilities];
    let with_weights = [(false, false), (true, false), (true, true)];
    kinds.into_iter().flat_map(move |target_kind| {
        with_weights.map(|(loss_options, row_weighted)| KernelOptions {
            target_kind,
            loss_options,
            row_weighted,
            ..KernelOptions::default()
        })
    })
}

/// Returns every access to every storage type, by words and by 64-bit integers; only a few of them for every_options of options, whose
/// code differs.
fn storages(options: KernelOptions) -> impl Iterator<Item = (Access, bool, DType)> {
    let with_each = move |access| {
        let by_u64 = DType::ALL.map(|dtype| (access, true, dtype));
        let by_u64 = by_u64.into_iter().filter(move |_| {
            access != Access::Words && (access != Access::Shifted || !options.in_place)
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
        move |storage: &(Access, bool, DType)| options == KernelOptions::default() || few(storage);
    all.into_iter().flat_map(with_each).filter(wanted)
}

/// True if one program folds the parts for everything computed from them: parts of logits only, and parts of any matrices for a
/// result written in place, or with sinks.
fn shares_partial(operation: Operation, options: KernelOptions) -> bool {
    options.in_place
        || options.sink
        || (options.matrices_read(operation) == 1 && !options.is_dense())
}

fn stages(operation: Operation, options: KernelOptions) -> Vec<Registers> {
    let plain = |stage| (stage, 0, false, 0);
    let partial = (!shares_partial(operation, options)).then_some(Stage::Partial);
    match operation {
        Operation::PartialStatistic => vec![plain(Stage::Partial)],
        Operation::MergeStatistics => vec![plain(Stage::Merge)],
        _ if operation.is_per_row() => vec![plain(Stage::FromSaved)],
        _ if operation.is_elementwise() => {
            vec![plain(Stage::Elementwise), (Stage::Unrolled, 3, false, 0)]
        }
        _ => {
            let more = [Stage::Streamed, Stage::Finish].map(plain);
            let registers = [(1, false, 0), (3, true, 2)];
            let registers =
                registers.map(|(quads, whole, counted)| (Stage::Registers, quads, whole, counted));
            let all = partial.map(plain).into_iter().chain(more).chain(registers);
            all.collect()
        }
    }
}
