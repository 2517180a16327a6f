//! Named inputs: each as its name describes, and the same on every platform.

use wgpu_softmax::check::{Inputs, inputs};

const INF: f32 = f32::INFINITY;

const ROWS: usize = 32;
const COLS: usize = 500;

fn rows(kind: Inputs) -> Vec<Vec<f32>> {
    let logits = kind.logits(ROWS, COLS, 0);
    logits.chunks(COLS).map(<[f32]>::to_vec).collect()
}

fn max(row: &[f32]) -> f32 {
    row.iter().copied().fold(-INF, f32::max)
}

fn deviation(row: &[f32]) -> f64 {
    let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / row.len() as f64;
    let squares = row
        .iter()
        .map(|&x| (f64::from(x) - mean).powi(2))
        .sum::<f64>();
    (squares / row.len() as f64).sqrt()
}

#[test]
fn a_seed_is_a_promise() {
    for kind in Inputs::ALL {
        let bits = |seed| {
            kind.logits(3, 40, seed)
                .iter()
                .map(|x| x.to_bits())
                .collect::<Vec<_>>()
        };
        assert_eq!(bits(1), bits(1), "{kind:?}");
        assert_ne!(bits(1), bits(2), "{kind:?}");
        assert_eq!(bits(1).len(), 120);
        assert!(kind.logits(0, 5, 1).is_empty() && kind.logits(5, 0, 1).is_empty());
    }
    assert_eq!(
        Inputs::Flat.logits(1, 3, 42),
        [-0.37854004, -1.0075226, -1.2682648]
    );
}

#[test]
fn names_are_distinct() {
    let names: std::collections::HashSet<_> = Inputs::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), Inputs::ALL.len());
}

#[test]
fn only_the_named_ones_hold_special_values() {
    for kind in Inputs::ALL {
        let special = kind.logits(ROWS, COLS, 0).iter().any(|x| !x.is_finite());
        assert_eq!(
            special,
            matches!(kind, Inputs::Masked | Inputs::OneExcluded | Inputs::Special),
            "{kind:?}"
        );
    }
}

#[test]
fn normals_have_their_moments() {
    let normals = Inputs::Flat.logits(1, 100_000, 7);
    let mean = normals.iter().map(|&x| f64::from(x)).sum::<f64>() / 1e5;
    let beyond_two = normals.iter().filter(|x| x.abs() > 2.0).count();
    assert!(mean.abs() < 0.02, "{mean}");
    assert!((deviation(&normals) - 1.0).abs() < 0.01);
    assert!((4_000..5_100).contains(&beyond_two), "{beyond_two}");
}

#[test]
fn normal_ones_have_their_width_and_place() {
    let expected = [
        (Inputs::Flat, 0.0, 1.0),
        (Inputs::Peaked, 0.0, 10.0),
        (Inputs::Shifted1e4, 1e4, 1.0),
        (Inputs::Shifted1e8, 1e8, 10.3),
    ];
    for (kind, mean, width) in expected {
        for row in rows(kind) {
            let found = row.iter().map(|&x| f64::from(x)).sum::<f64>() / COLS as f64;
            assert!(
                (found - mean).abs() < 0.25 * width,
                "{kind:?} around {found}"
            );
            let ratio = deviation(&row) / width;
            assert!((0.85..1.15).contains(&ratio), "{kind:?} is {ratio} as wide");
        }
    }
}

#[test]
fn outliers_stand_out() {
    for row in rows(Inputs::PlantedOutliers) {
        let outliers: Vec<_> = row.iter().filter(|&&x| x >= 30.0).collect();
        assert!((1..=3).contains(&outliers.len()) && max(&row) < 90.0);
        assert!(row.iter().filter(|&&x| x < 6.5).count() == COLS - outliers.len());
    }
}

#[test]
fn one_max_stands_over_a_constant() {
    for row in rows(Inputs::OneMaxOverConstant) {
        let lower: Vec<_> = row.iter().filter(|&&x| x < max(&row)).collect();
        assert_eq!(lower.len(), COLS - 1);
        assert!(lower.iter().all(|&x| x == lower[0] && max(&row) - x > 0.99));
    }
}

#[test]
fn masked_rows_are_masked() {
    let masked = |row: &Vec<f32>| row.iter().filter(|&&x| x == -INF).count();
    let rows = rows(Inputs::Masked);
    let (whole, partly): (Vec<_>, Vec<_>) = rows.iter().partition(|row| masked(row) == COLS);
    assert_eq!(whole.len(), ROWS / 4);
    assert!(
        partly
            .iter()
            .all(|row| (COLS / 4..COLS * 5 / 12).contains(&masked(row)))
    );
    let targets = inputs::targets(ROWS, COLS, 1, None);
    let at_target = |(row, &target): (&Vec<f32>, &i32)| row[target as usize];
    let mut hit = rows
        .iter()
        .zip(&targets)
        .filter(|(row, _)| masked(row) < COLS)
        .map(at_target);
    assert!(hit.any(|x| x == -INF));
}

#[test]
fn equal_rows_are_equal() {
    let constants: Vec<f32> = rows(Inputs::AllEqual)
        .iter()
        .map(|row| {
            assert!(row.iter().all(|x| x == &row[0]));
            row[0]
        })
        .collect();
    assert!(
        [0.0, 1e30, -3e38, 1e-40]
            .iter()
            .all(|constant| constants.contains(constant))
    );
}

