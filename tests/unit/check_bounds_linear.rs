//! The bounds of a linear layer with its loss: sums nested as the kernels nest them keep them, plain ones do not, and neither do
//! wrong gradients.

use wgpu_softmax::check::{Comparison, bounds, compare, inputs};
use wgpu_softmax::reference::{CrossEntropy, Linear};
use wgpu_softmax::{LossOptions, Reduction};

use crate::numbers::U;

/// Adds f32 in blocks of sixteen, and of sixteen such sums, and these one after the other.
fn nested(terms: &[f32]) -> f32 {
    let plain = |terms: &[f32]| terms.iter().fold(0.0_f32, |sum, term| sum + term);
    let block = |terms: &[f32]| plain(&terms.chunks(16).map(plain).collect::<Vec<_>>());
    plain(&terms.chunks(256).map(block).collect::<Vec<_>>())
}

fn products(row: &[f32], weight: &[f32]) -> Vec<f32> {
    row.iter().zip(weight).map(|(x, w)| x * w).collect()
}

/// Compares logits that are added by `sum` with the reference.
fn logits_by(sum: impl Fn(&[f32]) -> f32, features: usize) -> Comparison {
    // Equal products, since the roundings of a long sum are then alike, too.
    let (hidden, weight) = (vec![0.1; 2 * features], vec![0.1; 3 * features]);
    let layer = Linear::new(&hidden, &weight, features);
    let found: Vec<f32> = hidden
        .chunks(features)
        .flat_map(|row| {
            weight
                .chunks(features)
                .map(|weight| sum(&products(row, weight)))
                .collect::<Vec<_>>()
        })
        .collect();
    compare(&found, &layer.logits(), &bounds::linear_logits(layer), 3)
}

#[test]
fn nested_sums_keep_the_bound_of_the_logits_and_plain_sums_do_not() {
    for features in [1, 3, 16, 17, 256, 1000, 4096, 100_003] {
        let found = logits_by(nested, features);
        assert!(found.passed(), "{features}: {found}");
    }
    let plain = logits_by(
        |terms| terms.iter().fold(0.0, |sum, term| sum + term),
        1_000_003,
    );
    assert!(!plain.passed(), "{plain}");
}

#[test]
fn the_table_at_a_few_points() {
    let bound = |features: usize| {
        let ones = vec![1.0; features];
        bounds::linear_logits(Linear::new(&ones, &ones, features))[0]
    };
    let near = |found: f64, roundings: f64, sum: f64| {
        assert!(
            (found / (roundings * U * sum) - 1.0).abs() < 1e-9,
            "{found}"
        );
    };
    // The product, and the addition of the bias.
    near(bound(1), 2.0, 1.0);
    near(bound(16), 17.0, 16.0);
    near(bound(256), 32.0, 256.0);
    near(bound(512), 33.0, 512.0);
    for features in [1, 100, 1000, 5000] {
        let most = (32.0 + features as f64 / 256.0) * U * features as f64;
        assert!(bound(features) <= most * (1.0 + 1e-9), "{features}");
    }
    let layer = Linear::new(&[1.0], &[-2.0], 1).bias(&[-4.0]);
    assert_eq!(layer.logits(), [-6.0]);
    near(bounds::linear_logits(layer)[0], 2.0, 6.0);
}

/// A small layer, and a loss with every option.
struct Problem {
    hidden: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    ids: Vec<i64>,
}

impl Problem {
    fn new() -> Self {
        Self {
            hidden: inputs::upstream(5 * 3, 1),
            weight: inputs::upstream(4 * 3, 2),
            bias: inputs::upstream(4, 3),
            ids: vec![3, 0, -100, 1, 2],
        }
    }

    fn layer(&self) -> Linear<'_> {
        Linear::new(&self.hidden, &self.weight, 3).bias(&self.bias)
    }

    fn loss(&self) -> CrossEntropy {
        let mut loss = LossOptions::default();
        loss.ignore_index = Some(-100);
        loss.label_smoothing = 0.1;
        loss.z_loss = 0.3;
        loss.softcap = Some(2.0);
        loss.scale = 0.7;
        CrossEntropy::new(4)
            .loss(loss)
            .weight(vec![1.0, 2.0, 0.5, 3.0])
            .grad_loss(1.5)
    }
}

