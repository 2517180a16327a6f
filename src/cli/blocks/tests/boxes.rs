//! Tests of blocks along other axes than the last one, and of masked rows.

use super::super::Blocks;
use super::sweep::some;
use super::{npy, outputs};
use std::fs;
use std::ops::Range;
use tempfile::TempDir;

/// A block is a range of one axis, at one place of those before it and with all of those behind it; and it has whole slices.
#[test]
fn blocks_of_masked_rows_are_boxes() {
    for outer in [&[][..], &[5], &[2, 3], &[3, 1, 4], &[2, 6, 3], &[2, 0, 3]] {
        for inner in [0, 1, 3] {
            for bytes in [0, 8, 20, 24, 40, 60, 100, 1000] {
                let what = format!("{outer:?} x {inner}, {bytes} bytes");
                let rows = outer.iter().product::<usize>() * inner;
                let mut done = 0;
                for block in Blocks::over(outer, inner, 1, bytes) {
                    assert_eq!(block.start, done, "{what}");
                    let slices = block.start / inner..block.end / inner;
                    assert_eq!(slices.len() * inner, block.len(), "{what}");
                    assert!(
                        slices.len() == 1 || block.len() * 4 <= bytes as usize,
                        "{what}"
                    );
                    assert!(is_box(&slices, outer), "{what}: {slices:?}");
                    done = block.end;
                }
                assert_eq!(done, rows, "{what}");
            }
        }
    }
}

fn is_box(slices: &Range<usize>, outer: &[usize]) -> bool {
    let place = |slice: usize| {
        let digit = |(rest, place): (usize, Vec<usize>), extent: &usize| {
            (rest / extent, [vec![rest % extent], place].concat())
        };
        outer.iter().rev().fold((slice, vec![]), digit).1
    };
    let (first, last) = (place(slices.start), place(slices.end - 1));
    let mut differing = (0..outer.len()).filter(|&axis| first[axis] != last[axis]);
    differing.next().is_none_or(|split| {
        (split + 1..outer.len()).all(|axis| first[axis] == 0 && last[axis] + 1 == outer[axis])
    })
}

/// Command lines with logits `t` of shape (2, 3, 4, 8), and masks of other shapes.
const LINES: [&str; 15] = [
    "softmax @t.npy",
    "logsumexp @t.npy",
    "softmax-backward @t.npy @t.npy",
    "cross-entropy @t.npy @t.npy --reduction sum",
    "cross-entropy @t.npy @t.npy --reduction none --mask @b.npy",
    "softmax @t.npy --causal",
    "log-softmax @t.npy --masked-rows zero --mask @b.npy",
    "logsumexp @t.npy --mask @b.npy --causal",
    "softmax @t.npy --mask @key.npy",
    "softmax @t.npy --mask @key.npy --causal",
    "softmax @t.npy --mask @head.npy",
    "softmax @t.npy --mask @query.npy",
    "softmax @t.npy --mask @query.npy --causal",
    "softmax @t.npy --mask @t.npy",
    "logsumexp @t.npy --mask @t.npy --causal",
];

fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let put = |name: &str, descr: &str, shape: &str, data: Vec<u8>| {
        fs::write(folder.path().join(name), npy(descr, shape, data)).expect("a file");
    };
    let floats = |count: u32| -> Vec<u8> {
        let value = |i: u32| (i * 7919 % 613) as f32 / 100.0 - 3.0;
        (0..count).flat_map(|i| value(i).to_le_bytes()).collect()
    };
    put("t.npy", "<f4", "(2, 3, 4, 8)", floats(192));
    put("key.npy", "<f4", "(2, 1, 1, 8)", floats(16));
    put("head.npy", "<f4", "(3, 1, 8)", floats(24));
    put("query.npy", "<f4", "(2, 1, 4, 1)", floats(8));
    let bools = [1, 1, 0, 1, 0, 1, 1, 1].repeat(8);
    put("b.npy", "|b1", "(2, 1, 4, 8)", bools);
    folder
}

/// Numbers of rows of a block.
const ROWS: [u64; 8] = [1, 2, 3, 5, 8, 12, 17, 24];

#[test]
fn blocks_of_slices_and_masked_rows_change_no_bit() {
    let folder = folder();
    let axes: Vec<_> = [2, 3, 4, 8].into_iter().enumerate().collect();
    for (turn, line) in LINES.into_iter().enumerate() {
        for &(axis, cols) in &axes {
            let line = format!("wgpu-softmax {line} --axis {axis} -o @out.npy --reference");
            blocks_change_nothing(&folder, &line, cols, &ROWS);
        }
        // A device takes its time for each.
        for (axis, cols) in some(axes.clone(), turn, 2) {
            let line = format!("wgpu-softmax {line} --axis {axis} -o @out.npy");
            let rows = some(ROWS.to_vec(), turn / 2 + 3 - axis, ROWS.len());
            blocks_change_nothing(&folder, &line, cols, &rows);
        }
    }
}

fn blocks_change_nothing(folder: &TempDir, line: &str, cols: u64, rows: &[u64]) {
    let whole = outputs(folder, line, u64::MAX);
    for rows in rows {
        let blocks = outputs(folder, line, rows * 4 * cols);
        assert!(blocks == whole, "{line}: blocks of {rows} rows");
    }
}
