//! Masks of classes: each chunk has the mask of its own rows.

use wgpu_softmax::check::inputs;
use wgpu_softmax::{
    DType, LinearCrossEntropyInputs, LinearCrossEntropySpec, LinearWants, Mask, MaskKind,
    Reduction, RowOutputs,
};

use super::problem::Problem;
use crate::common::{assert_error, device_with_bindings_of, gpu};

fn drawn(elements: usize) -> Vec<bool> {
    let drawn = inputs::upstream(elements, 7).into_iter();
    drawn.map(|x| x > -0.8).collect()
}

#[test]
fn chunks_have_the_masks_of_their_rows() {
    // Rows of logits end amid four elements, or do not.
    for classes in [45, 48] {
        for dtype in DType::ALL {
            let problem = Problem::new((13, 9, classes), 3).with_bias(2).dtype(dtype);
            for elements in [classes, 13 * classes] {
                let masked = problem.clone().mask(drawn(elements)).chunk_rows(4);
                masked.assert(gpu());
                let each = masked.loss(|loss| loss.reduction = Reduction::None);
                each.assert(gpu());
                each.loss(|loss| loss.softcap = Some(2.0)).assert(gpu());
            }
        }
    }
}

/// Parts of the classes, too.
#[test]
fn small_bindings() {
    let small = device_with_bindings_of(2048);
    let problem = Problem::new((9, 20, 100), 3).mask(drawn(900)).chunk_rows(2);
    let each = problem.loss(|loss| loss.reduction = Reduction::None);
    each.assert(&small);
}

/// Hidden of one feature, 1, and so logits that are the weight: the outputs of rows are those of the classes that are left.
#[test]
fn row_outputs_are_those_of_the_classes_that_are_left() {
    let (rows, classes) = (5_u64, 4_u64);
    let weight = [3.0, f32::NAN, 1.0, 1.0];
    let kept: Vec<bool> = (0..20).map(|n| n % 4 != 1 && n != 8).collect();
    let mask = Mask::new(MaskKind::Boolean, &[rows, classes], 1, &[rows, classes]).expect("a mask");
    let outputs = RowOutputs::default()
        .target_log_prob()
        .argmax()
        .log_probs_of(1);
    let spec = LinearCrossEntropySpec::new(rows, 1, classes)
        .reduction(Reduction::None)
        .row_outputs(outputs)
        .chunk_rows(2)
        .mask(mask);
    let inputs = LinearCrossEntropyInputs::new(&[1.0; 5], &weight, &[0, 2, 0, 2, 1])
        .candidates(&[0, 0, 0, 1, 2])
        .mask(&kept);
    let wants = LinearWants {
        grad_weight: true,
        ..LinearWants::default()
    };
    let found = gpu()
        .linear_cross_entropy(&spec, inputs, wants)
        .expect("runs");
    let rows = found.rows;
    let argmax = [0, 0, 2, 0, 0].map(Some);
    assert_eq!(rows.argmax.as_deref(), Some(&argmax[..]));
    assert_eq!(
        (found.losses[2], found.losses[4]),
        (f32::INFINITY, f32::INFINITY)
    );
    assert_eq!(
        rows.target_log_probs.expect("asked for")[4],
        f32::NEG_INFINITY
    );
    assert_eq!(
        rows.log_probs.expect("asked for")[2..4],
        [f32::NEG_INFINITY; 2]
    );
    assert_eq!(found.grad_weight.expect("a gradient")[1], 0.0);
}

#[test]
fn other_masks_are_refused() {
    let mask = Mask::new(MaskKind::Additive, &[2, 3], 1, &[3]).expect("a mask");
    let spec = LinearCrossEntropySpec::new(2, 4, 3);
    assert_error(
        gpu().planner().linear_cross_entropy(spec.mask(mask)),
        "mask: expected a boolean one for a loss; values can be added to the logits beforehand, found an additive one",
    );
    let kept = [true; 3];
    let inputs = LinearCrossEntropyInputs::new(&[0.0; 8], &[0.0; 12], &[0, 1]).mask(&kept);
    let refused = gpu().linear_cross_entropy(&spec, inputs, LinearWants::default());
    assert_error(
        refused,
        "mask: expected a spec with a mask, found one without",
    );
}
