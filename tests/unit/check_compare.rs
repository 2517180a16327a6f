//! Comparisons with the reference miss nothing.

use wgpu_softmax::DType;
use wgpu_softmax::check::{Comparison, bounds, compare, compare_as};

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
    assert!(one(-INF, 1e39, f64::INFINITY).passed());
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
            comparison.expected,
            comparison.allowed
        ),
        (5, 7.0, 6.0, 1.0)
    );
    assert_eq!((comparison.elements, comparison.worst_share), (6, 1.0));
    assert!(comparison.passed());
    let words = "row 1, column 1: found 7.0, expected 6.0, allowed 1.00e0: the worst of 6 elements";
    assert!(comparison.to_string().starts_with(words), "{comparison}");
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

#[test]
fn steps_are_those_of_the_storage_type() {
    for (dtype, found, expected, ulp) in [
        (DType::F16, 1.0 + 1.0 / 1024.0, 1.0, 1.0),
        (DType::F16, 0.0, 0.5_f64.powi(25), 0.5),
        (DType::F16, 65_504.0, 65_512.0, 0.25),
        (DType::Bf16, 1.0, 1.0 + 1.0 / 256.0, 0.5),
        (DType::Bf16, 0.0, 1e-45, 1e-45 * 2_f64.powi(133)),
    ] {
        let found = compare_as(dtype, &[found], &[expected], &[1e9], 1).worst_ulp;
        assert_eq!(found, ulp, "{dtype:?} {expected}");
    }
}

#[test]
fn beyond_the_range_of_the_storage_type_is_infinite() {
    let passes = |dtype, found: f32, expected: f64| {
        let allowed = bounds::stored(dtype, &[1e-3], &[expected]);
        compare_as(dtype, &[found], &[expected], &allowed, 1).passed()
    };
    assert!(passes(DType::F16, -INF, -70_000.0));
    assert!(!passes(DType::F16, -65_504.0, -70_000.0));
    assert!(!passes(DType::F16, INF, -70_000.0));
    assert!(passes(DType::F16, -INF, -65_520.0) && passes(DType::F16, -65_504.0, -65_519.0));
    assert!(!passes(DType::F16, -INF, -65_000.0));
    assert!(passes(DType::Bf16, INF, f64::from(f32::MAX)) && !passes(DType::Bf16, INF, 3e38));
    assert!(passes(DType::Bf16, -70_144.0, -70_000.0));
}

/// Every value of a type, rounded once, is within the allowance of one rounding; a value truncated
/// is not always.
#[test]
fn one_rounding_is_allowed_and_truncation_is_not() {
    let expected: Vec<f64> = (1..20_000).map(|i| f64::from(i) * 3.3e-4).collect();
    for dtype in [DType::F16, DType::Bf16] {
        let allowed = bounds::stored(dtype, &vec![1e-9; expected.len()], &expected);
        let passes = |store: &dyn Fn(f64) -> f32| {
            let found: Vec<f32> = expected.iter().map(|&y| store(y)).collect();
            compare_as(dtype, &found, &expected, &allowed, 1).passed()
        };
        assert!(passes(&|y| dtype.round(y as f32)), "{dtype:?}");
        let down = |y: f64, steps: u32| {
            let mut bits = dtype.encode(y as f32);
            bits -= u32::from(f64::from(dtype.decode(bits)) > y);
            dtype.decode(bits - steps)
        };
        assert!(
            !passes(&|y| down(y, u32::from(dtype == DType::Bf16))),
            "{dtype:?}"
        );
    }
}

#[test]
fn what_is_exact_stays_exact_in_storage() {
    let exact = [0.0, 1.0, -1.0, 0.25, f64::INFINITY, f64::NAN];
    for dtype in DType::ALL {
        assert_eq!(bounds::stored(dtype, &[0.0; 6], &exact), [0.0; 6]);
    }
    let third = f64::from(1.0_f32 / 3.0);
    assert_eq!(
        bounds::stored(DType::F16, &[0.0], &[third]),
        [third / 2048.0]
    );
    assert_eq!(
        bounds::stored(DType::F16, &[1e-9], &[1e-9]),
        [1e-9 + 0.5_f64.powi(25)]
    );
    assert_eq!(bounds::stored(DType::Bf16, &[0.5], &[-256.0]), [1.5]);
    assert_eq!(bounds::stored(DType::F32, &[0.5], &[-256.0]), [0.5]);
}

/// The bound of the largest number reaches beyond the range, and no further than the bound of any other.
#[test]
fn an_infinity_is_right_where_the_value_is_one() {
    let (max, step) = (f64::from(f32::MAX), 2_f64.powi(104));
    let passes =
        |found: f32, expected: f64| compare(&[found], &[expected], &[8.0 * step], 1).passed();
    assert!(!passes(INF, max) && !passes(INF, max + 0.4 * step) && !passes(-INF, -max));
    assert!(passes(INF, max + 0.5 * step) && passes(-INF, -1e39) && !passes(INF, -1e39));
    assert!(passes(f32::MAX, max) && passes(f32::MAX, 1e39) && !passes(3.4e38, 1e39));
    assert!(compare(&[INF], &[1.0], &[f64::INFINITY], 1).passed());
}
