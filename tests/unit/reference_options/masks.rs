//! Masks on softmax, log-softmax and logsumexp.

use super::{INF, NAN, all_nan, assert_close, close};
use proptest::prelude::*;
use wgpu_softmax::EmptyRows;
use wgpu_softmax::reference::{Columns, Masked, log_softmax, logsumexp, softmax};

const LOGITS: [f32; 4] = [2.0, 1.0, 0.0, -1.0];
const ADDED: [f32; 4] = [0.5, -1.0, 3.0, 0.25];

/// Returns probabilities, log-probabilities and logsumexp.
fn all(logits: &[f32], masked: Masked<'_>) -> [Vec<f64>; 3] {
    [
        softmax(logits, masked),
        log_softmax(logits, masked),
        logsumexp(logits, masked),
    ]
}

fn same(a: &[Vec<f64>; 3], b: &[Vec<f64>; 3]) -> bool {
    let bits = |values: &[Vec<f64>; 3]| values.concat().iter().map(|v| v.to_bits()).collect();
    let [a, b]: [Vec<u64>; 2] = [bits(a), bits(b)];
    a == b
}

/// Numbers computed in decimal arithmetic, elsewhere.
#[test]
fn published_formulas() {
    let half = Masked::new(Columns::new(4).scale(0.5)).additive(&ADDED);
    let [p, w, lse] = all(&LOGITS, half);
    let lse_expected = 3.256_270_157_214_874;
    assert_close(&lse, &[lse_expected], 1e-15);
    let z = [1.5, -0.5, 3.0, -0.25];
    assert_close(&w, &z.map(|z| z - lse_expected), 2e-15);
    let expected = [
        0.172_687_762_326_953_24,
        0.023_370_747_226_015_07,
        0.773_932_857_001_843_8,
        0.030_008_633_445_187_88,
    ];
    assert_close(&p, &expected, 1e-15);

    let kept = half.kept(&[true, true, false, true]);
    let [p, w, lse] = all(&LOGITS, kept);
    assert_close(&lse, &[1.769_346_926_293_858], 1e-15);
    let expected = [
        0.763_878_200_240_544,
        0.103_379_672_587_827_96,
        0.0,
        0.132_742_127_171_628_1,
    ];
    assert_close(&p, &expected, 1e-15);
    assert_eq!((p[2], w[2]), (0.0, f64::NEG_INFINITY));
}

#[test]
fn rows_have_their_own_masks() {
    let logits = [0.0, 0.0, 0.0, 0.0];
    let added = [0.0, -INF, -INF, 7.0];
    assert_eq!(
        softmax(&logits, Masked::new(2).additive(&added)),
        [1.0, 0.0, 0.0, 1.0]
    );
    let kept = [true, false, true, true];
    assert_eq!(
        softmax(&logits, Masked::new(2).kept(&kept)),
        [1.0, 0.0, 0.5, 0.5]
    );
}

/// Neither the excluded logit nor the mask added to it is read.
#[test]
fn an_excluded_logit_is_never_looked_at() {
    let kept = [true, false, true];
    let plain = all(&[1.0, 0.0, 2.0], Masked::new(3).kept(&kept));
    assert_eq!(plain[0][1], 0.0);
    for hidden in [NAN, INF, -INF, f32::MAX] {
        let logits = [1.0, hidden, 2.0];
        let additive = [0.0, hidden, 0.0];
        let masked = Masked::new(3).kept(&kept);
        assert!(same(&all(&logits, masked), &plain));
        assert!(same(&all(&logits, masked.additive(&additive)), &plain));
    }
}

#[test]
fn a_spoilt_row_is_nan_where_it_is_excluded_too() {
    for policy in [EmptyRows::Nan, EmptyRows::Zero] {
        for (spoiler, expected) in [(NAN, f64::NAN), (INF, f64::INFINITY)] {
            let logits = [spoiler, 0.0, 1.0, 0.0];
            let kept = [true, false, true, true];
            let masked = Masked::new(2).kept(&kept).empty_rows(policy);
            let [p, w, lse] = all(&logits, masked);
            assert!(all_nan(&p[..2]) && all_nan(&w[..2]));
            assert_eq!(lse[0].to_bits(), expected.to_bits());
            assert!(p[2..].iter().chain(&w[2..]).all(|value| value.is_finite()));
        }
    }
}

