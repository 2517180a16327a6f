//! Model of a kernel on the CPU.

use crate::numbers::sum;
use wgpu_softmax::Reduction;
use wgpu_softmax::check::{Comparison, bounds, compare};
use wgpu_softmax::reference::{CrossEntropy, Targets};

/// Cross-entropy in f32 throughout, a row at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct F32 {
    pub(super) weight: Option<Vec<f32>>,
    pub(super) row_weight: Option<f32>,
    pub(super) smoothing: f32,
    pub(super) z_loss: f32,
    pub(super) softcap: Option<f32>,
    pub(super) scale: f32,
    /// Number of terms that a sum adds in series.
    pub(super) block: usize,
    /// Factors of the sum of exponentials, the target weights, the z-loss and the slope, 1 for a sound computation.
    pub(super) faults: [f32; 4],
}

impl F32 {
    pub(super) fn new(block: usize) -> Self {
        Self {
            scale: 1.0,
            block,
            faults: [1.0; 4],
            ..Self::default()
        }
    }

    /// Computes loss and gradient of a row with the target's probabilities `q`, the reduction being a sum.
    fn row(&self, x: &[f32], q: &dyn Fn(usize) -> f32) -> (f32, Vec<f32>) {
        let cap = |x: f32| self.softcap.map_or(x, |cap| cap * (x / cap).tanh());
        let z: Vec<f32> = match self.softcap {
            Some(_) => x.iter().map(|x| cap(self.scale * x)).collect(),
            None => x.to_vec(),
        };
        let factor = if self.softcap.is_some() {
            1.0
        } else {
            self.scale
        };
        let max = z.iter().copied().fold(f32::MIN, f32::max);
        let d: Vec<f32> = z.iter().map(|z| factor * (z - max)).collect();
        let s = sum(d.iter().map(|d| d.exp()).collect(), self.block) * self.faults[0];
        let weight = |c: usize| self.weight.as_ref().map_or(1.0, |weight| weight[c]);
        let uniform = self.smoothing / x.len() as f32 * self.faults[1];
        let share = |c: usize| weight(c) * ((1.0 - self.smoothing) * q(c) + uniform);
        let shares: Vec<f32> = (0..x.len()).map(share).collect();
        let terms = shares
            .iter()
            .zip(&d)
            .map(|(t, d)| if *t == 0.0 { 0.0 } else { t * (s.ln() - d) });
        let lse = factor * max + s.ln();
        let z_factor = self.z_loss * self.faults[2];
        let of_row = self.row_weight.unwrap_or(1.0);
        let loss = of_row * sum(terms.collect(), self.block) + z_factor * lse * lse;
        let total = sum(shares.clone(), self.block);
        let gradient = |i: usize| {
            let slope = self
                .softcap
                .map_or(1.0, |cap| 1.0 - (z[i] / cap) * (z[i] / cap));
            let p = d[i].exp() / s;
            let value = of_row * (p * total - shares[i]) + 2.0 * z_factor * lse * p;
            value * slope * self.scale * self.faults[3]
        };
        (loss, (0..x.len()).map(gradient).collect())
    }

    /// Returns the same operation in f64.
    pub(super) fn reference(&self, (rows, cols): (usize, usize)) -> CrossEntropy {
        let operation = CrossEntropy::new(cols)
            .reduction(Reduction::Sum)
            .label_smoothing(self.smoothing)
            .z_loss(self.z_loss)
            .scale(self.scale);
        let operation = self
            .weight
            .clone()
            .into_iter()
            .fold(operation, CrossEntropy::weight);
        let operation = self
            .softcap
            .into_iter()
            .fold(operation, CrossEntropy::softcap);
        match self.row_weight {
            None => operation,
            Some(weight) => operation.row_weight(vec![weight; rows]),
        }
    }

    /// Compares the losses and the gradient of `logits` with the reference.
    pub(super) fn compare<'a>(
        &self,
        logits: &[f32],
        cols: usize,
        targets: impl Into<Targets<'a>>,
    ) -> [Comparison; 2] {
        let targets = targets.into();
        let operation = self.reference((logits.len() / cols, cols));
        let (mut losses, mut gradient) = (Vec::new(), Vec::new());
        for (n, row) in logits.chunks(cols).enumerate() {
            let q = |c: usize| match targets {
                Targets::Ids(ids) => f32::from(u8::from(usize::try_from(ids[n]) == Ok(c))),
                Targets::Probs(probs) => probs[n * cols + c],
                _ => unreachable!("no other targets"),
            };
            let (loss, row) = self.row(row, &q);
            losses.push(loss);
            gradient.extend(row);
        }
        let expected = operation.losses(logits, targets).row_losses;
        let allowed = bounds::row_loss(&operation, logits, targets);
        let expected_gradient = operation.gradient(logits, targets);
        let allowed_gradient = bounds::loss_gradient(&operation, logits, targets);
        [
            compare(&losses, &expected, &allowed, 1),
            compare(&gradient, &expected_gradient, &allowed_gradient, cols),
        ]
    }
}
