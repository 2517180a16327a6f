//! Entropies on the CPU, computed as in a kernel.

use crate::numbers::{U, sum};
use wgpu_softmax::check::{Comparison, bounds, compare};
use wgpu_softmax::reference::CrossEntropy;

/// Error of a kernel's exponentials.
#[derive(Clone, Copy, Debug)]
pub(super) enum Exponential {
    Rounded,
    /// Error of a power of two, whose exponent is rounded.
    OfTwo,
    /// Error of `4 + 2 abs(d)` in `u`, with signs such that all errors add up in the entropy.
    Worst(f64),
}

/// Entropy in f32 throughout.
#[derive(Clone, Copy)]
pub(super) struct F32 {
    pub(super) exponential: Exponential,
    /// Number of terms that a sum adds in series.
    pub(super) block: usize,
    /// Factors of both sums, 1 for a sound computation.
    pub(super) faults: [f32; 2],
}

impl F32 {
    pub(super) const SOUND: Self = Self {
        exponential: Exponential::OfTwo,
        block: 16,
        faults: [1.0; 2],
    };

    /// Computes `exp(d)` of an entry with log-probability `w`, in a row of entropy `h`.
    fn exp(self, d: f32, w: f64, h: f64) -> f32 {
        match self.exponential {
            _ if d == 0.0 => 1.0,
            _ if d == f32::NEG_INFINITY => 0.0,
            Exponential::Rounded => d.exp(),
            Exponential::OfTwo => (d * std::f32::consts::LOG2_E).exp2(),
            Exponential::Worst(sign) => {
                let error = (4.0 + 2.0 * f64::from(d.abs())) * U;
                (f64::from(d).exp() * (1.0 + sign * (w + h).signum() * error)) as f32
            }
        }
    }

    pub(super) fn entropy(self, row: &[f32]) -> f32 {
        let max = row.iter().copied().fold(f32::MIN, f32::max);
        let operation = CrossEntropy::new(row.len());
        let classes: Vec<i64> = (0..).take(row.len()).collect();
        let w = operation.log_probs_of(row, &classes, row.len());
        let h = operation.row_outputs(row, &[0]).entropies[0];
        let d: Vec<f32> = row.iter().map(|x| x - max).collect();
        let terms: Vec<f32> = d.iter().zip(w).map(|(&d, w)| self.exp(d, w, h)).collect();
        let products = terms.iter().zip(&d);
        let products = products.map(|(&term, d)| if term == 0.0 { 0.0 } else { term * -d });
        let a = sum(products.collect(), self.block) * self.faults[1];
        let s = sum(terms, self.block) * self.faults[0];
        s.ln() + a / s
    }

    pub(super) fn compare(self, logits: &[f32], cols: usize) -> Comparison {
        let operation = CrossEntropy::new(cols);
        let rows = logits.chunks(cols).map(|row| {
            let expected = operation.row_outputs(row, &[0]).entropies;
            match expected[0].is_nan() {
                true => Comparison::EMPTY,
                false => {
                    let allowed = bounds::entropy(&operation, row);
                    compare(&[self.entropy(row)], &expected, &allowed, 1)
                }
            }
        });
        rows.fold(Comparison::EMPTY, Comparison::merge)
    }
}
