//! Tensors as rows, and masks broadcast to their size.

use proptest::prelude::*;
use wgpu_softmax::reference::{axis_to_rows, broadcast, causal, rows_to_axis};

#[test]
fn broadcast_as_numpy() {
    // np.broadcast_to(np.arange(6).reshape(2, 1, 3), (2, 2, 3)).ravel()
    let found = broadcast(&[0, 1, 2, 3, 4, 5], &[2, 1, 3], &[2, 2, 3]);
    assert_eq!(found, [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]);
    // np.broadcast_to(np.arange(2).reshape(2, 1), (3, 2, 2)).ravel()
    let found = broadcast(&[0, 1], &[2, 1], &[3, 2, 2]);
    assert_eq!(found, [0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1]);
    assert_eq!(broadcast(&[7], &[], &[2, 2]), [7; 4]);
    assert_eq!(broadcast(&[true, false], &[2], &[2]), [true, false]);
    assert!(broadcast(&[1.5], &[1], &[2, 0]).is_empty());
    assert!(broadcast::<f32>(&[], &[0, 1], &[0, 3]).is_empty());
}

#[test]
fn what_does_not_broadcast_panics() {
    let panics = |from: &'static [usize], to: &'static [usize]| {
        let values = vec![0; from.iter().product()];
        std::panic::catch_unwind(move || broadcast(&values, from, to)).is_err()
    };
    assert!(panics(&[2], &[3]) && panics(&[3], &[1]) && panics(&[1, 3], &[3]));
    assert!(panics(&[2, 3], &[2, 1, 3]) && panics(&[2, 3], &[3, 2]));
    assert!(std::panic::catch_unwind(|| broadcast(&[1], &[2], &[2])).is_err());
}

#[test]
fn causal_flags() {
    let [y, n] = [true, false];
    assert_eq!(causal(3, 3), [y, n, n, y, y, n, y, y, y]);
    assert_eq!(causal(1, 3), [y, y, y]);
    assert_eq!(causal(3, 2), [n, n, y, n, y, y]);
    assert!(causal(0, 3).is_empty() && causal(2, 0).is_empty());
}

#[test]
fn an_axis_in_the_middle() {
    let tensor: Vec<u32> = (0..12).collect();
    let rows = axis_to_rows(&tensor, [2, 3, 2]);
    assert_eq!(rows, [0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11]);
    assert_eq!(axis_to_rows(&tensor, [4, 3, 1]), tensor);
    assert!(axis_to_rows::<f32>(&[], [0, 3, 2]).is_empty());
}

proptest! {
    /// Row `o * inner + i` and column `c` are element `[o, c, i]`, and back.
    #[test]
    fn rows_and_back(outer in 0..4_usize, cols in 0..5_usize, inner in 0..4_usize) {
        let tensor: Vec<usize> = (0..outer * cols * inner).collect();
        let rows = axis_to_rows(&tensor, [outer, cols, inner]);
        for o in 0..outer {
            for i in 0..inner {
                for c in 0..cols {
                    prop_assert_eq!(rows[(o * inner + i) * cols + c], (o * cols + c) * inner + i);
                }
            }
        }
        prop_assert_eq!(rows_to_axis(&rows, [outer, cols, inner]), tensor);
    }

    /// Element by element, with the index counted axis by axis.
    #[test]
    fn every_element(shape in prop::collection::vec((1..4_usize, any::<bool>()), 0..5), missing in 0..3_usize) {
        let to: Vec<usize> = shape.iter().map(|&(extent, _)| extent).collect();
        let missing = missing.min(to.len());
        let from: Vec<usize> = shape[missing..].iter().map(|&(extent, full)| if full { extent } else { 1 }).collect();
        let values: Vec<usize> = (0..from.iter().product()).collect();
        let found = broadcast(&values, &from, &to);
        let mut index = vec![0; to.len()];
        for value in found {
            let expected = from.iter().zip(&index[missing..]).fold(0, |sum, (&extent, &i)| sum * extent + i.min(extent - 1));
            prop_assert_eq!(value, expected);
            for (i, extent) in index.iter_mut().zip(&to).rev() {
                *i = (*i + 1) % extent;
                if *i > 0 {
                    break;
                }
            }
        }
    }
}
