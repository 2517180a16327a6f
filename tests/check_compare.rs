//! A comparison with the reference misses nothing.

use wgpu_softmax::check::{Comparison, compare};

const INF: f32 = f32::INFINITY;
const NAN: f32 = f32::NAN;

fn one(found: f32, expected: f64, allowed: f64) -> Comparison {
    compare(&[found], &[expected], &[allowed], 1)
}

#[test]
fn kinds_must_agree() {
    let inf = f64::INFINITY;
    let same = [
        (NAN, f64::NAN),
        (-NAN, f64::NAN),
        (INF, inf),
        (-INF, -inf),
        (0.0, 0.0),
    ];
    for (found, expected) in same {
        assert!(one(found, expected, 0.0).passed(), "{found} for {expected}");
    }
    let different = [
        (NAN, 0.0),
        (0.0, f64::NAN),
        (INF, f64::NAN),
        (NAN, inf),
        (INF, -inf),
        (-INF, inf),
        (f32::MAX, inf),
        (INF, 1.0),
        (-INF, -1e38),
    ];
    for (found, expected) in different {
        let comparison = one(found, expected, 1e30);
        assert!(!comparison.passed(), "{found} for {expected}");
        assert_eq!(
            (comparison.worst_share, comparison.worst_ulp),
            (f64::INFINITY, f64::INFINITY)
        );
    }
}

#[test]
fn one_step_too_far_is_a_failure() {
    let step = f64::from(f32::EPSILON);
    let next = |steps: u32| f32::from_bits(1_f32.to_bits() + steps);
    assert!(one(next(3), 1.0, 3.0 * step).passed());
    assert!(!one(next(4), 1.0, 3.0 * step).passed());
    assert!(!one(next(1), 1.0, 0.99 * step).passed());
    let comparison = one(next(3), 1.0, 2.0 * step);
    assert_eq!((comparison.worst_ulp, comparison.worst_share), (3.0, 1.5));
}

#[test]
fn steps_are_those_of_the_expected_value() {
    let tiny = f64::from(f32::from_bits(1));
    for (found, expected, ulp) in [
        (1.5, 1.75, 0.25 / f64::from(f32::EPSILON)),
        (0.5 + f32::EPSILON, 0.5, 2.0),
        (-4.0 - 4.0 * f32::EPSILON, -4.0, 1.0),
        (0.0, 5.0 * tiny, 5.0),
        (0.0, tiny / 2.0, 0.5),
        (f32::from_bits(3), 0.0, 3.0),
    ] {
        assert_eq!(
            one(found, expected, 1.0).worst_ulp,
            ulp,
            "{found} for {expected}"
        );
    }
}

#[test]
fn an_allowance_of_zero_demands_the_exact_value() {
    assert!(one(-0.0, 0.0, 0.0).passed());
    assert!(one(1.0, 1.0, 0.0).passed());
    assert_eq!(one(f32::from_bits(1), 0.0, 0.0).worst_share, f64::INFINITY);
    assert_eq!(one(1.0, 1.0 + 1e-9, 0.0).worst_share, f64::INFINITY);
}

#[test]
fn a_broken_allowance_fails() {
    assert!(!one(1.0, 1.0, f64::NAN).passed());
    assert!(!one(1.0, 1.0, -1.0).passed());
}

#[test]
fn overflow_may_saturate_or_be_infinite() {
    let beyond = -2.0 * f64::from(f32::MAX);
    assert!(one(-INF, beyond, 1e32).passed());
    assert!(one(f32::MIN, beyond, 1e32).passed());
    for found in [INF, f32::MAX, -3e38, NAN] {
        assert!(!one(found, beyond, 1e32).passed(), "{found}");
    }
    assert!(one(INF, 1e39, f64::INFINITY).passed());
    assert!(!one(NAN, 1e39, f64::INFINITY).passed());
    assert!(!one(-INF, 1e39, f64::INFINITY).passed());
}

#[test]
fn the_worst_element_is_named() {
    let comparison = compare(
        &[1.0, 2.0, 3.5, 4.0, 5.0, 7.0],
        &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        &[1.0; 6],
        4,
    );
    assert_eq!(
        (
            comparison.worst_index,
            comparison.found,
            comparison.expected
        ),
        (5, 7.0, 6.0)
    );
    assert_eq!((comparison.elements, comparison.worst_share), (6, 1.0));
    assert!(comparison.passed());
    assert!(
        comparison.to_string().contains("row 1, column 1"),
        "{comparison}"
    );
}

#[test]
fn merging_keeps_the_worst_of_both() {
    let near = compare(&[1.0, 2.5], &[1.0, 2.0], &[1.0; 2], 2);
    let far = compare(&[NAN, 1.0, 2.0], &[0.0, 1.0, 2.0], &[1.0; 3], 3);
    for merged in [near.merge(far), far.merge(near)] {
        assert_eq!(
            (merged.elements, merged.worst_index, merged.cols),
            (5, 0, 3)
        );
        assert!(!merged.passed() && merged.found.is_nan());
    }
    let equals = compare(&[1.0, 2.5, 3.5], &[1.0, 2.0, 3.0], &[1.0; 3], 3);
    assert_eq!(equals.worst_index, 1);
    assert_eq!(near.merge(Comparison::EMPTY), near);
    assert_eq!(Comparison::EMPTY.merge(near), near);
    assert_eq!(compare(&[], &[], &[], 7), Comparison::EMPTY);
    assert_eq!(Comparison::EMPTY.to_string(), "no elements");
}
