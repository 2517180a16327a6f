//! Traits of kernels, and the pairs of traits that are to meet.

use super::candidates::Candidate;
use super::cover::Pair;
use super::options::{MaskOf, has_targets, takes_masks};
use crate::variant::{Family, Operation, Reduce};

/// The traits of a candidate, by number.
struct Traits {
    operation: u32,
    family: u32,
    reduce: u32,
    access: u32,
    dtype: u32,
    in_place: u32,
    /// 1 if one column of a row is written separately: that of the target, or of the diagonal.
    single: u32,
    strided: u32,
    groups: u32,
    target_kind: u32,
    capped: u32,
    asked: u32,
    auxiliary: u32,
    dense: u32,
    masking: u32,
    causal: u32,
    /// 1 if kernels of bins serve causal rows.
    by_bins: u32,
}

impl Traits {
    fn of(candidate: &Candidate) -> Self {
        let Candidate {
            operation,
            variant,
            options,
            ..
        } = candidate;
        let family = match variant.family {
            Family::Registers { .. } => 0,
            Family::Streamed => 1,
            Family::Split { .. } => 2,
            Family::Elementwise { .. } => 3,
        };
        let kernel_options = options.kernel_options(*operation);
        let elementwise = u32::from(operation.is_elementwise());
        let strided = u32::from(variant.groups > 0);
        Self {
            operation: *operation as u32,
            family: 4 * (2 * strided + elementwise) + family,
            reduce: match variant.reduce {
                Reduce::Invocation => 0,
                Reduce::Subgroup => 1000 + variant.lanes,
                Reduce::Workgroup => 2000 + variant.lanes,
                Reduce::Hybrid { .. } => 3000 + variant.lanes,
            },
            access: 2 * variant.access as u32 + u32::from(variant.int64),
            dtype: candidate.dtype as u32,
            in_place: u32::from(candidate.in_place),
            single: u32::from(match operation {
                Operation::CrossEntropyBackward
                | Operation::CrossEntropyFused
                | Operation::CrossEntropyFromPairs => !kernel_options.is_dense(),
                _ => *operation == Operation::Jacobian,
            }),
            strided,
            groups: variant.groups,
            target_kind: kernel_options.target_kind as u32,
            capped: u32::from(kernel_options.capped),
            asked: options.row_outputs as u32,
            auxiliary: u32::from(kernel_options.is_auxiliary()),
            dense: u32::from(kernel_options.is_dense()),
            masking: match options.mask {
                None => 0,
                Some(mask) => 1 + 2 * u32::from(mask.of == MaskOf::Rows) + mask.kind as u32,
            },
            causal: u32::from(options.causal),
            by_bins: u32::from(options.causal && family == 0 && variant.lanes == 1),
        }
    }
}

/// Lists the pairs of traits of a candidate that are to meet: traits whose code is joined in one program by more than their
/// names.
pub(super) fn pairs_of(candidate: &Candidate) -> Vec<Pair> {
    let traits = Traits::of(candidate);
    let Traits {
        operation,
        family,
        reduce,
        access,
        dtype,
        in_place,
        single,
        strided,
        groups,
        target_kind,
        capped,
        asked,
        auxiliary,
        dense,
        masking,
        causal,
        by_bins,
    } = traits;
    let storage = 8 * dtype + access;
    let mut met = vec![
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
        (family, groups),
    ];
    // Only operations of one kind have these options, so that these do not meet other options.
    let of_targets = [
        (operation, target_kind),
        (operation, capped),
        (operation, asked),
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
    let first = met.len() as u32;
    if has_targets(candidate.operation) {
        met.extend(of_targets);
    }
    let second = first + of_targets.len() as u32;
    let numbered = |(index, (a, b)): (u32, (u32, u32))| (index << 20 | a, b);
    let mut pairs: Vec<_> = (0..).zip(met).map(numbered).collect();
    if takes_masks(candidate.operation) {
        pairs.extend((second..).zip(of_masks).map(numbered));
    }
    pairs
}
