//! Gradients against finite differences, for every set of options.

use super::{REDUCTIONS, assert_close};
use wgpu_softmax::Reduction;
use wgpu_softmax::check::{Inputs, inputs};
use wgpu_softmax::reference::{
    Columns, CrossEntropy, CrossEntropyResult, Targets, jacobian, log_softmax,
    log_softmax_backward, logsumexp, logsumexp_backward, softmax, softmax_backward,
};

const COLS: usize = 7;
const ROWS: usize = 3;

/// Computes a gradient by central differences of two step widths, extrapolated (Richardson).
fn gradient_of(f: impl Fn(&[f32]) -> f64, x: &[f32]) -> Vec<f64> {
    let at = |i: usize, step: f32| {
        let mut moved = x.to_vec();
        moved[i] += step;
        f(&moved)
    };
    let central = |i, step: f32| (at(i, step) - at(i, -step)) / f64::from(2.0 * step);
    let extrapolated = |i| (4.0 * central(i, 1.0 / 512.0) - central(i, 1.0 / 256.0)) / 3.0;
    (0..x.len()).map(extrapolated).collect()
}

/// Returns logits on a grid of 1/256, to which the steps can be added without rounding.
fn logits(seed: u64) -> Vec<f32> {
    let logits = Inputs::Flat.logits(ROWS, COLS, seed);
    logits.iter().map(|x| (x * 256.0).round() / 128.0).collect()
}

fn probs(seed: u64) -> Vec<f32> {
    inputs::upstream(ROWS * COLS, seed)
}

/// Returns one operation for every set of options: bit `i` of `set` is option `i`.
fn with_options(set: u64, reduction: Reduction) -> CrossEntropy {
    let weight = vec![0.5, 0.0, 2.0, 1.0, -0.25, 3.0, 1.5];
    let options: [&dyn Fn(CrossEntropy) -> CrossEntropy; 6] = [
        &|it| it.weight(weight.clone()),
        &|it| it.label_smoothing(0.3),
        &|it| it.z_loss(0.05),
        &|it| it.softcap(3.0),
        &|it| it.scale(0.75),
        &|it| it.grad_losses(vec![1.5, -2.0, 0.25]),
    ];
    let chosen = options
        .iter()
        .enumerate()
        .filter(|(i, _)| set >> i & 1 == 1);
    let operation = CrossEntropy::new(COLS)
        .reduction(reduction)
        .grad_loss(-1.25);
    chosen.fold(operation, |operation, (_, option)| option(operation))
}

/// Computes the function whose gradient is tested, from losses of one row at a time: row `n` counts `g_n` times, its
/// cross-entropy over the weights and its z-loss over the rows.
fn objective<'a>(
    set: u64,
    reduction: Reduction,
    x: &[f32],
    whole: &CrossEntropyResult,
    target: impl Fn(usize) -> Targets<'a>,
) -> f64 {
    let of_row = |set, n: usize| {
        let operation = with_options(set & !32, Reduction::Sum).ignore_index_of(target(n));
        operation
            .losses(&x[n * COLS..][..COLS], target(n))
            .row_losses[0]
    };
    let row = |n: usize| {
        let g = -1.25
            * if set & 32 == 0 {
                1.0
            } else {
                [1.5, -2.0, 0.25][n]
            };
        let loss = of_row(set & !4, n);
        let z_loss = of_row(set, n) - loss;
        let mean = (loss / whole.weight_sum) + z_loss / whole.valid_rows as f64;
        g * if reduction == Reduction::Mean {
            mean
        } else {
            loss + z_loss
        }
    };
    (0..ROWS).map(row).sum()
}

trait IgnoreIndex {
    fn ignore_index_of(self, target: Targets<'_>) -> Self;
}

impl IgnoreIndex for CrossEntropy {
    fn ignore_index_of(self, target: Targets<'_>) -> Self {
        match target {
            Targets::Ids(_) => self.ignore_index(-7),
            _ => self,
        }
    }
}

#[test]
fn every_set_of_options_with_class_ids() {
    let targets = [5, -7, 2];
    for set in 0..64 {
        for reduction in REDUCTIONS {
            let operation = with_options(set, reduction).ignore_index(-7);
            let x = logits(set);
            let whole = operation.losses(&x, &targets);
            let f = |x: &[f32]| objective(set, reduction, x, &whole, |n| (&targets[n..=n]).into());
            assert_close(&operation.gradient(&x, &targets), &gradient_of(f, &x), 2e-9);
        }
    }
}

#[test]
fn every_set_of_options_with_class_probabilities() {
    for set in 0..64 {
        for reduction in REDUCTIONS {
            let operation = with_options(set, reduction);
            let (x, q) = (logits(set), probs(set));
            let whole = operation.losses(&x, &q);
            let row = |n: usize| Targets::from(&q[n * COLS..][..COLS]);
            let f = |x: &[f32]| objective(set, reduction, x, &whole, row);
            assert_close(&operation.gradient(&x, &q), &gradient_of(f, &x), 5e-9);
        }
    }
}

#[test]
fn the_reduced_loss_is_the_objective() {
    for set in 0..32 {
        for reduction in [Reduction::Mean, Reduction::Sum] {
            let operation = with_options(set, reduction).ignore_index(-7);
            let (x, targets) = (logits(set), [5, -7, 2]);
            let whole = operation.losses(&x, &targets);
            let row = |n: usize| Targets::from(&targets[n..=n]);
            let expected = objective(set, reduction, &x, &whole, row) / -1.25;
            assert_close(&[whole.loss.unwrap()], &[expected], 1e-13);
        }
    }
}

#[test]
fn scaled_operations() {
    let columns = Columns::new(COLS).scale(0.625);
    let (x, g) = (&logits(1)[..COLS], inputs::upstream(COLS, 2));
    let dot = |a: &[f64]| -> f64 { a.iter().zip(&g).map(|(a, &b)| a * f64::from(b)).sum() };
    let narrow = |values: Vec<f64>| -> Vec<f32> { values.iter().map(|&v| v as f32).collect() };
    let (p, w) = (narrow(softmax(x, columns)), narrow(log_softmax(x, columns)));
    let of_softmax = gradient_of(|x| dot(&softmax(x, columns)), x);
    assert_close(&softmax_backward(&p, &g, columns), &of_softmax, 1e-6);
    let of_log = gradient_of(|x| dot(&log_softmax(x, columns)), x);
    assert_close(&log_softmax_backward(&w, &g, columns), &of_log, 2e-6);
    let of_lse = gradient_of(|x| f64::from(g[0]) * logsumexp(x, columns)[0], x);
    assert_close(&logsumexp_backward(x, &g[..1], columns), &of_lse, 1e-11);
    for (i, row) in jacobian(x, columns).chunks_exact(COLS).enumerate() {
        assert_close(row, &gradient_of(|x| softmax(x, columns)[i], x), 1e-11);
    }
}
