//! Axes of a mask that stay apart.

use super::{Mask, MaskAxis, MaskKind};

fn axes(logits: &[u64], axis: usize, mask: &[u64]) -> (Vec<(u64, u64)>, u64) {
    let mask = Mask::new(MaskKind::Boolean, logits, axis, mask).expect("it broadcasts");
    let pairs = mask.axes().iter();
    let pairs = pairs.map(|&MaskAxis { extent, stride }| (extent, stride));
    (pairs.collect(), mask.column_stride)
}

#[test]
fn neighbours_merge_where_the_strides_allow_it() {
    // All of the mask, none of it, or one row for all: one axis.
    assert_eq!(axes(&[2, 3, 4], 2, &[2, 3, 4]), (vec![(6, 4)], 1));
    assert_eq!(axes(&[2, 3, 4], 2, &[]), (vec![(6, 0)], 0));
    assert_eq!(axes(&[2, 3, 4], 2, &[4]), (vec![(6, 0)], 1));
    assert_eq!(axes(&[4], 0, &[4]), (vec![(1, 0)], 1));
    // Across the normalised axis, too, where the mask is broadcast along it.
    assert_eq!(axes(&[2, 3, 4], 1, &[2, 1, 4]), (vec![(8, 1)], 0));
    assert_eq!(axes(&[2, 3, 4], 1, &[2, 3, 4]), (vec![(2, 12), (4, 1)], 4));
    // Causal masks and padding of attention scores.
    assert_eq!(axes(&[2, 3, 5, 7], 3, &[5, 7]), (vec![(6, 0), (5, 7)], 1));
    assert_eq!(
        axes(&[2, 3, 5, 7], 3, &[2, 1, 1, 7]),
        (vec![(2, 7), (15, 0)], 1)
    );
    // Axes of one index join either neighbour.
    assert_eq!(
        axes(&[2, 1, 3, 1, 5], 4, &[2, 1, 1, 1, 5]),
        (vec![(2, 5), (3, 0)], 1)
    );
}

#[test]
fn six_groups_are_the_most() {
    let (logits, mut mask) = ([2; 14], [2, 1, 2, 1, 2, 1, 2, 2, 2, 2, 2, 2, 2, 2]);
    let new = |mask: &[u64]| Mask::new(MaskKind::Additive, &logits, 13, mask);
    let error = new(&mask).expect_err("seven groups");
    assert!(error.to_string().contains("at most 6 groups"), "{error}");
    mask[0] = 1;
    assert_eq!(new(&mask).map(|mask| mask.axes().len()), Ok(6));
}

#[test]
fn added_by_fours_are_masks_whose_last_four_are_there() {
    let by_fours = |kind, cols: u64| {
        let mask = Mask::new(kind, &[3, cols], 1, &[cols]).expect("it broadcasts");
        mask.by_fours()
    };
    assert!(by_fours(MaskKind::Additive, 32) && !by_fours(MaskKind::Additive, 31));
    // Bytes are padded to a multiple of four.
    assert!(by_fours(MaskKind::Boolean, 31));
}
