//! Numbers computed from the formulas in f64, elsewhere.

use super::assert_close;
use wgpu_softmax::reference::CrossEntropy;

const LOGITS: [f32; 12] = [2., 1., 0., -1., 0., 0., 3., 1., -2., 4., 1., 0.];
const TARGETS: [i64; 3] = [0, -100, 1];
const PROBS: [f32; 12] = [0.7, 0.1, 0.1, 0.1, 0., 0., 1., 0., 0.25, 0.25, 0.25, 0.25];

fn weighted(operation: CrossEntropy) -> CrossEntropy {
    operation.weight(vec![1.0, 2.0, 0.5, 1.0])
}

/// An option with the mean, the weighted mean, and the weighted losses of the rows.
type Case = (fn(CrossEntropy) -> CrossEntropy, f64, f64, [f64; 3]);

#[test]
fn class_ids() {
    let cases: [Case; 5] = [
        (
            |it| it,
            0.25419581,
            0.19219785,
            [0.4401897, 0.0, 0.13640384],
        ),
        (
            |it| it.label_smoothing(0.1),
            0.49169581,
            0.33787608,
            [0.59569207, 0.0, 0.41793617],
        ),
        (
            |it| it.z_loss(0.01),
            0.36671977,
            0.30472181,
            [0.49973496, 0.0, 0.30190651],
        ),
        (
            |it| it.softcap(2.0),
            0.52571364,
            0.49518445,
            [0.61730121, 0.0, 0.86825214],
        ),
        (
            |it| it.label_smoothing(0.1).z_loss(0.01).softcap(2.0),
            0.71343018,
            0.62163696,
            [0.78100755, 0.0, 1.03309534],
        ),
    ];
    for (option, mean, weighted_mean, rows) in cases {
        let plain = option(CrossEntropy::new(4).ignore_index(-100));
        let found = plain.losses(&LOGITS, &TARGETS);
        let with_weights = weighted(plain).losses(&LOGITS, &TARGETS);
        let losses = [found.loss.unwrap(), with_weights.loss.unwrap()];
        assert_close(&losses, &[mean, weighted_mean], 1e-8);
        assert_close(&with_weights.row_losses, &rows, 1e-8);
        assert_eq!((found.weight_sum, with_weights.weight_sum), (2.0, 3.0));
    }
}

#[test]
fn class_probabilities() {
    for (smoothing, mean, weighted_mean) in
        [(0.0, 1.52312975, 1.37314172), (0.1, 1.61979641, 1.50030464)]
    {
        let plain = CrossEntropy::new(4).label_smoothing(smoothing);
        let found = plain.losses(&LOGITS, &PROBS);
        let with_weights = weighted(plain).losses(&LOGITS, &PROBS);
        let losses = [found.loss.unwrap(), with_weights.loss.unwrap()];
        assert_close(&losses, &[mean, weighted_mean], 1e-8);
        assert_eq!((with_weights.weight_sum, with_weights.valid_rows), (3.0, 3));
    }
}

#[test]
fn logsumexp_of_capped_logits() {
    let capped = CrossEntropy::new(1).softcap(2.0).scale(3.0);
    let lse = capped.losses(&[1.0, -0.5], &[0, 0]).lse;
    assert_close(&lse, &[2.0 * 1.5_f64.tanh(), -2.0 * 0.75_f64.tanh()], 1e-15);
}
