//! The best f32 results there are.

use super::{options, probs};
use crate::numbers::{of_rows, rounded, wide};
use wgpu_softmax::Reduction;
use wgpu_softmax::check::{Comparison, Inputs, bounds, compare, inputs};
use wgpu_softmax::reference::{Columns, Targets};

/// Each result, correctly rounded, uses no more than half of any bound, whatever the inputs.
#[test]
fn correctly_rounded_results_pass() {
    let mut worst = Comparison::EMPTY;
    for kind in Inputs::ALL {
        for (rows, cols) in [(6, 1), (6, 2), (6, 33), (6, 300)] {
            let logits = kind.logits(rows, cols, 11);
            let ids = wide(inputs::bad_targets(rows, cols, 13, Some(-100)));
            let probs = probs(rows, cols, 5);
            for of in options(cols, 16) {
                for reduction in [Reduction::Mean, Reduction::Sum] {
                    let plain = of.reference((rows, cols)).reduction(reduction);
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
    for kind in Inputs::ALL {
        for (cols, scale) in [(1, 3.0), (2, 0.1), (33, 1.7), (100, 1e-3)] {
            let columns = Columns::new(cols).scale(scale);
            let pairs = of_rows(&kind.logits(6, cols, 11), columns, 6);
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