#[test]
fn ramps_rise_and_fall() {
    for (up, down) in rows(Inputs::Ascending).iter().zip(rows(Inputs::Descending)) {
        assert!(up.is_sorted() && up[COLS - 1] - up[0] == 80.0);
        assert!(
            up.windows(2)
                .all(|pair| pair[1] - pair[0] < 1.0 && pair[1] > pair[0])
        );
        assert!(down.iter().rev().eq(up));
    }
    assert_eq!(Inputs::Ascending.logits(1, 1, 0), [0.0]);
}

#[test]
fn special_rows_hold_every_kind_among_ordinary_ones() {
    let rows = rows(Inputs::Special);
    let has = |row: &[f32], kind: fn(f32) -> bool| row.iter().any(|&x| kind(x));
    let count = |wanted: (bool, bool, bool)| {
        let kinds = |row: &[f32]| {
            let positive = has(row, |x| x.is_nan() && x.is_sign_positive());
            let negative = has(row, |x| x.is_nan() && x.is_sign_negative());
            (positive, negative, has(row, |x| x == INF))
        };
        rows.iter().filter(|row| kinds(row) == wanted).count()
    };
    assert_eq!(count((false, false, false)), ROWS / 2);
    assert_eq!(count((false, false, true)), ROWS / 8);
    for wanted in [(true, false, false), (false, true, false)] {
        assert!(count(wanted) > 1, "{wanted:?}");
    }
    let nans = rows[..8].iter().flatten().filter(|x| x.is_nan());
    assert!(nans.clone().any(|x| x.is_sign_positive()));
    assert!(nans.clone().any(|x| x.is_sign_negative()));
    assert!(count((true, false, true)) + count((false, true, true)) >= ROWS / 8 - 1);
}

#[test]
fn extremes_overflow_and_underflow() {
    let rows = rows(Inputs::Extremes);
    let min = |row: &[f32]| row.iter().copied().fold(INF, f32::min);
    assert!(rows.iter().any(|row| max(row) - min(row) == INF));
    assert!(rows.iter().any(|row| row.iter().all(|x| x.abs() <= 1.0)));
    assert!(rows.iter().any(|row| max(row) < -1e29));
    assert!(rows.iter().flatten().any(|x| x.is_subnormal()));
}

#[test]
fn ties_are_at_the_maximum_of_either_zero() {
    let rows = rows(Inputs::Tied);
    let tied = |row: &&Vec<f32>| row.iter().filter(|&&x| x == max(row)).count() > 1;
    assert_eq!(rows.iter().filter(tied).count(), ROWS);
    let zeros = |row: &&Vec<f32>| {
        let bits = |zero: f32| row.iter().any(|x| x.to_bits() == zero.to_bits());
        max(row) == 0.0 && bits(0.0) && bits(-0.0)
    };
    assert!(rows.iter().filter(zeros).count() > ROWS / 4);
}

#[test]
fn one_logit_of_a_row_is_excluded_in_every_column_of_an_access() {
    let rows = rows(Inputs::OneExcluded);
    let excluded = |row: &Vec<f32>| -> Vec<usize> {
        let places = row.iter().enumerate().filter(|(_, x)| **x == -INF);
        places.map(|(column, _)| column).collect()
    };
    let places: Vec<_> = rows.iter().map(excluded).collect();
    assert!(places.iter().all(|places| places.len() == 1));
    assert!((0..4).all(|rest| places.iter().any(|places| places[0] % 4 == rest)));
}

#[test]
fn lowest_logits_are_numbers() {
    let rows = rows(Inputs::Lowest);
    assert!(rows.iter().flatten().all(|x| x.is_finite()));
    let lowest = |row: &Vec<f32>| row.iter().filter(|&&x| x == f32::MIN).count();
    let (whole, partly): (Vec<_>, Vec<_>) = rows.iter().map(lowest).partition(|&n| n == COLS);
    assert_eq!(whole.len(), ROWS / 4);
    assert!(partly.iter().all(|n| (COLS / 4..COLS * 5 / 12).contains(n)));
}

#[test]
fn targets_are_class_ids_ignored_or_bad() {
    let good = inputs::targets(1000, 10, 3, None);
    assert!((0..10).all(|class| good.contains(&class)));
    assert!(good.iter().all(|class| (0..10).contains(class)));
    let ignored = inputs::targets(1000, 10, 3, Some(-100));
    assert_eq!(ignored.iter().filter(|&&id| id == -100).count(), 200);
    assert!(
        !inputs::targets(1000, 10, 3, Some(1 << 40))
            .iter()
            .any(|id| !(0..10).contains(id))
    );
    let bad = inputs::bad_targets(1000, 10, 3, Some(-1));
    assert!([10, i32::MIN, i32::MAX].iter().all(|id| bad.contains(id)));
    for rows in 1..9 {
        let bad = inputs::bad_targets(rows, 10, 3, None);
        assert!(bad.iter().any(|id| !(0..10).contains(id)));
    }
    assert!(inputs::bad_targets(0, 10, 3, None).is_empty());
}

#[test]
fn upstream_gradients_are_of_either_sign_or_zero() {
    let gradients = inputs::upstream(1000, 3);
    for sign in [-1.0, 0.0, 1.0] {
        assert!(
            gradients
                .iter()
                .any(|&g| g == 0.0 && sign == 0.0 || g * sign > 0.0)
        );
    }
}
