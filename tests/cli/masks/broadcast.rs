//! Masks of every shape along every axis, against the definitions, element by element.

use super::{assert_same, tuple};
use crate::folder::*;

/// Shape of the logits: two sequences, three heads, four queries, five keys.
const SHAPE: [usize; 4] = [2, 3, 4, 5];

/// Masks that exclude or add.
#[derive(Clone, Default)]
struct Masks {
    kept: Option<(Vec<usize>, Vec<bool>)>,
    added: Option<(Vec<usize>, Vec<f32>)>,
    causal: bool,
}

fn logits() -> Vec<f32> {
    let count = SHAPE.iter().product();
    (0..count)
        .map(|i: usize| (i * 47 % 113) as f32 / 12.0 - 4.0)
        .collect()
}

fn kept(shape: &[usize]) -> (Vec<usize>, Vec<bool>) {
    let count = shape.iter().product();
    let kept = (0..count).map(|i: usize| i * 5 % 7 != 2 && i * 3 % 5 != 1);
    (shape.to_vec(), kept.collect())
}

fn added(shape: &[usize]) -> (Vec<usize>, Vec<f32>) {
    let count = shape.iter().product();
    let value = |i: usize| match i % 6 {
        4 => f32::NEG_INFINITY,
        _ => (i * 31 % 17) as f32 / 4.0 - 2.0,
    };
    (shape.to_vec(), (0..count).map(value).collect())
}

/// Returns the indices along each axis of a flat index.
fn place(flat: usize, shape: &[usize]) -> Vec<usize> {
    let digit = |(rest, place): (usize, Vec<usize>), extent: &usize| {
        (rest / extent, [vec![rest % extent], place].concat())
    };
    shape.iter().rev().fold((flat, vec![]), digit).1
}

/// Returns the element of a broadcast mask for an element of the logits.
fn of<T: Copy>((shape, values): &(Vec<usize>, Vec<T>), place: &[usize]) -> T {
    let own = &place[place.len() - shape.len()..];
    let flat = own.iter().zip(shape);
    values[flat.fold(0, |flat, (index, extent)| flat * extent + index % extent)]
}

/// Returns a logit after scale and mask: `-inf` where it is excluded.
fn seen(x: f32, scale: f64, place: &[usize], masks: &Masks) -> f64 {
    let (query, key) = (place[2], place[3]);
    let late = masks.causal && key > query + SHAPE[3] - SHAPE[2];
    if late || masks.kept.as_ref().is_some_and(|kept| !of(kept, place)) {
        return f64::NEG_INFINITY;
    }
    let added = masks.added.as_ref().map_or(0.0, |added| of(added, place));
    scale * f64::from(x) + f64::from(added)
}

/// Computes softmax and its logarithm of every element, and the logsumexp of every row, along an axis.
fn expected(x: &[f32], scale: f64, axis: usize, masks: &Masks) -> [Vec<f32>; 3] {
    let seen: Vec<f64> = (0..x.len())
        .map(|i| seen(x[i], scale, &place(i, &SHAPE), masks))
        .collect();
    let row = |i: usize| {
        let mut place = place(i, &SHAPE);
        place.remove(axis);
        place
    };
    let lse_of = |i: usize| {
        let same = (0..x.len()).filter(|&other| row(other) == row(i));
        same.map(|other| seen[other].exp()).sum::<f64>().ln()
    };
    let lse: Vec<f64> = (0..x.len()).map(lse_of).collect();
    let first = |i: &usize| place(*i, &SHAPE)[axis] == 0;
    [
        (0..x.len())
            .map(|i| (seen[i] - lse[i]).exp() as f32)
            .collect(),
        (0..x.len()).map(|i| (seen[i] - lse[i]) as f32).collect(),
        (0..x.len()).filter(first).map(|i| lse[i] as f32).collect(),
    ]
}

