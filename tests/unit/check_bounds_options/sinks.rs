//! The bounds of softmax, log-softmax and logsumexp with sinks, and of the sinks' own probabilities.

use crate::numbers::{INF, U, sum};
use wgpu_softmax::check::{Comparison, Inputs, bounds, compare};
use wgpu_softmax::reference::{Columns, Masked, log_softmax, logsumexp, sink_probs, softmax};

/// Model of a kernel on the CPU: f32 throughout, and the sink after the columns.
#[derive(Clone, Copy)]
struct F32 {
    scale: f32,
    /// Factors of the sink's weight, of the fall of the others, and of the maximum: 1 for a sound computation.
    faults: [f32; 3],
}

impl F32 {
    const SOUND: Self = Self {
        scale: 1.0,
        faults: [1.0; 3],
    };

    /// Computes probabilities, log-probabilities, logsumexp and the probability of the sink. The product is rounded before it is
    /// taken from the sink: WGSL promises no more of `fma`.
    fn row(self, x: &[f32], sink: f32) -> [Vec<f32>; 4] {
        let max = x
            .iter()
            .copied()
            .filter(|x| x.is_finite())
            .fold(f32::MIN, f32::max);
        let d: Vec<f32> = x
            .iter()
            .map(|x| 2.0 * self.scale * (0.5 * x - 0.5 * max))
            .collect();
        let terms: Vec<f32> = d.iter().map(|d| d.exp()).collect();
        let columns = sum(terms.clone(), 16);
        let height = self.faults[2] * self.scale * (0.125 * max);
        let part = if columns == 0.0 {
            0.0
        } else {
            0.125 * sink - height
        };
        let rise = part.max(0.0);
        let fall = self.faults[1] * (-8.0 * rise).exp();
        let weight = self.faults[0] * (8.0 * part.min(0.0)).exp();
        let s = columns * fall + weight;
        let log = |d: &f32| 8.0 * (0.125 * d - (rise + 0.125 * s.ln()));
        let height = if part >= 0.0 { sink } else { self.scale * max };
        [
            terms.iter().map(|term| term * (fall / s)).collect(),
            d.iter().map(log).collect(),
            vec![height + s.ln()],
            vec![weight / s],
        ]
    }

    /// Compares it with the reference, row by row, where that has probabilities.
    fn compare(self, logits: &[f32], sinks: &[f32], cols: usize) -> [Comparison; 4] {
        let mut all = [Comparison::EMPTY; 4];
        for (row, x) in logits.chunks(cols).enumerate() {
            let sink = [sinks[row % sinks.len()]];
            let of = Masked::new(Columns::new(cols).scale(self.scale)).sinks(&sink, 1);
            if !logsumexp(x, of)[0].is_finite() {
                continue;
            }
            let [p, w, lse, p_k] = self.row(x, sink[0]);
            let of_row = [
                compare(&p, &softmax(x, of), &bounds::probability(x, of), cols),
                compare(
                    &w,
                    &log_softmax(x, of),
                    &bounds::log_probability(x, of),
                    cols,
                ),
                compare(&lse, &logsumexp(x, of), &bounds::lse(x, of), 1),
                compare(&p_k, &sink_probs(x, of), &bounds::sink_probs(x, of), 1),
            ];
            all = [0, 1, 2, 3].map(|i| all[i].merge(of_row[i]));
        }
        all
    }
}

#[test]
fn sound_f32_arithmetic_stays_below_the_bounds() {
    let sinks = [0.0, -2.5, 4.0, 17.3, 88.0, -INF, 1e4, 1e8, -1e8];
    for cols in [1, 2, 33, 300] {
        for kind in Inputs::ALL {
            let logits = kind.logits(3000 / cols, cols, 3);
            for scale in [1.0, 0.3, 2.0] {
                let of = F32 {
                    scale,
                    ..F32::SOUND
                };
                for found in of.compare(&logits, &sinks, cols) {
                    let worst = found.worst_share;
                    assert!(worst < 0.9, "{kind:?} {cols}, scale {scale}: {found}");
                }
            }
        }
    }
}

#[test]
fn a_fault_of_1e_4_fails() {
    let logits = Inputs::Flat.logits(20, 10, 4);
    for place in 0..3 {
        let mut faults = [1.0; 3];
        faults[place] = 1.0001;
        let of = F32 { scale: 0.7, faults };
        let found = of.compare(&logits, &[3.0], 10);
        assert!(found.iter().all(|it| !it.passed()), "{place}: {found:?}");
    }
}

#[test]
fn the_bounds_at_a_few_points() {
    let near = |found: f64, expected: f64| {
        assert!(
            (found / U / expected - 1.0).abs() < 1e-5,
            "{} {expected}",
            found / U
        );
    };
    let two_ln = 2.0 * 2_f64.ln();
    let of = Masked::new(1).sinks(&[99.0], 1);
    let w = 1.0 / (1.0 + 1.0);
    near(bounds::probability(&[99.0], of)[0], w * (8.0 + two_ln));
    near(bounds::sink_probs(&[99.0], of)[0], w * (8.0 + two_ln));
    near(bounds::lse(&[99.0], of)[0], 8.0 * 99.0 + two_ln);
    // The scaled maximum is rounded before the sink is compared with it, unless the product is exact.
    let scaled = |scale| Masked::new(Columns::new(1).scale(scale)).sinks(&[99.0], 1);
    near(
        bounds::lse(&[66.0], scaled(1.5))[0],
        8.0 * 99.0 + two_ln + 99.0,
    );
    near(bounds::lse(&[198.0], scaled(0.5))[0], 8.0 * 99.0 + two_ln);
    // No sink: the numbers of before, with one more term.
    let none = Masked::new(2).sinks(&[-INF], 1);
    let two_ln_3 = 2.0 * 3_f64.ln();
    near(bounds::log_probability(&[0.0; 2], none)[0], 8.0 + two_ln_3);
    assert_eq!(bounds::sink_probs(&[0.0; 2], none), [0.0]);
}
