//! Traits of kernels, and the pairs of traits that are to meet.

use super::candidates::Candidate;
use super::cover::Pair;
use super::options::MaskOf;
use super::subject::Subject;
use crate::spec::dtype::DType;
use crate::variant::{Family, Operation, Reduce};

/// Lists the pairs of traits of a candidate, each by its number, that are to meet: traits whose code is joined in one program by
/// more than their names.
pub(super) fn pairs_of(candidate: &Candidate) -> Vec<Pair> {
    let Candidate { subject, variant } = candidate;
    let Subject {
        operation: of,
        options,
        ..
    } = *subject;
    let kernel_options = options.kernel_options(of);

    let operation = of as u32;
    let dtype = subject.dtype as u32;
    let in_place = u32::from(subject.in_place);
    let in_registers = matches!(variant.family, Family::Registers { .. });
    let strided = u32::from(variant.groups > 0);
    let family = 4 * (2 * strided + u32::from(of.is_elementwise()))
        + match variant.family {
            Family::Registers { .. } => 0,
            Family::Streamed => 1,
            Family::Split { .. } => 2,
            Family::Elementwise { .. } => 3,
        };
    let groups = variant.groups;
    let reduce = match variant.reduce {
        Reduce::Invocation => 0,
        Reduce::Subgroup => 1000 + variant.lanes,
        Reduce::Workgroup => 2000 + variant.lanes,
        Reduce::Hybrid { .. } => 3000 + variant.lanes,
    };
    let access = 2 * variant.access as u32 + u32::from(variant.int64);
    let storage = 8 * dtype + access;
    // 1 if one column of a row is written separately: that of the target, or of the diagonal.
    let single = u32::from(match of {
        Operation::CrossEntropyBackward
        | Operation::CrossEntropyFused
        | Operation::CrossEntropyFromPairs => !kernel_options.is_dense(),
        _ => of == Operation::Jacobian,
    });
    // 1 if a second matrix is read.
    let second = u32::from(kernel_options.matrices_read(of) > 1);
    let target_kind = kernel_options.target_kind as u32;
    let capped = u32::from(kernel_options.capped);
    let asked = options.row_outputs as u32;
    let auxiliary = u32::from(kernel_options.is_auxiliary());
    let dense = u32::from(kernel_options.is_dense());
    let masking = options.mask.map_or(0, |mask| {
        1 + 2 * u32::from(mask.of == MaskOf::Rows) + mask.kind as u32
    });
    let masked = u32::from(options.mask.is_some());
    let causal = u32::from(options.causal);
    let sink = u32::from(kernel_options.sink);
    // 1 if kernels of bins serve causal rows.
    let by_bins = u32::from(options.causal && in_registers && variant.lanes == 1);

    let of_all = [
        (operation, family),
        (operation, reduce),
        (operation, access),
        (operation, dtype),
        (operation, in_place),
        (family, reduce),
        (family, access),
        (family, dtype),
        (family, in_place),
        (reduce, access),
        (storage, 2 * in_place + single),
        (storage, strided),
        (storage, second),
        (family, groups),
    ];
    // Only operations of one kind have these options, so that these do not meet other options.
    let of_targets = [
        (operation, target_kind),
        (operation, capped),
        (operation, asked),
        (family, single),
        (family, target_kind),
        (family, capped),
        (family, asked),
        (family, 2 * auxiliary + dense),
        (reduce, target_kind),
        (reduce, asked),
        (dtype, target_kind),
        (in_place, asked),
        (target_kind, capped),
        (target_kind, asked),
        (capped, asked),
        (operation, masking),
        (family, masked),
        (target_kind, masked),
        (capped, masked),
        (asked, masked),
        (2 * in_place + single, masked),
    ];
    let of_masks = [
        (operation, masking),
        (operation, causal),
        (family, masking),
        (family, causal),
        (reduce, causal),
        (operation, by_bins),
        (8 * strided + access, masking),
        (access, causal),
        (in_place, masking),
        (dtype, masking),
        (masking, causal),
    ];
    // What it adds to a row is done once the row is folded; rounding to 16 bits would hide what is wrong with it.
    let exact_sink = u32::from(kernel_options.sink && subject.dtype == DType::F32);
    let of_sinks = [(operation, exact_sink), (family, sink)];
    let all = [
        (true, &of_all[..]),
        (of.has_targets(), &of_targets),
        (of.takes_masks(), &of_masks),
        (of.takes_sinks(), &of_sinks),
    ];
    let mut numbers = 0..;
    let mut met = Vec::new();
    for (meet, pairs) in all {
        let numbered = pairs.iter().zip(numbers.by_ref());
        met.extend(
            numbered
                .filter(|_| meet)
                .map(|((a, b), number)| (number << 20 | a, *b)),
        );
    }
    met
}
