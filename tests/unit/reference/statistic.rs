//! The statistic of a row, and its merge.

use super::*;

fn parts() -> impl Strategy<Value = Vec<f32>> {
    let logit = prop_oneof![8 => -100_f32..100.0, 1 => Just(-INF), 1 => -3.4e38_f32..3.4e38];
    prop::collection::vec(logit, 0..40)
}

fn close(a: Statistic, b: Statistic) -> bool {
    let flags = |s: Statistic| (s.has_nan, s.has_positive_infinity);
    a.max == b.max && flags(a) == flags(b) && (a.sum - b.sum).abs() <= 1e-14 * b.sum
}

proptest! {
    #[test]
    fn merging_parts_gives_the_row(a in parts(), b in parts(), c in parts()) {
        let row = Statistic::of(&[a.clone(), b.clone(), c.clone()].concat());
        let [a, b, c] = [a, b, c].map(|part| Statistic::of(&part));
        prop_assert!(close(a.merge(b).merge(c), row));
        prop_assert!(close(a.merge(b.merge(c)), row));
        prop_assert_eq!(a.merge(b), b.merge(a));
    }

    #[test]
    fn empty_is_neutral(a in parts()) {
        let a = Statistic::of(&a);
        prop_assert_eq!(a.merge(Statistic::EMPTY), a);
        prop_assert_eq!(Statistic::EMPTY.merge(a), a);
    }
}

#[test]
fn nothing_finite_is_empty() {
    assert_eq!(Statistic::of::<f32>(&[]), Statistic::EMPTY);
    assert_eq!(Statistic::of(&[-INF, -INF]), Statistic::EMPTY);
    assert_eq!(Statistic::EMPTY.max, f64::MIN);
    assert_eq!(Statistic::EMPTY.sum, 0.0);
    assert_eq!(Statistic::EMPTY.lse(), f64::NEG_INFINITY);
    assert!(Statistic::EMPTY.poisoned());
}

#[test]
fn the_lowest_logit_is_not_nothing() {
    let lowest = Statistic::of(&[f32::MIN]);
    assert_eq!((lowest.max, lowest.sum), (f64::from(f32::MIN), 1.0));
    assert!(!lowest.poisoned());
}

#[test]
fn flags_survive_a_merge_and_numbers_do_too() {
    let nan = Statistic::of(&[1.0, NAN]);
    let infinite = Statistic::of(&[INF, 3.0]);
    let negative_nan = Statistic::of(&[f32::from_bits(0xFFC0_0001)]);
    assert!(nan.has_nan && !nan.has_positive_infinity && nan.poisoned() && nan.lse().is_nan());
    assert!(!infinite.has_nan && infinite.has_positive_infinity && infinite.poisoned());
    assert!(negative_nan.has_nan);
    assert_eq!(infinite.lse(), f64::INFINITY);
    for both in [nan.merge(infinite), infinite.merge(nan)] {
        assert!(both.has_nan && both.has_positive_infinity && both.lse().is_nan());
        assert_eq!((both.max, both.sum), (3.0, 1.0 + (-2_f64).exp()));
    }
}
