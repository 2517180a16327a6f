//! Bounds of the cross-entropy of a linear layer's logits.

use super::{FLUSHED, U, beyond_f32, finite, loss, loss_gradient, row_loss};
use crate::reference::{
    CrossEntropy, Linear, LinearGradients, Statistic, Target, TargetDistribution, rows_of,
};

/// Roundings of a sum of `terms` products that is added to something: one of the product; the additions of 16 products, of 16 such
/// sums, and of these sums, the first of each to 0; and the last addition. At most `32 + terms / 256`.
fn roundings(terms: usize) -> f64 {
    let added = |sums: usize| sums.saturating_sub(1) as f64;
    2.0 + added(terms.min(16)) + added(terms.div_ceil(16).min(16)) + added(terms.div_ceil(256))
}

/// Error of a sum of `terms` products whose magnitudes add up to `sum`, in `parts` that are added one after the other. A product
/// may be flushed.
fn of_product(terms: usize, parts: usize, sum: f64) -> f64 {
    (roundings(terms) + parts as f64 - 1.0) * U * sum + terms as f64 * FLUSHED
}

/// Computes `sum_k a(k) b(k)` with the errors of `a` and of the product: of `a`, given as its magnitude and its error.
fn bound_of(
    terms: usize,
    parts: usize,
    a: impl Fn(usize) -> (f64, f64),
    b: impl Fn(usize) -> f64,
) -> f64 {
    let (mut sum, mut error) = (0.0, 0.0);
    for k in 0..terms {
        let ((value, of_a), b) = (a(k), b(k).abs());
        sum += (value.abs() + of_a) * b;
        error += of_a * b;
    }
    match sum {
        _ if beyond_f32(sum) => f64::INFINITY,
        _ => finite(error + of_product(terms, parts, sum)),
    }
}

/// Returns the bounds of the logits, `rows x classes`: `(32 + D / 256) u (sum abs(x w) + abs(b))` for `D` features.
///
/// No accumulator takes more than 16 products before it moves up a level: an element meets the rounding of its product, 15
/// additions of products, 15 of such sums, `D / 256 - 1` of those, and that of the bias.
pub fn linear_logits(layer: Linear<'_>) -> Vec<f64> {
    let mut bounds = Vec::new();
    for row in rows_of(layer.hidden, layer.features) {
        for (class, weight) in rows_of(layer.weight, layer.features).enumerate() {
            let product = |(x, w): (&f32, &f32)| f64::from(*x).abs() * f64::from(*w).abs();
            let sum: f64 = row.iter().zip(weight).map(product).sum();
            let bias = layer.bias.map_or(0.0, |bias| f64::from(bias[class]).abs());
            let parts = layer.features.div_ceil(TERMS);
            bounds.push(finite(of_product(layer.features, parts, sum + bias)));
        }
    }
    bounds
}

/// A row of logits with their errors, as they are read.
struct Inexact<'a> {
    of: &'a CrossEntropy,
    logits: &'a [f64],
    statistic: Statistic,
    distribution: TargetDistribution<'a, f64>,
    /// Sum of the target weights.
    total: f64,
    errors: Vec<f64>,
    /// Error of the logsumexp: `ln sum_c p_c exp(e_c)`.
    of_lse: f64,
}

impl<'a> Inexact<'a> {
    fn new(of: &'a CrossEntropy, logits: &'a [f64], errors: &[f64], target: usize) -> Self {
        let distribution = of.distribution(Target::Class(target));
        let statistic = of.statistic(logits);
        // Neither the scale nor the softcap makes more of an error than the scale.
        let errors: Vec<f64> = errors
            .iter()
            .map(|error| error * of.columns().scale)
            .collect();
        let z = of.read(logits);
        let terms = errors.iter().enumerate();
        let sum: f64 = terms
            .map(|(c, error)| statistic.probability(z(c)) * error.exp_m1())
            .sum();
        Self {
            of,
            logits,
            statistic,
            distribution,
            total: distribution.sum(|c| distribution.at(c)),
            errors,
            of_lse: sum.ln_1p(),
        }
    }

