//! Auxiliary outputs of rows of logits.

use super::{CrossEntropy, Target, Targets};
use crate::reference::{Real, Statistic, pairwise_sum, rows_of};

/// Result of [`CrossEntropy::row_outputs`]: one value a row, of the logits as they are read.
///
/// A *spoilt* row, without probabilities (see [`softmax`](crate::reference::softmax)), gives NaN, no argmax, and no hit.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RowOutputs {
    /// Log-probability of the target's class: `-inf` at a logit of `-inf` or excluded, exactly 0 for an ignored row. NaN for a bad target,
    /// and with class probabilities, which name no class.
    pub target_log_probs: Vec<f64>,
    /// Entropy `-sum_c p_c log p_c` in nats, where a probability of 0 adds nothing. It depends on the logits only: an ignored row
    /// or a row with a bad target has one.
    pub entropies: Vec<f64>,
    /// Class with the largest logit, the first of equal ones; it depends on the logits only. -0 equals 0. Scale and softcap keep
    /// the order of logits, even where their rounded values are equal.
    pub argmax: Vec<Option<usize>>,
    /// True if the class with the largest logit is the target's: never for an ignored row, a bad target, or class probabilities.
    pub top1_hits: Vec<bool>,
    /// Largest probability; it depends on the logits only.
    pub max_probs: Vec<f64>,
    /// Z-loss `L lse^2`, a part of the row's loss: 0 for an ignored row, NaN for a bad target.
    pub z_losses: Vec<f64>,
}

impl CrossEntropy {
    /// Computes the auxiliary outputs of logits `rows x cols`, row by row.
    ///
    /// ```
    /// use wgpu_softmax::reference::CrossEntropy;
    ///
    /// let rows = CrossEntropy::new(2).row_outputs(&[3.0, 3.0], &[0]);
    /// assert_eq!((rows.argmax[0], rows.top1_hits[0], rows.max_probs[0]), (Some(0), true, 0.5));
    /// assert_eq!((rows.entropies[0], rows.target_log_probs[0]), (2_f64.ln(), -2_f64.ln()));
    /// ```
    ///
    /// # Panics
    ///
    /// As [`losses`](Self::losses).
    pub fn row_outputs<'a, X: Real + 'a>(
        &self,
        logits: &[X],
        targets: impl Into<Targets<'a, X>>,
    ) -> RowOutputs {
        let targets = self.targets(logits, targets);
        let mut outputs = RowOutputs::default();
        for (n, (row, &target)) in rows_of(logits, self.cols).zip(&targets).enumerate() {
            let of = self.for_row(n);
            let statistic = of.statistic(row);
            let argmax = of.argmax(row, statistic);
            let log_prob = of.target_log_prob(row, target, statistic);
            let (_, z_loss) = of.row_loss(row, target, statistic);
            outputs.target_log_probs.push(log_prob);
            outputs.entropies.push(of.entropy(row, statistic));
            outputs.argmax.push(argmax);
            outputs.top1_hits.push(is_hit(argmax, target));
            outputs.max_probs.push(statistic.probability(statistic.max));
            outputs.z_losses.push(z_loss);
        }
        outputs
    }

    /// Computes the log-probabilities of given classes, `rows x count` for logits `rows x cols`: `classes` has `count` of them
    /// for every row.
    ///
    /// NaN for a class out of range, and throughout a spoilt row; `-inf` at a logit of `-inf`. Targets do not matter.
    ///
    /// # Panics
    ///
    /// When `cols` is 0 or does not divide the number of logits, or there are not `count` classes a row.
    pub fn log_probs_of<X: Real>(&self, logits: &[X], classes: &[i64], count: usize) -> Vec<f64> {
        let rows = rows_of(logits, self.cols);
        assert_eq!(classes.len(), rows.len() * count, "{count} classes a row");
        let of_row = |(n, row): (usize, &[X])| {
            let of = self.for_row(n);
            let statistic = of.statistic(row);
            let classes = classes[n * count..][..count].iter();
            let log_prob = |&class| of.log_prob(row, usize::try_from(class).ok(), statistic);
            classes.map(log_prob).collect::<Vec<_>>()
        };
        rows.enumerate().flat_map(of_row).collect()
    }

    pub(crate) fn target_log_prob<X: Real>(
        &self,
        row: &[X],
        target: Target<'_, X>,
        statistic: Statistic,
    ) -> f64 {
        match target {
            Target::Ignored => 0.0,
            Target::Class(class) => self.log_prob(row, Some(class), statistic),
            Target::Bad | Target::Probs(_) => f64::NAN,
        }
    }

    /// Returns the log-probability of a class, NaN where the row has no such class.
    fn log_prob<X: Real>(&self, row: &[X], class: Option<usize>, statistic: Statistic) -> f64 {
        let class = class.filter(|&class| class < row.len());
        class.map_or(f64::NAN, |class| {
            statistic.log_probability(self.read(row)(class))
        })
    }

    /// Computes `ln s - (1/s) sum_c exp(d_c) d_c` with `d` the distance from the maximum.
    pub(crate) fn entropy<X: Real>(&self, row: &[X], statistic: Statistic) -> f64 {
        if statistic.poisoned() {
            return f64::NAN;
        }
        let z = self.read(row);
        let term = |class: usize| {
            let d = statistic.distance(z(class));
            match d.exp() {
                0.0 => 0.0,
                weight => weight * d,
            }
        };
        statistic.sum.ln() - pairwise_sum(row.len(), term) / statistic.sum
    }

    /// Finds the argmax of the logits as they are stored: reading keeps their order, except where rounding makes them equal.
    pub(crate) fn argmax<X: Real>(&self, row: &[X], statistic: Statistic) -> Option<usize> {
        if statistic.poisoned() {
            return None;
        }
        let kept = |class: &usize| self.keeps(*class);
        let classes = || (0..row.len()).filter(kept);
        let logit = |class: usize| row[class].into();
        let max = classes().map(logit).fold(f64::NEG_INFINITY, f64::max);
        classes().find(|&class| logit(class) == max)
    }
}

fn is_hit<X>(argmax: Option<usize>, target: Target<'_, X>) -> bool {
    matches!((argmax, target), (Some(class), Target::Class(target)) if class == target)
}
