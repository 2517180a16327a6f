//! Options that are off: they change no bit.

use super::REDUCTIONS;
use crate::numbers::wide;
use wgpu_softmax::ZeroValid;
use wgpu_softmax::check::{Inputs, inputs};
use wgpu_softmax::reference::{
    Columns, CrossEntropy, jacobian, log_softmax, log_softmax_backward, logsumexp,
    logsumexp_backward, softmax, softmax_backward,
};

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Returns every option at the value that changes nothing.
fn neutral(operation: &CrossEntropy, cols: usize, rows: usize) -> [CrossEntropy; 10] {
    let it = || operation.clone();
    [
        it().label_smoothing(0.0),
        it().z_loss(0.0),
        it().scale(1.0),
        it().zero_valid(ZeroValid::Nan),
        it().grad_loss(1.0),
        it().grad_losses(vec![1.0; rows]),
        it().weight(vec![1.0; cols]),
        it().row_weight(vec![1.0; rows]),
        it().row_scale(vec![1.0; rows]),
        it().kept(vec![true; rows * cols]),
    ]
}

#[test]
fn neutral_options_change_no_bit() {
    let (rows, cols) = (9, 33);
    let targets = wide(inputs::bad_targets(rows, cols, 3, Some(-100)));
    for kind in Inputs::ALL {
        let logits = kind.logits(rows, cols, 5);
        for reduction in REDUCTIONS {
            let absent = CrossEntropy::new(cols)
                .ignore_index(-100)
                .reduction(reduction);
            let expected = absent.losses(&logits, &targets);
            let gradient = absent.gradient(&logits, &targets);
            for (i, off) in neutral(&absent, cols, rows).iter().enumerate() {
                let found = off.losses(&logits, &targets);
                assert_eq!(
                    bits(&found.row_losses),
                    bits(&expected.row_losses),
                    "{kind:?} {i}"
                );
                assert_eq!(
                    found.loss.map(f64::to_bits),
                    expected.loss.map(f64::to_bits)
                );
                assert_eq!(bits(&found.lse), bits(&expected.lse), "{kind:?} {i}");
                assert_eq!(
                    bits(&off.gradient(&logits, &targets)),
                    bits(&gradient),
                    "{kind:?} {i}"
                );
            }
        }
    }
}

#[test]
fn a_scale_of_one_changes_no_bit() {
    let one = Columns::new(33).scale(1.0);
    for kind in Inputs::ALL {
        let logits = kind.logits(3, 33, 6);
        let g = inputs::upstream(99, 7);
        let pairs = [
            (softmax(&logits, 33), softmax(&logits, one)),
            (log_softmax(&logits, 33), log_softmax(&logits, one)),
            (logsumexp(&logits, 33), logsumexp(&logits, one)),
            (
                softmax_backward(&logits, &g, 33),
                softmax_backward(&logits, &g, one),
            ),
            (
                log_softmax_backward(&logits, &g, 33),
                log_softmax_backward(&logits, &g, one),
            ),
            (
                logsumexp_backward(&logits, &g[..3], 33),
                logsumexp_backward(&logits, &g[..3], one),
            ),
            (jacobian(&logits, 33), jacobian(&logits, one)),
        ];
        for (i, (absent, off)) in pairs.iter().enumerate() {
            assert_eq!(bits(absent), bits(off), "{kind:?} {i}");
        }
    }
}

/// A scale of every row is a scale of all rows; the product of both is an f32.
#[test]
fn scales_of_rows_are_factors_of_the_scale() {
    let (rows, cols) = (5, 33);
    let logits = Inputs::Peaked.logits(rows, cols, 5);
    let ids = wide(inputs::targets(rows, cols, 3, None));
    let of_all = CrossEntropy::new(cols).z_loss(0.1).scale(0.1 * 0.7);
    let of_rows = CrossEntropy::new(cols)
        .z_loss(0.1)
        .scale(0.1)
        .row_scale(vec![0.7; rows]);
    let [a, b] = [&of_all, &of_rows].map(|of| of.losses(&logits, &ids));
    assert_eq!(
        (bits(&a.row_losses), bits(&a.lse)),
        (bits(&b.row_losses), bits(&b.lse))
    );
    let [a, b] = [&of_all, &of_rows].map(|of| bits(&of.gradient(&logits, &ids)));
    assert_eq!(a, b);
    for none in [0.0, -1.0, f32::NAN, f32::INFINITY, 1e-31, 1e38] {
        let of = CrossEntropy::new(cols).row_scale(vec![1.0, none, 1.0, 1.0, 1.0]);
        let found = of.losses(&logits, &ids);
        let nan: Vec<bool> = found.row_losses.iter().map(|loss| loss.is_nan()).collect();
        assert_eq!(nan, [false, true, false, false, false], "{none}");
        assert!(found.lse[1].is_nan() && of.gradient(&logits, &ids)[cols].is_nan());
    }
}

/// A scale that is a power of two is exact, and gives the results of scaled logits.
#[test]
fn a_scale_is_a_factor_of_the_logits() {
    let logits = Inputs::Peaked.logits(3, 33, 8);
    let scaled: Vec<f32> = logits.iter().map(|x| x * 4.0).collect();
    assert_eq!(
        softmax(&logits, Columns::new(33).scale(4.0)),
        softmax(&scaled, 33)
    );
    let (of, to) = (CrossEntropy::new(33).scale(4.0), CrossEntropy::new(33));
    let targets = [0, 7, 32];
    let [found, expected] = [of.losses(&logits, &targets), to.losses(&scaled, &targets)];
    assert_eq!(
        (found.row_losses, found.lse),
        (expected.row_losses, expected.lse)
    );
    let expected = to
        .gradient(&scaled, &targets)
        .iter()
        .map(|g| g * 4.0)
        .collect::<Vec<_>>();
    assert_eq!(of.gradient(&logits, &targets), expected);
}