    /// Returns what the errors add to a loss and to its z-loss.
    fn of_loss(&self) -> (f64, f64) {
        let distribution = &self.distribution;
        let loss = distribution.sum(|c| distribution.magnitude(c) * (self.of_lse + self.errors[c]));
        let (lse, z_loss) = (
            self.statistic.lse().abs(),
            f64::from(self.of.loss.z_loss).abs(),
        );
        (
            finite(loss),
            finite(z_loss * (2.0 * lse + self.of_lse) * self.of_lse),
        )
    }

    /// Returns what the errors add to the gradient by a logit: its probability is off by a factor of at most `exp(e_c + E)`, the
    /// slope of its softcap `C` by `2 abs(z) / C^2 e_c + (e_c / C)^2`.
    fn of_gradient(&self, class: usize, (a, b): (f64, f64)) -> f64 {
        if !self.of.keeps(class) {
            return 0.0;
        }
        let total = self.total;
        let columns = self.of.columns();
        let x = self.logits[class];
        let (z, error) = (columns.read(x), self.errors[class]);
        let p = self.statistic.probability(z);
        let of_p = p * (error + self.of_lse).exp_m1();
        let factor = 2.0 * (b * f64::from(self.of.loss.z_loss)).abs();
        let lse = self.statistic.lse().abs();
        let z_loss = factor * (lse * of_p + self.of_lse * (p + of_p));
        let of_value = (a * total).abs() * of_p + z_loss;
        let value = (a * (p * total - self.distribution.at(class))).abs() + factor * lse * p;
        let of_slope = columns.softcap.map_or(0.0, |cap| {
            columns.scale * (2.0 * z.abs() + error) * error / (cap * cap)
        });
        (columns.slope(x) + of_slope) * of_value + value * of_slope
    }
}

/// Returns the target of each row that counts.
fn valid(of: &CrossEntropy, targets: &[i64]) -> Vec<Option<usize>> {
    let class = |(row, &id): (usize, &i64)| {
        let is_ignored = of.loss.ignore_index == Some(id) || of.weight_of_row(row) == 0.0;
        let class = usize::try_from(id).ok().filter(|&class| class < of.cols);
        class.filter(|_| !is_ignored)
    };
    targets.iter().enumerate().map(class).collect()
}

/// Rounds logits to the values that kernels read, but for their errors.
fn in_f32(logits: &[f64]) -> Vec<f32> {
    logits.iter().map(|&x| x as f32).collect()
}

/// Returns what the errors of the logits add to the losses and z-losses of the rows.
fn of_losses(
    of: &CrossEntropy,
    layer: Linear<'_>,
    logits: &[f64],
    targets: &[i64],
) -> [Vec<f64>; 2] {
    let errors = linear_logits(layer);
    let rows = rows_of(logits, of.cols).zip(rows_of(&errors, of.cols));
    let of_row = |(row, ((logits, errors), target)): (usize, ((_, _), Option<usize>))| match target
    {
        None => (0.0, 0.0),
        Some(target) => {
            let of_row = of.for_row(row);
            let (loss, z_loss) = Inexact::new(&of_row, logits, errors, target).of_loss();
            (of.weight_of_row(row).abs() * loss, z_loss)
        }
    };
    let rows = rows.zip(valid(of, targets)).enumerate();
    let (losses, z_losses) = rows.map(of_row).unzip();
    [losses, z_losses]
}

/// Returns the bounds of the [row losses](CrossEntropy::linear_losses): [`row_loss`] of the logits, and what the errors of the
/// logits add. With `e_c` the error of a logit and `E = ln sum_c p_c exp(e_c)` that of the logsumexp, that is `sum_c abs(t_c) (E +
/// e_c)` for target weights `t_c`, times the weight of the row, and for a z-loss `L` `abs(L) (2 abs(lse) E + E^2)`.
pub fn linear_row_loss(of: &CrossEntropy, layer: Linear<'_>, targets: &[i64]) -> Vec<f64> {
    let logits = layer.logits();
    let [losses, z_losses] = of_losses(of, layer, &logits, targets);
    let more = losses
        .iter()
        .zip(&z_losses)
        .map(|(loss, z_loss)| loss + z_loss);
    let bounds = row_loss(of, &in_f32(&logits), targets).into_iter();
    bounds.zip(more).map(|(bound, more)| bound + more).collect()
}

