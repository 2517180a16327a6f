//! Class ids of every type: classes, ignored ids, and bad ids.

use wgpu_softmax::check::Inputs;
use wgpu_softmax::{Reduction, TargetType};

use crate::common::found::Found;
use crate::common::problem::Problem;
use crate::common::{bits, gpu};

/// Unaligned, with idle lanes in every variant.
const COLS: usize = LAST as usize + 1;
const LAST: i64 = 44;
/// Difference that the upper word makes to an id.
const HIGH: i64 = 1 << 32;

/// Fate of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Counts,
    Ignored,
    Bad,
}
use Fate::{Bad, Counts, Ignored};

fn problem(stored_as: TargetType, ids: &[i64]) -> Problem {
    let logits = Inputs::Peaked.logits(ids.len(), COLS, 3);
    Problem::of_ids(COLS, logits, ids).ids_as(stored_as)
}

/// Fails unless every row of every kind of kernel has its fate, and the rows that count have exactly the bits that they have
/// without the others.
#[track_caller]
fn assert_fates(stored_as: TargetType, ignored: Option<i64>, rows: &[(i64, Fate)]) {
    let (ids, fates): (Vec<_>, Vec<_>) = rows.iter().copied().unzip();
    let plain: Vec<i64> = rows
        .iter()
        .map(|&(id, fate)| if fate == Counts { id } else { 0 })
        .collect();
    let plain = problem(TargetType::I32, &plain).reduction(Reduction::None);
    let mut given = problem(stored_as, &ids).reduction(Reduction::None);
    if let Some(id) = ignored {
        given = given.ignore_index(id);
    }
    let alone = plain.fused(gpu(), None);
    given.on_every_kernel(|found, kernel| {
        for (row, &fate) in fates.iter().enumerate() {
            let what = format!(
                "{kernel}: {} as {stored_as:?}, ignoring {ignored:?}",
                ids[row]
            );
            assert_eq!(fate_of(found, row), fate, "{what}");
        }
        assert_counts(found, &fates, kernel);
    });
    let preferred = given.fused(gpu(), None);
    for row in (0..rows.len()).filter(|&row| fates[row] == Counts) {
        let both = [&preferred, &alone].map(|of| (of.losses[row].to_bits(), bits(grad(of, row))));
        assert_eq!(both[0], both[1], "row {row}");
    }
}

fn grad(found: &Found, row: usize) -> &[f32] {
    &found.grad[row * COLS..][..COLS]
}

#[track_caller]
fn fate_of(found: &Found, row: usize) -> Fate {
    let (loss, grad) = (found.losses[row], grad(found, row));
    match loss {
        _ if loss.is_nan() && grad.iter().all(|g| g.is_nan()) => Bad,
        0.0 if grad.iter().all(|g| g.to_bits() == 0) => Ignored,
        _ if loss > 0.0 && grad.iter().all(|g| g.is_finite()) => Counts,
        _ => panic!("row {row} has loss {loss} and gradient {grad:?}"),
    }
}

#[track_caller]
fn assert_counts(found: &Found, fates: &[Fate], kernel: &str) {
    let status = found.status;
    let of = |fate| fates.iter().filter(|&&other| other == fate).count() as u32;
    let first = fates.iter().position(|&fate| fate == Bad);
    let first = first.map_or(u32::MAX, |row| row as u32);
    let counted = (status.valid_rows, status.bad_targets, status.first_bad_row);
    assert_eq!(counted, (of(Counts), of(Bad), first), "{kernel}");
    assert_eq!((status.nan_rows, status.infinite_rows), (0, 0), "{kernel}");
    assert!(found.lse.iter().all(|lse| lse.is_finite()), "{kernel}");
}

#[test]
fn the_high_word_of_an_i64_counts() {
    assert_fates(
        TargetType::I64,
        None,
        &[
            (3, Counts),
            (HIGH + 1, Bad),
            (LAST, Counts),
            (i64::MIN + 1, Bad),
            (-HIGH, Bad),
            (0, Counts),
            (i64::from(u32::MAX) * HIGH + 7, Bad),
            (LAST + 1, Bad),
            (-1, Bad),
            (i64::MAX, Bad),
            (LAST, Counts),
        ],
    );
}

