//! Evaluation of a cross-entropy: the losses of the rows, the reduced loss, and the gradient.

use super::{CrossEntropy, CrossEntropyResult, Target, TargetDistribution, Targets};
use crate::reference::{Real, Statistic, pairwise_sum, rows_of};
use crate::spec::loss::Reduction;

/// Counts of rows, and the sums that a mean divides by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub(crate) valid_rows: usize,
    pub(crate) bad_targets: usize,
    pub(crate) first_bad_row: Option<usize>,
    /// Sum of the weights of the valid rows, each times that of its target class: their number where there are no weights.
    pub(crate) weight_sum: f64,
}

impl CrossEntropy {
    /// Computes the losses of logits `rows x cols` with one class id a row, or one probability a logit.
    ///
    /// # Panics
    ///
    /// When `cols` is 0 or does not divide the number of logits, there is not one target a row (one
    /// probability a logit) one weight or one scale a row, one element of the mask a logit, or probabilities meet an ignored id.
    pub fn losses<'a, X: Real + 'a>(
        &self,
        logits: &[X],
        targets: impl Into<Targets<'a, X>>,
    ) -> CrossEntropyResult {
        let targets = self.targets(logits, targets);
        let of_row = |(n, (row, &target))| {
            let of = self.for_row(n);
            let statistic = of.statistic(row);
            let (loss, z_loss) = of.row_loss(row, target, statistic);
            (self.weighted(n, loss), z_loss, statistic.lse())
        };
        let rows = rows_of(logits, self.cols).zip(&targets).enumerate();
        let (losses, z_losses, lse): (Vec<_>, Vec<_>, Vec<_>) = rows.map(of_row).collect();
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
    /// Here `a = b = g_n`, the upstream gradient, except that `a` is multiplied by the row's weight, and that for the mean `a` is
    /// divided by the sum of weights and `b` by the number of valid rows: see [`ZeroValid`](crate::ZeroValid) where those are 0.
    /// With one upstream value a row, `g_n` is that value times the scalar one; a mean or sum then counts each row's loss `g_n`
    /// times.
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
        for (n, row) in rows_of(logits, self.cols).enumerate() {
            match targets[n] {
                Target::Ignored => gradient.resize(gradient.len() + row.len(), 0.0),
                Target::Bad => gradient.resize(gradient.len() + row.len(), f64::NAN),
                target => {
                    let of = self.for_row(n);
                    gradient.extend(of.row_gradient(row, target, self.upstream(n, &counts)));
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
        let rows = rows_of(logits, self.cols).len();
        if let Some(upstream) = &self.grad_losses {
            assert_eq!(upstream.len(), rows, "one upstream gradient a row");
        }
        if let Some(weight) = &self.row_weight {
            assert_eq!(weight.len(), rows, "one weight a row");
        }
        if let Some(scale) = &self.row_scale {
            assert_eq!(scale.len(), rows, "one scale a row");
        }
        if let Some(kept) = &self.kept {
            assert_eq!(
                kept.all.len(),
                logits.len(),
                "one element of the mask a logit"
            );
        }
        let targets = targets.into();
        let targets = targets.rows(rows, self.cols, self.loss.ignore_index);
        let counted = |(row, target)| match self.weight_of_row(row) {
            0.0 => Target::Ignored,
            _ => target,
        };
        targets.enumerate().map(counted).collect()
    }

    /// Returns the weight of a row, 1 where there are none.
    pub(crate) fn weight_of_row(&self, row: usize) -> f64 {
        self.row_weight.as_ref().map_or(1.0, |weight| weight[row])
    }

    /// Returns the cross-entropy of a row times the row's weight; that of a row of weight 0 is 0.
    fn weighted(&self, row: usize, loss: f64) -> f64 {
        match self.weight_of_row(row) {
            0.0 => loss,
            weight => weight * loss,
        }
    }

    /// Computes the cross-entropy `-sum_c t_c log p_c` of a row, without the row's weight, and its z-loss `L lse^2`; both are NaN
    /// for a bad target and for a row without probabilities.
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
        let z = self.read(row);
        let surprise = |c: usize| statistic.surprise(z(c));
        let weighted = |c: usize| match distribution.at(c) {
            share if share.is_infinite() && distribution.only().is_none() => share,
            share => share * surprise(c),
        };
        let loss = distribution.sum(weighted);
        let z_loss = f64::from(self.loss.z_loss);
        (loss, z_loss * statistic.lse() * statistic.lse())
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
        let z_factor = z_upstream * (2.0 * f64::from(self.loss.z_loss) * statistic.lse());
        let (columns, z) = (self.columns(), self.read(row));
        row.iter().enumerate().map(move |(class, &x)| {
            let p = statistic.probability(z(class));
            let (share, slope) = match self.keeps(class) {
                true => (distribution.at(class), columns.slope(x)),
                false => (0.0, 1.0),
            };
            (upstream * (p * total - share) + z_factor * p) * slope
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
            smoothing: self.loss.label_smoothing.into(),
            classes: self.cols,
        }
    }

    /// Returns the statistic of a row of logits as they are read, by what computes that row.
    pub(crate) fn statistic<X: Real>(&self, row: &[X]) -> Statistic {
        let steepness = self.columns().steepness();
        let statistic = Statistic::of_seen(row.len(), steepness, self.read(row));
        Statistic {
            has_nan: statistic.has_nan || self.spoilt,
            ..statistic
        }
    }

    /// Counts targets, one a row.
    pub(crate) fn counts<X: Real>(&self, targets: &[Target<'_, X>]) -> Counts {
        Counts {
            valid_rows: targets.iter().filter(|target| target.is_valid()).count(),
            bad_targets: targets.iter().filter(|target| target.is_bad()).count(),
            first_bad_row: targets.iter().position(|target| target.is_bad()),
            weight_sum: pairwise_sum(targets.len(), |row| self.mean_weight(row, targets[row])),
        }
    }

    /// Returns the contribution of a row to the sum of weights.
    pub(crate) fn mean_weight<X>(&self, row: usize, target: Target<'_, X>) -> f64 {
        match (target, &self.weight) {
            (Target::Class(class), Some(weight)) => self.weight_of_row(row) * weight[class],
            (Target::Class(_) | Target::Probs(_), _) => self.weight_of_row(row),
            (Target::Ignored | Target::Bad, _) => 0.0,
        }
    }

    /// Reduces two values a row, the cross-entropy and the z-loss. A mean divides the latter by the number of valid rows whatever
    /// their weights.
    pub(crate) fn reduce(&self, losses: &[f64], z_losses: &[f64], counts: &Counts) -> Option<f64> {
        let sum = |values: &[f64]| pairwise_sum(values.len(), |row| values[row]);
        match self.loss.reduction {
            Reduction::None => None,
            Reduction::Sum => Some(sum(losses) + sum(z_losses)),
            Reduction::Mean => {
                let (weight_sum, valid_rows) = self.divisors(counts);
                let mean = self.loss.zero_valid.mean(sum(losses), weight_sum);
                Some(mean + self.loss.zero_valid.mean(sum(z_losses), valid_rows))
            }
        }
    }

    /// Returns the upstream gradients of the cross-entropy and of the z-loss of a row, made of its upstream gradient `g`: the former
    /// has the row's weight.
    pub(crate) fn upstream(&self, row: usize, counts: &Counts) -> (f64, f64) {
        let g_row = self.grad_losses.as_ref().map_or(1.0, |g| g[row]);
        let g = match self.grad_loss * g_row {
            g if self.grad_loss.is_finite() && g_row.is_finite() => g,
            _ => f64::NAN,
        };
        let weighted = |g: f64| match self.weight_of_row(row) {
            weight if weight.is_finite() => weight * g,
            _ => f64::NAN,
        };
        if !self.has_gradient_of_mean() {
            return (weighted(g), g);
        }
        let (weight_sum, valid_rows) = self.divisors(counts);
        let divided = |over| self.loss.zero_valid.mean(g, over);
        (weighted(divided(weight_sum)), divided(valid_rows))
    }

    /// Returns the divisors of the mean of the cross-entropy and of the z-loss.
    fn divisors(&self, counts: &Counts) -> (f64, f64) {
        let counted = (counts.weight_sum, counts.valid_rows as f64);
        self.mean_over.unwrap_or(counted)
    }
}