/// Scale and mask come first: special values are classified in `z`, with IEEE's sums.
#[test]
fn special_values_of_the_sum() {
    let cases = [
        (INF, -INF, f64::NAN),
        (-INF, INF, f64::NAN),
        (NAN, -INF, f64::NAN),
        (0.0, NAN, f64::NAN),
        (0.0, INF, f64::INFINITY),
        (INF, f32::MIN, f64::INFINITY),
        (-INF, f32::MAX, 0.0),
        (0.0, -INF, 0.0),
        (f32::MAX, f32::MAX, 2.0 * f64::from(f32::MAX)),
        (f32::MIN, f32::MIN, 0.0),
        (f32::MAX, f32::MIN, 2_f64.ln()),
        (f32::MAX, 1e30, f64::from(f32::MAX) + f64::from(1e30_f32)),
    ];
    for (x, added, lse) in cases {
        let (logits, added) = ([x, 0.0], [added, 0.0]);
        let found = logsumexp(&logits, Masked::new(2).additive(&added))[0];
        assert_eq!(found.to_bits(), lse.to_bits(), "{x} + {added:?} is {found}");
    }
    // The product is beyond f32 before the mask brings it back.
    let twice = Masked::new(Columns::new(2).scale(2.0)).additive(&[f32::MIN, 0.0]);
    let sum = 2.0 * f64::from(3e38_f32) - f64::from(f32::MAX);
    assert_eq!(logsumexp(&[3e38, 0.0], twice), [sum]);
}

#[test]
fn nothing_left() {
    let logits = [1.0, 2.0];
    let (none, added) = ([false, false], [-INF, -INF]);
    let nothing = [
        (logits, Masked::new(2).kept(&none)),
        (logits, Masked::new(2).additive(&added)),
        (
            logits,
            Masked::new(2).additive(&[-INF, 0.0]).kept(&[true, false]),
        ),
        ([NAN, INF], Masked::new(2).kept(&none)),
        ([-INF, -INF], Masked::new(2)),
        ([-INF, NAN], Masked::new(2).kept(&[true, false])),
    ];
    for (logits, masked) in nothing {
        let [p, w, lse] = all(&logits, masked);
        assert!(all_nan(&p) && all_nan(&w));
        assert_eq!(lse, [f64::NEG_INFINITY]);
        let [p, w, lse] = all(&logits, masked.empty_rows(EmptyRows::Zero));
        assert_eq!(p, [0.0; 2]);
        assert_eq!(w, [f64::NEG_INFINITY; 2]);
        assert_eq!(lse, [f64::NEG_INFINITY]);
    }
}

#[test]
#[should_panic(expected = "one element of the mask a logit")]
fn a_mask_that_is_not_expanded_panics() {
    softmax(&[0.0; 4], Masked::new(2).kept(&[true, false]));
}

fn logits_and_mask() -> impl Strategy<Value = (Vec<f32>, Vec<f32>, Vec<bool>)> {
    let value = || prop_oneof![8 => -50_f32..50.0, 1 => Just(-INF), 1 => -3e38_f32..3e38];
    (
        prop::collection::vec(value(), 12),
        prop::collection::vec(value(), 12),
        prop::collection::vec(any::<bool>(), 12),
    )
}

proptest! {
    /// The kept columns are a row of their own.
    #[test]
    fn excluded_columns_are_no_columns((logits, _, kept) in logits_and_mask()) {
        let masked = Masked::new(4).kept(&kept);
        let [p, w, lse] = all(&logits, masked);
        for row in 0..3 {
            let of = |column: &usize| row * 4 + column;
            let columns: Vec<usize> = (0..4).filter(|column| kept[of(column)]).collect();
            if columns.is_empty() {
                continue;
            }
            let left: Vec<f32> = columns.iter().map(|column| logits[of(column)]).collect();
            let expected = all(&left, Masked::new(columns.len()));
            let found = |values: &[f64]| columns.iter().map(|column| values[of(column)]).collect::<Vec<_>>();
            if expected[2][0] == f64::NEG_INFINITY {
                prop_assert!(lse[row] == f64::NEG_INFINITY);
                continue;
            }
            prop_assert!(close(&found(&p), &expected[0], 1e-15));
            prop_assert!(close(&found(&w), &expected[1], 1e-15));
            prop_assert!(close(&lse[row..=row], &expected[2], 1e-15));
        }
    }

    /// Adding `-inf` to a finite logit excludes it; a mask that keeps all, or adds 0, is none.
    #[test]
    fn one_mask_for_another((logits, added, kept) in logits_and_mask()) {
        let minus_infinity: Vec<f32> = kept.iter().map(|&kept| if kept { 0.0 } else { -INF }).collect();
        let [by_flag, by_number] = [Masked::new(4).kept(&kept), Masked::new(4).additive(&minus_infinity)];
        prop_assert!(same(&all(&logits, by_flag), &all(&logits, by_number)));
        let (every, zeros) = ([true; 12], [0.0; 12]);
        let off = Masked::new(4).kept(&every).additive(&zeros);
        prop_assert!(same(&all(&logits, off), &all(&logits, Masked::new(4))));
        let sums: Vec<f32> = logits.iter().zip(&added).map(|(x, m)| (x / 256.0).round() + (m / 256.0).round()).collect();
        let [logits, added] = [logits, added].map(|v| v.iter().map(|x| (x / 256.0).round()).collect::<Vec<_>>());
        if sums.iter().all(|z| z.abs() < 1e6 || !z.is_finite()) {
            prop_assert!(same(&all(&logits, Masked::new(4).additive(&added)), &all(&sums, Masked::new(4))));
        }
    }
}
