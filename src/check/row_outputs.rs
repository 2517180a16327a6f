//! Row outputs of a case: expected and found.

use super::bounds;
use super::case::Case;
use super::expected::Expected;
use super::kinds::{Asked, BEYOND_32_BITS, Kind};
use crate::reference::{CrossEntropy, Targets};
use crate::spec::dtype::DType;
use crate::spec::row_outputs::{RowLayout, RowOutputs};
use crate::spec::target_type::TargetType;

/// Number of candidates a row.
const CANDIDATES: usize = 2;

/// Value that stands for no class, as the checks compare it.
const NONE: f32 = u32::MAX as f32;

/// Returns the row outputs to request for targets of this kind.
pub(super) fn wanted(kind: Kind, asked: Asked) -> RowOutputs {
    if asked == Asked::Nothing {
        return RowOutputs::default();
    }
    let argmax = matches!(asked, Asked::Argmax | Asked::Everything);
    let has_ids = kind != Kind::Probs;
    RowOutputs {
        target_log_prob: has_ids,
        log_probs_of: CANDIDATES as u32,
        entropy: matches!(asked, Asked::Entropy | Asked::Everything),
        argmax,
        hit: has_ids && argmax,
        max_prob: true,
        z_loss: true,
    }
}

/// Returns a class of the row for every candidate, except for a few that are out of range; for i64 some are by their upper word
/// only.
pub(super) fn candidates(rows: usize, cols: usize, stored: TargetType) -> Vec<i64> {
    let class = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let candidate = |n: usize| match (n % 11, stored) {
        (10, _) => class(cols),
        (5, TargetType::I64) => BEYOND_32_BITS + class(n * 7919 % cols),
        _ => class(n * 7919 % cols),
    };
    (0..rows * CANDIDATES).map(candidate).collect()
}

/// Returns the values of the reference, in the order of [`found`].
pub(super) fn expected(
    case: &Case,
    of: &CrossEntropy,
    logits: &[f32],
    targets: Targets<'_>,
) -> Vec<Expected> {
    let rows = of.row_outputs(logits, targets);
    let ids = &case.candidates;
    let exact = || vec![0.0; case.of.rows];
    let class = |class: Option<usize>| class.map_or(f64::from(NONE), |class| class as f64);
    let hit = |hit| f64::from(u8::from(hit));
    let asked = case.spec.row_outputs;
    let log_probs = of.log_probs_of(logits, ids, CANDIDATES);
    let of_log_probs = bounds::log_probs_of(of, logits, ids, CANDIDATES);
    let of_z_loss = bounds::z_loss(of, logits, targets);
    let of_target = || bounds::target_log_prob(of, logits, targets);
    let argmax = || rows.argmax.into_iter().map(class).collect();
    let hits = || rows.top1_hits.into_iter().map(hit).collect();
    let list = [
        Some(("log_probs", log_probs, of_log_probs)),
        (asked.entropy).then(|| ("entropy", rows.entropies, bounds::entropy(of, logits))),
        (asked.argmax).then(|| ("argmax", argmax(), exact())),
        Some(("max_prob", rows.max_probs, bounds::max_prob(of, logits))),
        Some(("z_loss", rows.z_losses, of_z_loss)),
        (asked.target_log_prob).then(|| ("target_log_prob", rows.target_log_probs, of_target())),
        (asked.hit).then(|| ("hit", hits(), exact())),
    ];
    let per_row = |(name, values, allowed)| Expected {
        name,
        values,
        allowed,
        cols: if name == "log_probs" { CANDIDATES } else { 1 },
        dtype: DType::F32,
    };
    list.into_iter().flatten().map(per_row).collect()
}

/// Splits the words of the rows by output.
pub(super) fn found(case: &Case, layout: &RowLayout, words: &[u32]) -> Vec<Vec<f32>> {
    let rows = || words.chunks_exact(layout.words as usize);
    let column = |place: u32| rows().map(move |row| row[place as usize]);
    let words = |place: Option<u32>| place.map(|place| column(place).collect::<Vec<_>>());
    let floats =
        |place: Option<u32>| place.map(|place| column(place).map(f32::from_bits).collect());
    let candidates = layout.log_probs.start as usize..layout.log_probs.end as usize;
    let log_probs = rows().flat_map(|row| &row[candidates.clone()]).copied();
    let argmax = words(layout.argmax);
    let hits = words(layout.hit).zip(argmax.as_deref());
    let list = [
        Some(log_probs.map(f32::from_bits).collect()),
        floats(layout.entropy),
        argmax.as_deref().map(|argmax| judged_classes(case, argmax)),
        floats(layout.max_prob),
        floats(layout.z_loss),
        floats(layout.target_log_prob),
        hits.map(|(hits, argmax)| judged_hits(case, argmax, &hits)),
    ];
    list.into_iter().flatten().collect()
}

/// Returns each class as it was found; where a class other than the expected one is allowed, the expected one.
fn judged_classes(case: &Case, argmax: &[u32]) -> Vec<f32> {
    let (expected, reference) = (case.values_of("argmax"), case.reference());
    let judged = |(row, &class): (usize, &u32)| {
        let logits = &case.first[row * case.of.cols..][..case.of.cols];
        let found = (class != u32::MAX).then_some(class as usize);
        match bounds::may_be_argmax(&reference.for_row(row), logits, found) {
            true => expected[row] as f32,
            false => class as f32,
        }
    };
    argmax.iter().enumerate().map(judged).collect()
}

/// Returns the expected hit where the hit found is right for the class found, else NaN.
fn judged_hits(case: &Case, argmax: &[u32], hits: &[u32]) -> Vec<f32> {
    let expected = case.values_of("hit");
    let judged = |(row, &hit): (usize, &u32)| {
        let is_ignored = case.row_weight.get(row) == Some(&0.0);
        let is_target = !is_ignored && i64::from(argmax[row]) == case.ids[row];
        match hit == u32::from(is_target) {
            true => expected[row] as f32,
            false => f32::NAN,
        }
    };
    hits.iter().enumerate().map(judged).collect()
}