/// Returns the bound of the mean or sum, or `None` where there is none: [`loss`] of the logits, and the mean or sum of what the
/// errors of the logits add to the rows.
pub fn linear_loss(of: &CrossEntropy, layer: Linear<'_>, targets: &[i64]) -> Option<f64> {
    let logits = layer.logits();
    let [losses, z_losses] = of_losses(of, layer, &logits, targets);
    let counts = of.counts(&of.targets(&logits, targets));
    let zeros = vec![0.0; targets.len()];
    let reduced = |a: &[f64], b: &[f64]| of.reduce(a, b, &counts).map(|sum| finite(sum.abs()));
    let more = reduced(&losses, &zeros)? + reduced(&zeros, &z_losses)?;
    loss(of, &in_f32(&logits), targets).map(|bound| bound + more)
}

/// Returns the bounds of the [gradients](CrossEntropy::linear_gradients), for rows whose gradients by the weight are added in
/// `chunks` chunks: with `g` the gradient by the logits and `dg` its bound, [`loss_gradient`] and what the errors of the logits
/// add, `sum dg abs(w) + (32 + C / 256) u sum (abs(g) + dg) abs(w)` for `C` classes, and the same for the `N` rows of a chunk, where
/// each chunk is one more rounding.
pub fn linear_gradients(
    of: &CrossEntropy,
    layer: Linear<'_>,
    targets: &[i64],
    chunks: usize,
) -> LinearGradients {
    let (logits, errors) = (layer.logits(), linear_logits(layer));
    let gradient = of.gradient(&logits, targets);
    let mut bounds = loss_gradient(of, &in_f32(&logits), targets);
    let counts = of.counts(&of.targets(&logits, targets));
    for (row, target) in valid(of, targets).into_iter().enumerate() {
        let Some(target) = target else { continue };
        let row_of = |values: &'_ [f64]| values[row * of.cols..][..of.cols].to_vec();
        let (logits, errors) = (row_of(&logits), row_of(&errors));
        let of_row = of.for_row(row);
        let inexact = Inexact::new(&of_row, &logits, &errors, target);
        let upstream = of.upstream(row, &counts);
        for class in 0..of.cols {
            bounds[row * of.cols + class] += finite(inexact.of_gradient(class, upstream));
        }
    }
    let g = |row: usize, class: usize| {
        let index = row * of.cols + class;
        (gradient[index], bounds[index])
    };
    let (features, classes, rows) = (layer.features, of.cols, targets.len());
    let at =
        |values: &[f32], row: usize, feature: usize| f64::from(values[row * features + feature]);
    // Where a product has many terms, they are added in parts on software adapters.
    let parts = classes.div_ceil(TERMS);
    let hidden = (0..rows * features).map(|index| {
        let (row, feature) = (index / features, index % features);
        bound_of(
            classes,
            parts,
            |k| g(row, k),
            |k| at(layer.weight, k, feature),
        )
    });
    let parts = chunks + rows.div_ceil(TERMS);
    let weight = (0..classes * features).map(|index| {
        let (class, feature) = (index / features, index % features);
        bound_of(
            rows,
            parts,
            |k| g(k, class),
            |k| at(layer.hidden, k, feature),
        )
    });
    let bias = (0..classes).map(|class| bound_of(rows, parts, |k| g(k, class), |_| 1.0));
    LinearGradients {
        hidden: hidden.collect(),
        weight: weight.collect(),
        bias: bias.collect(),
    }
}

/// Terms that a dispatch adds, at least.
const TERMS: usize = 56_064;
