//! The bounds of masked softmax, log-softmax and logsumexp.

use crate::numbers::{INF, U, sum};
use wgpu_softmax::check::{Comparison, Inputs, bounds, compare};
use wgpu_softmax::reference::{Columns, Masked, log_softmax, logsumexp, softmax};

/// Model of a kernel on the CPU: f32 throughout.
#[derive(Clone, Copy)]
struct F32 {
    scale: f32,
    /// Number of terms that a sum adds in series.
    block: usize,
    /// Factors of the sum of exponentials and of the mask, 1 for a sound computation.
    faults: [f32; 2],
}

impl F32 {
    const SOUND: Self = Self {
        scale: 1.0,
        block: 16,
        faults: [1.0; 2],
    };

    /// Computes probabilities, log-probabilities and logsumexp of a row that is not spoilt. The product is rounded, and then the
    /// sum: WGSL promises no more of `fma`. Both are halved, so that no sum is infinite.
    fn row(self, x: &[f32], mask: &[f32]) -> [Vec<f32>; 3] {
        let half = |(x, m): (&f32, &f32)| 0.5 * self.scale * x + 0.5 * self.faults[1] * m;
        let z: Vec<f32> = x.iter().zip(mask).map(half).collect();
        let max = z.iter().copied().fold(f32::MIN, f32::max);
        let d: Vec<f32> = z.iter().map(|z| 2.0 * (z - max)).collect();
        let terms: Vec<f32> = d.iter().map(|d| d.exp()).collect();
        let s = sum(terms.clone(), self.block) * self.faults[0];
        [
            terms.iter().map(|term| term / s).collect(),
            d.iter().map(|d| d - s.ln()).collect(),
            vec![2.0 * max + s.ln()],
        ]
    }

    /// Compares it with the reference, row by row, where that has probabilities.
    fn compare(self, logits: &[f32], mask: &[f32], cols: usize) -> [Comparison; 3] {
        let mut all = [Comparison::EMPTY; 3];
        for (x, mask) in logits.chunks(cols).zip(mask.chunks(cols)) {
            let masked = Masked::new(Columns::new(cols).scale(self.scale)).additive(mask);
            if !logsumexp(x, masked)[0].is_finite() {
                continue;
            }
            let [p, w, lse] = self.row(x, mask);
            let of_row = [
                compare(
                    &p,
                    &softmax(x, masked),
                    &bounds::probability(x, masked),
                    cols,
                ),
                compare(
                    &w,
                    &log_softmax(x, masked),
                    &bounds::log_probability(x, masked),
                    cols,
                ),
                compare(&lse, &logsumexp(x, masked), &bounds::lse(x, masked), 1),
            ];
            all = [0, 1, 2].map(|i| all[i].merge(of_row[i]));
        }
        all
    }

    fn worst_share(self, logits: &[f32], mask: &[f32], cols: usize) -> f64 {
        let shares = self.compare(logits, mask, cols).map(|it| it.worst_share);
        shares.into_iter().fold(0.0, f64::max)
    }
}

/// Returns masks: noise of several sizes, a bias by distance, and numbers that stand for `-inf`, or are it.
fn masks(len: usize) -> [Vec<f32>; 5] {
    let noise = |factor: f32| {
        Inputs::Flat
            .logits(1, len, 9)
            .into_iter()
            .map(move |x| factor * x)
    };
    let excluded = |with: f32| (0..len).map(move |i| if i % 3 == 1 { with } else { 0.0 });
    [
        noise(1.0).collect(),
        noise(30.0).collect(),
        (0..len).map(|i| -0.37 * (i % 50) as f32).collect(),
        excluded(f32::MIN).collect(),
        noise(1.0).zip(excluded(-INF)).map(|(a, b)| a + b).collect(),
    ]
}

