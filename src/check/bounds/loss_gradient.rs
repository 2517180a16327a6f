use super::cross_entropy::weight_sum_error;
use super::{DIVISION, U, finite, flushed, of_gradient, of_lse, two_ln};
use crate::reference::{CrossEntropy, Statistic, Target, TargetDistribution, Targets, rows_of};

/// Returns the bounds of [`CrossEntropy::gradient`], `rows x cols`.
///
/// With `P_i = (10 + 4 abs(w_i) + 2 ln N) p_i u`, `T` the sum of the target weights `t_c`, `abs` taken of every factor of a
/// target weight, and `a`, `b` the upstream gradients of cross-entropy and z-loss:
///
/// | part | within |
/// | --- | --- |
/// | class ids | `abs(a) (P_i + 2 u at the target)`; times `abs(w_t)` with class weights, and `u` of the product |
/// | smoothing, or probabilities | `abs(a) (abs(T) (P_i + (10 + 2 ln N) u p_i) + 10 u abs(t_i))`: the sum `T`, the target weights and their difference |
/// | z-loss | `2 abs(b L) (abs(lse) P_i + p_i B + 6 u abs(lse) p_i)` with `B` the bound of the logsumexp, and `u` of the sum |
/// | mean | the accuracy of WGSL's division, and that of the sum of weights |
/// | weight of the row | a factor of `a`, and `u` of the product |
/// | scale, softcap | the bound times `S (1 - (z / C)^2)`; 8 u of the factor, for `z / C` is within 2 u and is squared, or `u` without softcap |
///
/// A logit of `-inf` with a target weight of 0 gives exactly 0, and so does an excluded class.
pub fn loss_gradient<'a>(
    cross_entropy: &CrossEntropy,
    logits: &[f32],
    targets: impl Into<Targets<'a>>,
) -> Vec<f64> {
    let targets = cross_entropy.targets(logits, targets);
    let counts = cross_entropy.counts(&targets);
    let division = match cross_entropy.has_gradient_of_mean() {
        true => DIVISION,
        false => 0.0,
    };
    let weight_sum = weight_sum_error(cross_entropy, &targets, &counts);
    let product = if cross_entropy.weighs_rows() { U } else { 0.0 };
    let mut allowed = Vec::with_capacity(logits.len());
    for (n, row) in rows_of(logits, cross_entropy.cols).enumerate() {
        if !targets[n].is_valid() {
            allowed.resize(allowed.len() + row.len(), 0.0);
            continue;
        }
        let (upstream, z_upstream) = cross_entropy.upstream(n, &counts);
        let of = cross_entropy.for_row(n);
        let row = Row::new(&of, row, targets[n]);
        allowed.extend((0..cross_entropy.cols).map(|class| {
            let loss = row.of_loss(class, upstream, division + weight_sum + product);
            row.sloped(class, loss, row.of_z_loss(class, z_upstream, division))
        }));
    }
    allowed
}

/// A valid row.
struct Row<'a> {
    cross_entropy: &'a CrossEntropy,
    logits: &'a [f32],
    statistic: Statistic,
    distribution: TargetDistribution<'a>,
    total: f64,
    total_magnitude: f64,
}

/// Part of the gradient before scale and softcap, its bound, and the error that flushing may add.
#[derive(Default)]
struct Part {
    value: f64,
    bound: f64,
    flushed: f64,
}

impl<'a> Row<'a> {
    fn new(cross_entropy: &'a CrossEntropy, logits: &'a [f32], target: Target<'a>) -> Self {
        let distribution = cross_entropy.distribution(target);
        Self {
            cross_entropy,
            logits,
            statistic: cross_entropy.statistic(logits),
            distribution,
            total: distribution.sum(|class| distribution.at(class)),
            total_magnitude: distribution.sum(|class| distribution.magnitude(class)),
        }
    }

    /// Returns the part of the cross-entropy, `a (p T - t)`, with the relative error of `a`.
    fn of_loss(&self, class: usize, upstream: f64, upstream_error: f64) -> Part {
        let (p, p_bound) = self.probability(class);
        let distribution = &self.distribution;
        let (share, magnitude) = (distribution.at(class), distribution.magnitude(class));
        let value = p * self.total - share;
        let bound = match distribution.only() {
            Some(_) if distribution.weighted() => {
                self.total_magnitude * p_bound + 2.0 * U * magnitude + U * value.abs()
            }
            Some(_) => p_bound + 2.0 * U * magnitude,
            None => {
                let nested = (10.0 + two_ln(self.logits.len())) * U;
                self.total_magnitude * (p_bound + nested * p) + 10.0 * U * magnitude
            }
        };
        // The class weight of a class with target weight 0 is not used, and may be anything.
        let weight = match share {
            0.0 => 1.0,
            _ => distribution.weight(class).abs().max(1.0),
        };
        Part {
            value: upstream * value,
            bound: upstream.abs() * (bound + upstream_error * value.abs()),
            flushed: flushed(upstream.abs().max(1.0) * self.total_magnitude.max(1.0) * weight),
        }
    }

    /// Returns the part of the z-loss, `2 b L lse p`, with the relative error of `b`.
    fn of_z_loss(&self, class: usize, upstream: f64, upstream_error: f64) -> Part {
        let factor = 2.0 * upstream * f64::from(self.cross_entropy.loss.z_loss);
        if factor == 0.0 {
            return Part::default();
        }
        let (p, p_bound) = self.probability(class);
        let lse = self.statistic.lse();
        let lse_bound = of_lse(self.statistic, self.cross_entropy.columns());
        let rounding = (6.0 * U + upstream_error) * lse.abs() * p;
        Part {
            value: factor * lse * p,
            bound: factor.abs() * (lse.abs() * p_bound + p * lse_bound + rounding),
            flushed: flushed((factor * lse).abs().max(lse.abs())),
        }
    }

    /// Returns the bound of the sum of both parts times the slope of the logit as it is read.
    fn sloped(&self, class: usize, loss: Part, z_loss: Part) -> f64 {
        let columns = self.cross_entropy.columns();
        let x = self.logits[class];
        let is_out = self.cross_entropy.read(self.logits)(class) == f64::NEG_INFINITY;
        let has_no_share = self.distribution.at(class) == 0.0 || !self.cross_entropy.keeps(class);
        if is_out && has_no_share {
            return 0.0;
        }
        let sum = match z_loss.value {
            0.0 => 0.0,
            _ => U * (loss.value.abs() + z_loss.value.abs()),
        };
        let slope_error = match columns.softcap {
            Some(_) => 8.0 * U * columns.scale,
            None if columns.scale != 1.0 => U * columns.scale,
            None => 0.0,
        };
        let slope = columns.slope(x);
        let bound = (slope + slope_error) * (loss.bound + z_loss.bound + sum);
        let value = (loss.value + z_loss.value).abs();
        let flushed = (loss.flushed + z_loss.flushed) * columns.scale.max(1.0);
        finite(bound + slope_error * value + flushed)
    }

    /// Returns `p`, and the part of a bound that is proportional to `p`.
    fn probability(&self, class: usize) -> (f64, f64) {
        let (columns, row) = (self.cross_entropy.columns(), self.statistic);
        let z = self.cross_entropy.read(self.logits)(class);
        (row.probability(z), of_gradient(row, z, columns))
    }
}