/// Words that have a meaning elsewhere: no column, no row, a NaN, an infinity, poison.
#[test]
fn words_of_other_meanings_are_ids_out_of_range() {
    let words = [
        0xffff_ffff,
        0x7fff_ffff,
        0x8000_0000,
        0x7fc0_0000,
        0xff80_0000,
        0xdead_beef,
    ];
    let bad = words.map(|word: i64| (word, Bad));
    let rows = [&[(LAST, Counts)], &bad[..], &[(0, Counts)]].concat();
    assert_fates(TargetType::U32, None, &rows);
    assert_fates(TargetType::I64, None, &rows);
    let signed = words.map(|word| (i64::from((word as u32).cast_signed()), Bad));
    let rows = [&[(LAST, Counts)], &signed[..], &[(0, Counts)]].concat();
    assert_fates(TargetType::I32, None, &rows);
}

#[test]
fn unsigned_ids_have_no_sign() {
    let rows = [
        (1, Counts),
        (4_000_000_000, Bad),
        (LAST, Counts),
        (LAST + 1, Bad),
    ];
    assert_fates(TargetType::U32, None, &rows);
    let minus_100 = HIGH - 100;
    let rows = [(2, Counts), (minus_100, Bad)];
    assert_fates(TargetType::U32, Some(-100), &rows);
    let rows = [(2, Counts), (minus_100, Ignored)];
    assert_fates(TargetType::U32, Some(minus_100), &rows);
}

#[test]
fn signed_ids_have_one() {
    let rows = [
        (-1, Bad),
        (1, Counts),
        (-100, Ignored),
        (i64::from(i32::MIN), Bad),
    ];
    assert_fates(TargetType::I32, Some(-100), &rows);
    // The same low word.
    assert_fates(
        TargetType::I32,
        Some(HIGH - 100),
        &[(2, Counts), (-100, Bad)],
    );
}

/// The whole of an id is compared with the ignored one: for 2^40, 2^32 + 7 and -2^63 only the low word is a class.
#[test]
fn an_ignored_id_may_lie_outside_i32() {
    for ignored in [1 << 40, HIGH + 7, i64::MIN, i64::MAX, -100] {
        let low = ignored & (HIGH - 1);
        let rows = [
            (0, Counts),
            (7, Counts),
            (ignored, Ignored),
            (ignored ^ (1 << 50), Bad),
            (ignored ^ (1 << 41), Bad),
            (low, if low <= LAST { Counts } else { Bad }),
            (LAST, Counts),
        ];
        assert_fates(TargetType::I64, Some(ignored), &rows);
    }
}

#[test]
fn an_ignored_id_may_be_a_class() {
    for stored_as in [TargetType::I32, TargetType::U32, TargetType::I64] {
        for ignored in [0, 7, LAST] {
            let fate = |id| if id == ignored { Ignored } else { Counts };
            let rows = [LAST, 7, 0, 1, LAST].map(|id| (id, fate(id)));
            assert_fates(stored_as, Some(ignored), &rows);
        }
    }
}

/// The mean is NaN, and the gradient of the rows that count is divided by their number.
#[test]
fn a_bad_id_spoils_the_mean_and_no_other_gradient() {
    let ids = [5, HIGH + 5, 5, -HIGH, LAST];
    let mean = problem(TargetType::I64, &ids).fused(gpu(), None);
    let rows = problem(TargetType::I64, &ids)
        .reduction(Reduction::None)
        .fused(gpu(), None);
    assert!(mean.losses[0].is_nan() && mean.losses.len() == 1);
    for (row, id) in ids.into_iter().enumerate() {
        let divided = grad(&rows, row).iter().map(|g| g / 3.0);
        let close =
            |(found, expected): (&f32, f32)| (found - expected).abs() <= 4e-7 * expected.abs();
        let bad = !(0..=LAST).contains(&id);
        assert_eq!(
            grad(&mean, row).iter().all(|g| g.is_nan()),
            bad,
            "row {row}"
        );
        assert_eq!(
            grad(&mean, row).iter().zip(divided).all(close),
            !bad,
            "row {row}"
        );
    }
}
