//! The rules for hard numbers: certainty, equality, ascent, large magnitudes, the ends of the exponent's range.

use crate::common::results::with_every_kernel;
use crate::common::{assert_close, bits, gpu, wide};
use wgpu_softmax::check::{Inputs, bounds, inputs};
use wgpu_softmax::reference::CrossEntropy;
use wgpu_softmax::{CrossEntropyInputs, CrossEntropySpec, CrossEntropyWants, Reduction};

const ONE: u32 = 0x3f80_0000;

/// Unaligned and aligned, both with idle lanes in every variant.
const WIDTHS: [usize; 2] = [45, 48];

fn is_zero(values: &[f32]) -> bool {
    values.iter().all(|value| value.to_bits() == 0)
}

#[test]
fn one_column_is_certain() {
    let values = [0.0, -0.0, 1e30, -3e38, 1.5e-38, f32::MAX, f32::MIN, -87.5];
    let rows: Vec<_> = values.iter().map(|&x| vec![x]).collect();
    with_every_kernel(&rows, &[0; 8], None, |found, kernel| {
        for (row, logit) in values.into_iter().enumerate() {
            assert_eq!(bits(found.probs(row)), [ONE], "{kernel} row {row}");
            assert!(is_zero(found.log_probs(row)), "{kernel} row {row}");
            assert!(is_zero(found.grad(row)), "{kernel} row {row}");
            assert_eq!(found.lse()[row], logit, "{kernel} row {row}");
        }
        assert!(is_zero(found.losses()), "{kernel}");
    });
}

#[test]
fn equal_logits_give_equal_bits() {
    let constants = [0.0, 1.0, 1e30, -3e38, 1e-40, -87.5, f32::MAX];
    for cols in WIDTHS {
        let rows: Vec<_> = constants.iter().map(|&x| vec![x; cols]).collect();
        with_every_kernel(&rows, &[1; 7], None, |found, kernel| {
            for row in 0..rows.len() {
                for values in [found.probs(row), found.log_probs(row)] {
                    assert_eq!(bits(values), vec![values[0].to_bits(); cols], "{kernel}");
                }
                // No constant changes the result: only differences count.
                assert_eq!(bits(found.probs(row)), bits(found.probs(0)), "{kernel}");
                let (target, others) = (found.grad(row)[1], found.grad(row)[0]);
                let expected = vec![others.to_bits(); cols - 2];
                assert_eq!(bits(&found.grad(row)[2..]), expected, "{kernel}");
                assert!(target < 0.0 && others > 0.0, "{kernel}");
            }
        });
    }
}

#[test]
fn hard_distributions_keep_within_their_bounds() {
    let hard = [
        Inputs::Shifted1e8,
        Inputs::Ascending,
        Inputs::Descending,
        Inputs::Extremes,
        Inputs::Masked,
    ];
    for inputs in hard {
        let rows: Vec<_> = (0..8).map(|seed| inputs.logits(1, 45, seed)).collect();
        let targets = inputs::targets(8, 45, 1, None);
        with_every_kernel(&rows, &targets, None, |found, kernel| {
            found.assert_within_bounds(&format!("{inputs:?} by {kernel}"));
        });
    }
}

#[test]
fn a_long_ascending_row_and_long_rows_around_1e8() {
    let cols = 50_257;
    for inputs in [Inputs::Ascending, Inputs::Shifted1e8] {
        let logits = inputs.logits(20, cols, 2);
        let targets = inputs::targets(20, cols, 2, None);
        let spec = CrossEntropySpec::new(20, cols as u64).reduction(Reduction::None);
        let found = gpu().cross_entropy(
            &spec,
            CrossEntropyInputs::new(&logits, &targets),
            CrossEntropyWants::default(),
        );
        let of = CrossEntropy::new(cols).reduction(Reduction::None);
        let expected = of.losses(&logits, &wide(&targets)).row_losses;
        let allowed = bounds::row_loss(&of, &logits, &wide(&targets));
        assert_close(
            "losses",
            &found.expect("losses").losses,
            &expected,
            &allowed,
            1,
        );
    }
}

#[test]
fn the_largest_of_extremes_takes_all() {
    let rows = [
        vec![f32::MAX, f32::MIN, -1e38, 0.0, 3.3e38],
        vec![f32::MIN, -3.3e38, f32::MIN, f32::MIN, -3.2e38],
    ];
    with_every_kernel(&rows, &[0, 4], None, |found, kernel| {
        assert_eq!(bits(found.probs(0)), [ONE, 0, 0, 0, 0], "{kernel}");
        assert_eq!(bits(found.probs(1)), [0, 0, 0, 0, ONE], "{kernel}");
        assert_eq!(found.lse(), [f32::MAX, -3.2e38], "{kernel}");
        assert!(is_zero(found.losses()), "{kernel}");
        found.assert_within_bounds(kernel);
    });
}
