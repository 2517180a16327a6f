//! The best f32 results there are.

use super::{options, probs};
use wgpu_softmax::Reduction;
use wgpu_softmax::check::{Comparison, Inputs, bounds, compare, inputs};
use wgpu_softmax::reference::{self, Columns, Targets};

/// Each result, correctly rounded, uses no more than half of any bound, whatever the inputs.
#[test]
fn correctly_rounded_results_pass() {
    let rounded = |values: &[f64]| values.iter().map(|&v| v as f32).collect::<Vec<_>>();
    let mut worst = Comparison::EMPTY;
    for kind in Inputs::ALL {
        for (rows, cols) in [(6, 1), (6, 2), (6, 33), (6, 300)] {
            let logits = kind.logits(rows, cols, 11);
            let ids = inputs::bad_targets(rows, cols, 13, Some(-100));
            let ids: Vec<i64> = ids.into_iter().map(i64::from).collect();
            let probs = probs(rows, cols, 5);
            for of in options(cols, 16) {
                for reduction in [Reduction::Mean, Reduction::Sum] {
                    let plain = of.reference(cols).reduction(reduction);
                    let of_ids = plain.clone().ignore_index(-100);
                    for (operation, targets) in [
                        (of_ids, Targets::Ids(&ids)),
                        (plain, Targets::Probs(&probs)),
                    ] {
                        let result = operation.losses(&logits, targets);
                        let loss = [result.loss.unwrap()];
                        let allowed = [bounds::loss(&operation, &logits, targets).unwrap()];
                        let gradient = operation.gradient(&logits, targets);
                        let pairs = [
                            (&loss[..], &allowed[..]),
                            (
                                &result.row_losses,
                                &bounds::row_loss(&operation, &logits, targets),
                            ),
                            (&result.lse, &bounds::row_lse(&operation, &logits)),
                            (
                                &gradient,
                                &bounds::loss_gradient(&operation, &logits, targets),
                            ),
                        ];
                        for (expected, allowed) in pairs {
                            worst = worst.merge(compare(&rounded(expected), expected, allowed, 1));
                            assert!(
                                worst.worst_share <= 0.5001,
                                "{kind:?} {cols} {operation:?}: {worst}"
                            );
                        }
                    }
                }
            }
        }
    }
}

/// The same holds for the scaled operations.
#[test]
fn correctly_rounded_scaled_results_pass() {
    let rounded = |values: &[f64]| values.iter().map(|&v| v as f32).collect::<Vec<_>>();
    for kind in Inputs::ALL {
        for (cols, scale) in [(1, 3.0), (2, 0.1), (33, 1.7), (100, 1e-3)] {
            let (logits, c) = (kind.logits(6, cols, 11), Columns::new(cols).scale(scale));
            let (p, w) = (
                reference::softmax(&logits, c),
                reference::log_softmax(&logits, c),
            );
            let (stored_p, stored_w) = (rounded(&p), rounded(&w));
            let g = inputs::upstream(logits.len(), 12);
            let pairs = [
                (p, bounds::probability(&logits, c)),
                (w, bounds::log_probability(&logits, c)),
                (reference::logsumexp(&logits, c), bounds::lse(&logits, c)),
                (
                    reference::softmax_backward(&stored_p, &g, c),
                    bounds::softmax_backward(&stored_p, &g, c),
                ),
                (
                    reference::log_softmax_backward(&stored_w, &g, c),
                    bounds::log_softmax_backward(&stored_w, &g, c),
                ),
                (
                    reference::logsumexp_backward(&logits, &g[..6], c),
                    bounds::logsumexp_backward(&logits, &g[..6], c),
                ),
                (
                    reference::jacobian(&logits, c),
                    bounds::jacobian(&logits, c),
                ),
            ];
            for (i, (expected, allowed)) in pairs.iter().enumerate() {
                let comparison = compare(&rounded(expected), expected, allowed, 1);
                assert!(
                    comparison.worst_share <= 0.5001,
                    "{kind:?} {cols} {i}: {comparison}"
                );
            }
        }
    }
}
