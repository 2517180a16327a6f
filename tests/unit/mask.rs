//! Elements of a mask: those of NumPy's broadcasting.

use proptest::prelude::*;
use proptest::sample::Index;
use wgpu_softmax::{Mask, MaskKind};

/// Returns the index of every place of an array of this shape, in order.
fn places(shape: &[u64]) -> Vec<Vec<u64>> {
    shape.iter().fold(vec![vec![]], |places, &extent| {
        let longer = |place: &Vec<u64>| {
            let with = |index| [place.as_slice(), &[index]].concat();
            (0..extent).map(with).collect::<Vec<_>>()
        };
        places.iter().flat_map(longer).collect()
    })
}

/// Returns the element of a mask at a place of the logits, by the definition: aligned at the last axis, 0 along an extent of 1.
fn broadcast(mask_shape: &[u64], place: &[u64]) -> u64 {
    let own = &place[place.len() - mask_shape.len()..];
    own.iter()
        .zip(mask_shape)
        .fold(0, |flat, (&index, &extent)| {
            flat * extent + if extent == 1 { 0 } else { index }
        })
}

fn without<T: Copy>(values: &[T], axis: usize) -> Vec<T> {
    [&values[..axis], &values[axis + 1..]].concat()
}

/// Compares every element of the logits, row by row, with the definition.
fn assert_broadcast(logits: &[u64], axis: usize, shape: &[u64]) {
    let mask = Mask::new(MaskKind::Additive, logits, axis, shape).expect("it broadcasts");
    assert_eq!(mask.elements(), shape.iter().product::<u64>());
    assert_eq!(mask.cols(), logits[axis]);
    let rows = places(&without(logits, axis));
    assert_eq!(mask.rows(), rows.len() as u64);
    for (row, place) in rows.iter().enumerate() {
        for col in 0..logits[axis] {
            let place = [&place[..axis], &[col], &place[axis..]].concat();
            let found = mask.element(row as u64, col);
            let what = format!("{shape:?} for {logits:?}, axis {axis}, at {place:?}");
            assert_eq!(found, broadcast(shape, &place), "{what}");
        }
    }
}

#[test]
fn every_broadcast_of_some_shapes_along_every_axis() {
    for logits in [
        &[5][..],
        &[2, 3],
        &[1, 4],
        &[3, 1],
        &[2, 3, 4],
        &[2, 1, 3, 2],
        &[0, 3],
    ] {
        for axis in 0..logits.len() {
            for leading in 0..=logits.len() {
                for ones in 0..1_u32 << (logits.len() - leading) {
                    let one = |bit: usize| ones >> bit & 1 == 1;
                    let shape = logits[leading..].iter().enumerate();
                    let shape = shape.map(|(bit, &extent)| if one(bit) { 1 } else { extent });
                    assert_broadcast(logits, axis, &shape.collect::<Vec<_>>());
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn any_broadcast(
        axes in proptest::collection::vec((1..5_u64, any::<bool>()), 1..7),
        axis in any::<Index>(),
        leading in any::<Index>(),
    ) {
        let logits: Vec<u64> = axes.iter().map(|(extent, _)| *extent).collect();
        let shape: Vec<u64> = axes.iter().map(|(extent, whole)| if *whole { *extent } else { 1 }).collect();
        let leading = leading.index(shape.len() + 1);
        let some = axes[..leading].iter().all(|(extent, whole)| !whole || *extent == 1);
        let shape = if some { &shape[leading..] } else { &shape };
        assert_broadcast(&logits, axis.index(logits.len()), shape);
    }
}

#[test]
fn what_does_not_broadcast_is_refused() {
    let cases: [(&[u64], usize, &[u64]); 7] = [
        (&[2, 3], 1, &[2]),
        (&[2, 3], 1, &[3, 3]),
        (&[2, 3], 1, &[1, 2, 3]),
        (&[1, 3], 1, &[2, 3]),
        (&[2, 3], 0, &[2, 0]),
        (&[2, 1], 0, &[2, 0]),
        (&[], 0, &[1]),
    ];
    for (logits, axis, shape) in cases {
        let error = Mask::new(MaskKind::Boolean, logits, axis, shape).expect_err("no broadcast");
        let message = error.to_string();
        let both = format!("{shape:?} for logits of shape {logits:?}");
        assert!(
            message.contains("shape that broadcasts") && message.contains(&both),
            "{message}"
        );
    }
    let error = Mask::new(MaskKind::Boolean, &[2, 3], 2, &[3]).expect_err("no such axis");
    assert!(
        error.to_string().contains("2 for logits of shape [2, 3]"),
        "{error}"
    );
}

#[test]
fn sizes_past_64_bits_are_refused_not_multiplied() {
    let shape = [1 << 32, 1 << 33];
    let error = Mask::new(MaskKind::Boolean, &shape, 0, &shape).expect_err("2^65 elements");
    assert!(error.to_string().contains("2^64"), "{error}");
    let rows = Mask::new(MaskKind::Boolean, &[1 << 40, 1 << 40, 3], 2, &[3]);
    assert_eq!(
        rows.map(|mask| (mask.elements(), mask.rows())),
        Ok((3, u64::MAX))
    );
}

#[test]
fn extents_whose_product_is_beyond_64_bits() {
    let huge = 1 << 40;
    let empty = Mask::new(MaskKind::Additive, &[huge, huge, 0], 2, &[huge, huge, 0]);
    assert_eq!(empty.expect("a mask of nothing").elements(), 0);
    let refused = Mask::new(MaskKind::Additive, &[huge, huge, 2], 2, &[huge, huge, 2]);
    let error = refused.expect_err("too many elements").to_string();
    assert!(error.contains("fewer than 2^64 elements"), "{error}");
}