/// Writes the masks, and returns the flags for them. There is one file at most.
fn flags(folder: &Folder, masks: &Masks) -> String {
    let mut flags = String::new();
    if let Some((shape, kept)) = &masks.kept {
        let bytes: Vec<u8> = kept.iter().map(|&kept| u8::from(kept)).collect();
        folder.put("m.npy", &npy(1, "|b1", false, &tuple(shape), &bytes));
        flags += " --mask m.npy";
    }
    if let Some((shape, added)) = &masks.added {
        folder.floats("m.npy", &tuple(shape), added);
        flags += " --mask m.npy";
    }
    flags + if masks.causal { " --causal" } else { "" }
}

/// Runs the three operations on masked logits.
fn assert_masked(folder: &Folder, x: &[f32], axis: usize, masks: &Masks, what: &str) {
    folder.floats("t.npy", &tuple(&SHAPE), x);
    let flags = flags(folder, masks);
    let expected = expected(x, 0.75, axis, masks);
    for engine in ENGINES {
        for (operation, expected) in ["softmax", "log-softmax", "logsumexp"]
            .iter()
            .zip(&expected)
        {
            let line = format!("{operation} t.npy --scale 0.75 --axis {axis}{flags} {engine}");
            folder.succeed(&format!("{line} -o v.npy"));
            let (_, found) = parse(&folder.get("v.npy"));
            assert_same(&found, expected, &format!("{line}, {what}"));
        }
    }
}

const MASK_SHAPES: [&[usize]; 11] = [
    &[],
    &[5],
    &[1],
    &[4, 5],
    &[4, 1],
    &[3, 1, 1],
    &[3, 1, 5],
    &[2, 1, 1, 5],
    &[2, 1, 4, 5],
    &[1, 3, 4, 1],
    &[2, 3, 4, 5],
];

#[test]
fn masks_broadcast_along_every_axis() {
    let (folder, x) = (Folder::new(), logits());
    for axis in 0..4 {
        for shape in MASK_SHAPES {
            for masks in [
                Masks {
                    kept: Some(kept(shape)),
                    ..Masks::default()
                },
                Masks {
                    added: Some(added(shape)),
                    ..Masks::default()
                },
            ] {
                assert_masked(
                    &folder,
                    &x,
                    axis,
                    &masks,
                    &format!("a mask of shape {shape:?}"),
                );
            }
        }
    }
}

#[test]
fn no_query_looks_at_later_keys() {
    let (folder, x) = (Folder::new(), logits());
    for axis in 0..4 {
        let causal = Masks {
            causal: true,
            ..Masks::default()
        };
        assert_masked(&folder, &x, axis, &causal, "causal");
        for shape in [&[2, 1, 1, 5][..], &[3, 4, 1]] {
            let with = Masks {
                kept: Some(kept(shape)),
                ..causal.clone()
            };
            assert_masked(
                &folder,
                &x,
                axis,
                &with,
                &format!("and a mask of shape {shape:?}"),
            );
            let with = Masks {
                added: Some(added(shape)),
                ..causal.clone()
            };
            assert_masked(
                &folder,
                &x,
                axis,
                &with,
                &format!("and floats of shape {shape:?}"),
            );
        }
    }
}

/// An excluded logit is never read: NaN and infinities there change nothing.
#[test]
fn excluded_logits_may_be_anything() {
    let (folder, clean) = (Folder::new(), logits());
    for axis in [3, 2, 1] {
        for (mask, causal) in [(true, false), (false, true), (true, true)] {
            let kept = mask.then(|| kept(&[2, 1, 4, 5]));
            let masks = Masks {
                kept,
                causal,
                ..Masks::default()
            };
            let spoilt = clean.iter().enumerate().map(|(i, &x)| {
                match seen(x, 1.0, &place(i, &SHAPE), &masks) {
                    f64::NEG_INFINITY => [f32::NAN, f32::INFINITY, 3e38][i % 3],
                    _ => x,
                }
            });
            let spoilt: Vec<f32> = spoilt.collect();
            assert!(spoilt.iter().any(|x| x.is_nan()));
            assert_masked(&folder, &spoilt, axis, &masks, "spoilt");
        }
    }
}