/// The derivative of the loss by a value, times the upstream gradient, by central differences.
fn difference(
    of: &CrossEntropy,
    change: impl Fn(&mut [Vec<f64>; 3], f64),
    problem: &Problem,
) -> f64 {
    let loss = |step: f64| {
        let wide = |values: &[f32]| values.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
        let mut all = [
            wide(&problem.hidden),
            wide(&problem.weight),
            wide(&problem.bias),
        ];
        change(&mut all, step);
        let [hidden, weight, bias] = &all;
        let layer = Linear::new(hidden, weight, 3).bias(bias);
        of.linear_losses(layer, &problem.ids).loss.expect("a mean")
    };
    1.5 * (loss(1e-5) - loss(-1e-5)) / 2e-5
}

#[test]
fn the_gradients_are_the_derivatives_of_the_loss() {
    let (problem, of) = (Problem::new(), Problem::new().loss());
    let gradients = of.linear_gradients(problem.layer(), &problem.ids);
    for (place, values) in [&gradients.hidden, &gradients.weight, &gradients.bias]
        .into_iter()
        .enumerate()
    {
        for (index, value) in values.iter().enumerate() {
            let expected = difference(&of, |all, step| all[place][index] += step, &problem);
            assert!(
                (value - expected).abs() < 1e-8,
                "{place} {index}: {value} {expected}"
            );
        }
    }
    assert!(
        gradients.hidden[6..9].iter().all(|value| *value == 0.0),
        "the ignored row"
    );
    assert!(gradients.hidden[0].abs() > 1e-4);
}

/// Rounds the inputs of a kernel's parts to f32 at every step: logits, gradient, products.
#[test]
fn arithmetic_in_f32_keeps_the_bounds_and_a_wrong_gradient_does_not() {
    let (problem, of) = (Problem::new(), Problem::new().loss());
    let layer = problem.layer();
    let logits: Vec<f32> = layer.logits().into_iter().map(|x| x as f32).collect();
    let gradient: Vec<f32> = of
        .gradient(&logits, &problem.ids)
        .into_iter()
        .map(|x| x as f32)
        .collect();
    let found: Vec<f32> = (0..5 * 3)
        .map(|index| {
            let (row, feature) = (index / 3, index % 3);
            let term =
                |class: usize| gradient[row * 4 + class] * problem.weight[class * 3 + feature];
            nested(&(0..4).map(term).collect::<Vec<_>>())
        })
        .collect();
    let expected = of.linear_gradients(layer, &problem.ids);
    let allowed = bounds::linear_gradients(&of, layer, &problem.ids, 1);
    let comparison = compare(&found, &expected.hidden, &allowed.hidden, 3);
    assert!(
        comparison.passed() && comparison.worst_share > 0.0,
        "{comparison}"
    );
    let wrong: Vec<f32> = found.iter().map(|x| x * 1.00001).collect();
    assert!(!compare(&wrong, &expected.hidden, &allowed.hidden, 3).passed());
    // More chunks are more roundings.
    let chunked = bounds::linear_gradients(&of, layer, &problem.ids, 5);
    let more = chunked
        .weight
        .iter()
        .zip(&allowed.weight)
        .all(|(many, one)| many > one);
    assert!(more && chunked.hidden == allowed.hidden);
}

#[test]
fn the_mean_has_the_mean_of_the_bounds_of_the_rows() {
    let problem = Problem::new();
    let plain = |reduction| CrossEntropy::new(4).ignore_index(-100).reduction(reduction);
    let rows = bounds::linear_row_loss(&plain(Reduction::None), problem.layer(), &problem.ids);
    assert_eq!(rows[2], 0.0, "the ignored row");
    let sum = bounds::linear_loss(&plain(Reduction::Sum), problem.layer(), &problem.ids);
    let mean = bounds::linear_loss(&plain(Reduction::Mean), problem.layer(), &problem.ids);
    let (sum, mean) = (sum.expect("a bound"), mean.expect("a bound"));
    assert!((sum / 4.0 / mean - 1.0).abs() < 1e-9);
    let of_rows: f64 = rows.iter().sum();
    let losses = plain(Reduction::Sum).linear_losses(problem.layer(), &problem.ids);
    let expected = of_rows + 8.0 * U * losses.row_losses.iter().sum::<f64>();
    assert!((sum / expected - 1.0).abs() < 1e-6, "{sum} {expected}");
    assert_eq!(
        bounds::linear_loss(&plain(Reduction::None), problem.layer(), &problem.ids),
        None
    );
    // The errors of the logits are in the bounds of the losses.
    let logits: Vec<f32> = problem
        .layer()
        .logits()
        .into_iter()
        .map(|x| x as f32)
        .collect();
    let of_logits = bounds::row_loss(&plain(Reduction::None), &logits, &problem.ids);
    assert!(rows[0] > of_logits[0] && rows[0] < 100.0 * of_logits[0]);
}
