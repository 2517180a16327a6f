//! Evaluation of a cross-entropy: the losses of the rows, the reduced loss, and the gradient.

use super::{CrossEntropy, CrossEntropyResult, Target, TargetDistribution, Targets};
use crate::reference::{Real, Statistic, rows_of};

impl CrossEntropy {
    /// Computes the losses of logits `rows x cols` with one class id a row, or one probability a logit.
    ///
    /// # Panics
    ///
    /// When `cols` is 0 or does not divide the number of logits, there is not one target a row (one
    /// probability a logit), or probabilities meet an ignored id.
    pub fn losses<'a, X: Real + 'a>(
        &self,
        logits: &[X],
        targets: impl Into<Targets<'a, X>>,
    ) -> CrossEntropyResult {
        let targets = self.targets(logits, targets);
        let (mut losses, mut z_losses, mut lse) = (Vec::new(), Vec::new(), Vec::new());
        for (row, &target) in rows_of(logits, self.cols()).zip(&targets) {
            let statistic = self.statistic(row);
            let (loss, z_loss) = self.row_loss(row, target, statistic);
            losses.push(loss);
            z_losses.push(z_loss);
            lse.push(statistic.lse());
        }
        let counts = self.counts(&targets);
        let row_losses: Vec<f64> = losses.iter().zip(&z_losses).map(|(a, z)| a + z).collect();
        let nan = |(loss, target): &(&f64, &Target<'_, X>)| loss.is_nan() && target.is_valid();
        CrossEntropyResult {
            loss: self.reduce(&losses, &z_losses, &counts),
            valid_rows: counts.valid_rows,
            weight_sum: counts.weight_sum,
            bad_targets: counts.bad_targets,
            first_bad_row: counts.first_bad_row,
            nan_rows: row_losses.iter().zip(&targets).filter(nan).count(),
            row_losses,
            lse,
        }
    }

    /// Computes the gradient of the result by the logits, `rows x cols`: for row `n`
    ///
    /// `S (1 - (z_i / C)^2) (a (p_i sum_c t_c - t_i) + 2 b L lse p_i)`
    ///
    /// Here `a = b = g_n`, the upstream gradient, except that for the mean `a` is divided by the sum of weights and `b` by the
    /// number of valid rows: see [`ZeroValid`](crate::ZeroValid) where those are 0. With one upstream value a row, `g_n` is that
    /// value times the scalar one; a mean or sum then counts each row's loss `g_n` times.
    ///
    /// # Panics
    ///
    /// As [`losses`](Self::losses), and when there is not one upstream gradient a row.
    pub fn gradient<'a, X: Real + 'a>(
        &self,
        logits: &[X],
        targets: impl Into<Targets<'a, X>>,
    ) -> Vec<f64> {
        let targets = self.targets(logits, targets);
        let counts = self.counts(&targets);
        let mut gradient = Vec::with_capacity(logits.len());
        for (n, row) in rows_of(logits, self.cols()).enumerate() {
            match targets[n] {
                Target::Ignored => gradient.resize(gradient.len() + row.len(), 0.0),
                Target::Bad => gradient.resize(gradient.len() + row.len(), f64::NAN),
                target => {
                    gradient.extend(self.row_gradient(row, target, self.upstream(n, &counts)))
                }
            }
        }
        gradient
    }

    /// Returns the target of every row.
    pub(crate) fn targets<'a, X: Copy>(
        &self,
        logits: &[X],
        targets: impl Into<Targets<'a, X>>,
    ) -> Vec<Target<'a, X>> {
        let rows = rows_of(logits, self.cols()).len();
        if let Some(upstream) = &self.grad_losses {
            assert_eq!(upstream.len(), rows, "one upstream gradient a row");
        }
        let targets = targets.into();
        targets.rows(rows, self.cols(), self.ignore_index).collect()
    }

    /// Computes the cross-entropy `-sum_c t_c log p_c` of a row, and its z-loss `L lse^2`; both are NaN for a bad target and for
    /// a row without probabilities.
    pub(crate) fn row_loss<X: Real>(
        &self,
        row: &[X],
        target: Target<'_, X>,
        statistic: Statistic,
    ) -> (f64, f64) {
        match target {
            Target::Ignored => return (0.0, 0.0),
            _ if target.is_bad() || statistic.poisoned() => return (f64::NAN, f64::NAN),
            _ => {}
        }
        let distribution = self.distribution(target);
        let surprise = |c: usize| statistic.surprise(self.columns.reading.read(row[c]));
        let weighted = |c: usize| match distribution.at(c) {
            share if share.is_infinite() && distribution.only().is_none() => share,
            share => share * surprise(c),
        };
        let loss = distribution.sum(weighted);
        (loss, self.z_loss * statistic.lse() * statistic.lse())
    }

    fn row_gradient<'a, X: Real>(
        &'a self,
        row: &'a [X],
        target: Target<'a, X>,
        (upstream, z_upstream): (f64, f64),
    ) -> impl Iterator<Item = f64> + 'a {
        let (statistic, distribution) = (self.statistic(row), self.distribution(target));
        let total = match distribution.sum(|class| distribution.at(class)) {
            total if total.is_finite() => total,
            _ => f64::NAN,
        };
        let z_factor = z_upstream * (2.0 * self.z_loss * statistic.lse());
        row.iter().enumerate().map(move |(class, &x)| {
            let p = statistic.probability(self.columns.reading.read(x));
            let value = upstream * (p * total - distribution.at(class)) + z_factor * p;
            value * self.columns.reading.slope(x)
        })
    }

    /// Returns the target weights of the classes in a valid row.
    pub(crate) fn distribution<'a, X>(
        &'a self,
        target: Target<'a, X>,
    ) -> TargetDistribution<'a, X> {
        TargetDistribution {
            target,
            weight: self.weight.as_deref(),
            smoothing: self.smoothing,
            classes: self.cols(),
        }
    }

    /// Returns the statistic of the logits as they are read.
    pub(crate) fn statistic<X: Real>(&self, row: &[X]) -> Statistic {
        Statistic::of_read(row, self.columns.reading)
    }
}
