//! Derivatives against finite differences.

use super::*;

const COLS: usize = 9;
const SHARP: f64 = 1e-11;
/// Tolerance where the gradient starts from an output that was rounded to f32.
const ROUNDED: f64 = 2e-6;

fn cases() -> impl Iterator<Item = (Vec<f32>, Vec<f32>)> {
    let kinds = [Inputs::Flat, Inputs::Peaked, Inputs::OneMaxOverConstant];
    let seeds = kinds
        .into_iter()
        .flat_map(|kind| (0..8).map(move |seed| (kind, seed)));
    seeds.map(|(kind, seed)| {
        (
            on_grid(kind, COLS, seed),
            inputs::upstream(COLS, seed + 100),
        )
    })
}

#[test]
fn jacobian_is_the_derivative_of_softmax() {
    for (logits, _) in cases() {
        let entries = jacobian(&logits, COLS);
        for (i, row) in entries.chunks_exact(COLS).enumerate() {
            assert_close(row, &gradient_of(|x| softmax(x, COLS)[i], &logits), SHARP);
        }
    }
}

#[test]
fn logsumexp_backward_is_the_derivative() {
    for (logits, g) in cases() {
        let lse = |x: &[f32]| f64::from(g[0]) * logsumexp(x, COLS)[0];
        assert_close(
            &logsumexp_backward(&logits, &g[..1], COLS),
            &gradient_of(lse, &logits),
            SHARP,
        );
    }
}

#[test]
fn softmax_backward_is_the_derivative() {
    for (logits, g) in cases() {
        let found = softmax_backward(&inputs::probs(&logits, COLS), &g, COLS);
        assert_close(
            &found,
            &gradient_of(|x| dot(&softmax(x, COLS), &g), &logits),
            ROUNDED,
        );
    }
}

#[test]
fn log_softmax_backward_is_the_derivative() {
    for (logits, g) in cases() {
        let found = log_softmax_backward(&inputs::log_probs(&logits, COLS), &g, COLS);
        assert_close(
            &found,
            &gradient_of(|x| dot(&log_softmax(x, COLS), &g), &logits),
            ROUNDED,
        );
    }
}

#[test]
fn cross_entropy_gradient_is_the_derivative() {
    for (seed, (logits, _)) in cases().enumerate() {
        let targets = [[0, 1, 2][seed % 3], -7, 8];
        let logits = [
            logits.clone(),
            logits.iter().rev().copied().collect(),
            logits,
        ]
        .concat();
        for reduction in [Reduction::Mean, Reduction::Sum] {
            let operation = CrossEntropy::new(COLS)
                .ignore_index(-7)
                .reduction(reduction);
            let loss = |x: &[f32]| -2.5 * operation.losses(x, &targets).loss.unwrap();
            let found = operation
                .clone()
                .grad_loss(-2.5)
                .gradient(&logits, &targets);
            assert_close(&found, &gradient_of(loss, &logits), 1e-10);
        }
    }
}

/// The backward formulas as matrices, on the very numbers they are given: no tolerance hides
/// f32 arithmetic here.
#[test]
fn backward_is_a_product_with_the_jacobian() {
    for (logits, g) in cases() {
        let stored = inputs::probs(&logits, COLS);
        let w = inputs::log_probs(&logits, COLS);
        let p: Vec<f64> = stored.iter().map(|&p| f64::from(p)).collect();
        let exp_w: Vec<f64> = w.iter().map(|&w| f64::from(w).exp()).collect();
        let delta = |i, j| if i == j { 1.0 } else { 0.0 };
        let product = |entry: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
            (0..COLS)
                .map(|i| (0..COLS).map(|j| entry(i, j) * f64::from(g[j])).sum())
                .collect()
        };
        let expected = product(&|i, j| p[i] * (delta(i, j) - p[j]));
        assert_close(&softmax_backward(&stored, &g, COLS), &expected, 1e-15);
        assert_close(
            &log_softmax_backward(&w, &g, COLS),
            &product(&|i, j| delta(i, j) - exp_w[i]),
            1e-14,
        );
    }
}

#[test]
fn jacobian_is_symmetric_and_its_rows_sum_to_zero() {
    for (logits, _) in cases() {
        let entries = jacobian(&logits, COLS);
        for i in 0..COLS {
            let row = &entries[i * COLS..][..COLS];
            assert!(row.iter().sum::<f64>().abs() < 1e-15);
            for j in 0..COLS {
                assert_eq!(row[j], entries[j * COLS + i]);
            }
        }
    }
}

#[test]
fn rows_keep_to_themselves() {
    let logits = [1.0, 2.0, 0.5, -3.0];
    let (first, second) = logits.split_at(2);
    let joined = |f: &dyn Fn(&[f32]) -> Vec<f64>| [f(first), f(second)].concat();
    assert_eq!(softmax(&logits, 2), joined(&|x| softmax(x, 2)));
    assert_eq!(jacobian(&logits, 2), joined(&|x| jacobian(x, 2)));
    let found = logsumexp_backward(&logits, &[2.0, -3.0], 2);
    let probs = softmax(&logits, 2);
    assert_eq!(
        found,
        [
            2.0 * probs[0],
            2.0 * probs[1],
            -3.0 * probs[2],
            -3.0 * probs[3]
        ]
    );
}
