//! Sinks of every shape along every axis, with masks, against their definition.

use super::{assert_same, tuple};
use crate::folder::*;

/// Shape of the logits: two sequences, three heads, four queries, five keys.
const SHAPE: [usize; 4] = [2, 3, 4, 5];

fn values(count: usize, step: usize) -> Vec<f32> {
    (0..count)
        .map(|i| (i * step % 113) as f32 / 12.0 - 4.0)
        .collect()
}

/// Computes softmax of all elements, its logarithm, and the lse, of rows as they lie along an axis.
fn expected(x: &[f32], sinks: (&[usize], &[f32]), axis: usize, causal: bool) -> [Vec<f32>; 3] {
    let inner: usize = SHAPE[axis + 1..].iter().product();
    let (cols, rows) = (SHAPE[axis], x.len() / SHAPE[axis]);
    let mut row_shape = SHAPE.to_vec();
    row_shape.remove(axis);
    let [mut probs, mut logs, mut lse] = [vec![0.0; x.len()], vec![0.0; x.len()], vec![0.0; rows]];
    for (row, lse) in lse.iter_mut().enumerate() {
        let (mut rest, mut place, mut stride) = (row, 0, 1);
        for (number, extent) in row_shape.iter().enumerate().rev() {
            let own = (number + sinks.0.len()).checked_sub(row_shape.len());
            let own = own.map_or(1, |own| sinks.0[own]);
            place += rest % extent % own * stride;
            (rest, stride) = (rest / extent, stride * own);
        }
        let at = |col: usize| (row / inner * cols + col) * inner + row % inner;
        let seen = |col: usize| match causal && at(col) % 5 > at(col) / 5 % 4 + 1 {
            true => f64::NEG_INFINITY,
            false => 0.75 * f64::from(x[at(col)]),
        };
        let sum =
            (0..cols).map(|col| seen(col).exp()).sum::<f64>() + f64::from(sinks.1[place]).exp();
        *lse = sum.ln() as f32;
        for col in 0..cols {
            probs[at(col)] = (seen(col).exp() / sum) as f32;
            logs[at(col)] = (seen(col) - sum.ln()) as f32;
        }
    }
    [probs, logs, lse]
}

#[test]
fn sinks_broadcast_to_the_rows() {
    let folder = Folder::new();
    let x = values(SHAPE.iter().product(), 47);
    folder.floats("t.npy", &tuple(&SHAPE), &x);
    let shapes: [(usize, &[usize]); 9] = [
        (3, &[]),
        (3, &[1]),
        (3, &[3, 1]),
        (3, &[2, 1, 4]),
        (3, &[2, 3, 4]),
        (2, &[3, 1]),
        (2, &[3, 5]),
        (1, &[2, 1, 1]),
        (0, &[5]),
    ];
    for (turn, (axis, shape)) in shapes.into_iter().enumerate() {
        let sinks = values(shape.iter().product(), 31);
        folder.floats("s.npy", &tuple(shape), &sinks);
        let (flag, causal) = [("", false), (" --causal", true)][turn % 2];
        let expected = expected(&x, (shape, &sinks), axis, causal);
        let operations = ["softmax", "log-softmax", "logsumexp"]
            .iter()
            .zip(&expected);
        for (place, (operation, expected)) in operations.enumerate() {
            // The reference is quick to start.
            let engines = &ENGINES[usize::from(place != turn % 3)..];
            for engine in engines {
                let line = format!(
                    "{operation} t.npy --sinks s.npy --scale 0.75 --axis {axis}{flag} {engine}"
                );
                folder.succeed(&format!("{line} -o v.npy"));
                let (_, found) = parse(&folder.get("v.npy"));
                assert_same(&found, expected, &format!("{line}, sinks of {shape:?}"));
            }
        }
    }
}

#[test]
fn sinks_that_do_not_fit_are_refused() {
    let folder = Folder::new();
    folder.floats("t.npy", "(2, 3)", &values(6, 47));
    folder.floats("three.npy", "(3,)", &values(3, 31));
    folder.put("whole.npy", &npy(1, "<i4", false, "()", &[0; 4]));
    for (sinks, words) in [
        (
            "three.npy",
            "three.npy: expected a shape that broadcasts to (2,), that of the rows of t.npy, found shape (3,)",
        ),
        ("whole.npy", "whole.npy: expected floats"),
        ("none.npy", "none.npy"),
    ] {
        folder.fail(
            &format!("softmax t.npy --sinks {sinks} -o v.npy"),
            2,
            &[words],
        );
    }
}