#[test]
fn sound_f32_arithmetic_stays_below_the_bounds() {
    for cols in [2, 3, 33, 300] {
        let rows = 6000 / cols;
        for kind in Inputs::ALL {
            let logits = kind.logits(rows, cols, 3);
            for (i, mask) in masks(rows * cols).iter().enumerate() {
                for scale in [1.0, 0.3] {
                    let of = F32 {
                        scale,
                        ..F32::SOUND
                    };
                    let worst = of.worst_share(&logits, mask, cols);
                    assert!(
                        worst < 0.9,
                        "{kind:?} {cols}, mask {i}, scale {scale}: {worst}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_serial_sum_fails() {
    const COLS: usize = 262_144;
    let logits = Inputs::OneMaxOverConstant.logits(1, COLS, 3);
    let mask = vec![0.5; COLS];
    let serial = F32 {
        block: COLS,
        ..F32::SOUND
    };
    assert!(
        F32::SOUND
            .compare(&logits, &mask, COLS)
            .iter()
            .all(Comparison::passed)
    );
    let found = serial.compare(&logits, &mask, COLS);
    assert!(
        found[..2].iter().all(|it| it.worst_share > 10.0),
        "{found:?}"
    );
}

#[test]
fn a_fault_of_1e_4_fails() {
    let logits = Inputs::Flat.logits(20, 100, 4);
    let mask = Inputs::Flat.logits(20, 100, 5);
    for faults in [[1.0001, 1.0], [1.0, 1.0001]] {
        let found = F32 {
            faults,
            ..F32::SOUND
        }
        .compare(&logits, &mask, 100);
        assert!(found.iter().all(|it| !it.passed()), "{faults:?}: {found:?}");
    }
}

/// A mask in which a large number stands for `-inf` does not enlarge the bounds of the others.
#[test]
fn a_masked_column_costs_nothing() {
    let mask = [0.0, f32::MIN, 0.0, 0.0];
    let masked = Masked::new(4).additive(&mask);
    let found = bounds::probability(&[0.0; 4], masked);
    let expected = (8.0 + 2.0 * 4_f64.ln()) * U / 3.0;
    assert!((found[0] / expected - 1.0).abs() < 1e-12 && found[1] == 1e-35);
    let careless = F32 {
        faults: [1.0001, 1.0],
        ..F32::SOUND
    };
    let found = careless.compare(&[0.0; 4], &mask, 4);
    assert!(found.iter().all(|it| !it.passed()), "{found:?}");
}

#[test]
fn the_table_at_a_few_points() {
    let near = |found: f64, expected: f64| {
        assert!(
            (found / U / expected - 1.0).abs() < 1e-4,
            "{} {expected}",
            found / U
        )
    };
    let (x, mask, two_ln) = ([1.0; 2], [99.0; 2], 2.0 * 2_f64.ln());
    let masked = Masked::new(2).additive(&mask);
    near(
        bounds::probability(&x, masked)[0],
        0.5 * (8.0 + two_ln + 200.0),
    );
    near(bounds::log_probability(&x, masked)[0], 8.0 + two_ln + 200.0);
    near(bounds::lse(&x, masked)[0], 800.0 + two_ln + 200.0);
    let scaled = Masked::new(Columns::new(2).scale(3.0)).additive(&mask);
    near(
        bounds::log_probability(&x, scaled)[0],
        8.0 + two_ln + 204.0 + 6.0,
    );
    let kept = Masked::new(2).kept(&[true, false]);
    assert_eq!(bounds::probability(&x, kept)[1], 0.0);
    near(bounds::probability(&x, kept)[0], 8.0 + two_ln);
    let one = Masked::new(1).additive(&[99.0]);
    assert_eq!(bounds::probability(&[1.0], one), [0.0]);
    // an error of the logit is a factor of the probability, which is 1 at most
    let large = |x| bounds::probability(&[x; 2], masked)[0];
    near(large(1e6), 0.5 * (2.0 * 1_000_099.0 * U).exp_m1() / U);
    assert!((0.99..1.01).contains(&large(1e8)) && (0.99..1.01).contains(&large(f32::MAX)));
}

/// NaN, infinities and zeros by rule have no error.
#[test]
fn what_is_exact() {
    let kept = [true, false, false, false];
    let masked = Masked::new(2).kept(&kept);
    for logits in [[f32::NAN, 0.0, 0.0, 0.0], [INF, 0.0, f32::NAN, 0.0]] {
        assert_eq!(bounds::probability(&logits, masked), [0.0; 4]);
        assert_eq!(bounds::log_probability(&logits, masked), [0.0; 4]);
        assert_eq!(bounds::lse(&logits, masked), [0.0; 2]);
    }
}
