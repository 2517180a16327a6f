//! Tests that blocks change no bit: every operation gives the same files whatever the size of its blocks.

mod boxes;
#[path = "../../../tests/common/sweep.rs"]
mod sweep;

use super::Blocks;
use crate::cli::args::{self, Cli, Command, Compute};
use crate::cli::run;
use clap::Parser;
use std::fs;
use sweep::some;
use tempfile::TempDir;
use wgpu_softmax::DType;

fn of_rows(rows: usize, row_values: usize, bytes: u64) -> Vec<usize> {
    let blocks = Blocks::over(&[rows], 1, row_values, bytes);
    blocks.map(|rows| rows.len()).collect()
}

#[test]
fn blocks_take_every_row_once() {
    for (rows, row_values, bytes) in [(0, 4, 64), (7, 4, 64), (8, 4, 64), (9, 4, 1), (5, 0, 0)] {
        let blocks = of_rows(rows, row_values, bytes);
        assert_eq!(blocks.iter().sum::<usize>(), rows);
        assert!(
            blocks
                .iter()
                .all(|&rows| rows * row_values * 4 <= 64 && rows > 0)
        );
    }
    assert_eq!(of_rows(9, 4, 64), [4, 4, 1]);
    assert_eq!(of_rows(19, 4, 190), [8, 8, 3]);
    assert_eq!(of_rows(5, 4, 50), [3, 2]);
    assert_eq!(of_rows(2, usize::MAX, u64::MAX), [1, 1]);
}

/// Makes a folder of logits `x`, and `h` in 16 bits, probabilities `p` and their gradient `g`, one value a row `r`, class
/// ids `y`, class weights `w`, and a scalar `s`.
fn folder(rows: usize, cols: usize) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut seed = 1_u32;
    let mut random = |low: f32, high: f32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        low + (high - low) * (seed >> 8) as f32 / (1 << 24) as f32
    };
    let mut floats = |name: &str, shape: &str, count: usize, low: f32, high: f32| {
        let values = (0..count).flat_map(|_| random(low, high).to_le_bytes());
        fs::write(
            folder.path().join(name),
            npy("<f4", shape, values.collect()),
        )
        .expect("a file");
    };
    let matrix = format!("({rows}, {cols})");
    floats("x.npy", &matrix, rows * cols, -9.0, 9.0);
    floats("p.npy", &matrix, rows * cols, 0.0, 1.0);
    floats("g.npy", &matrix, rows * cols, -1.0, 1.0);
    floats("r.npy", &format!("({rows},)"), rows, -1.0, 1.0);
    floats("w.npy", &format!("({cols},)"), cols, 0.5, 2.0);
    floats("s.npy", "()", 1, 0.5, 2.0);
    let halves = (0..rows * cols).flat_map(|_| {
        let half = DType::F16.encode(random(-9.0, 9.0)) as u16;
        half.to_le_bytes()
    });
    let halves = npy("<f2", &matrix, halves.collect());
    fs::write(folder.path().join("h.npy"), halves).expect("a file");
    let ids = (0..rows).flat_map(|row| ((row * 7 % cols) as u16).to_le_bytes());
    let ids = npy("<u2", &format!("({rows},)"), ids.collect());
    fs::write(folder.path().join("y.npy"), ids).expect("a file");
    folder
}

fn npy(descr: &str, shape: &str, data: Vec<u8>) -> Vec<u8> {
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}\n");
    let length = u16::try_from(text.len()).expect("short").to_le_bytes();
    [
        b"\x93NUMPY\x01\0",
        length.as_slice(),
        text.as_bytes(),
        &data,
    ]
    .concat()
}

/// Runs a line whose `@` is the folder, with blocks of `block_bytes` bytes, and returns all outputs.
fn outputs(folder: &TempDir, line: &str, block_bytes: u64) -> Vec<Vec<u8>> {
    let path = format!("{}/", folder.path().display());
    let words = line.split_whitespace().map(|word| word.replace('@', &path));
    let mut cli = Cli::try_parse_from(words).expect("a valid line");
    let Command::Compute(command) = &mut cli.command else {
        panic!("no operation: {line}");
    };
    common(command).block_bytes = block_bytes;
    run(&cli.command).expect("the command succeeds");
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .expect("a folder")
        .flatten()
        .collect();
    names.sort_by_key(fs::DirEntry::file_name);
    let outputs = names
        .iter()
        .filter(|name| name.file_name().to_string_lossy().starts_with("out"));
    outputs
        .map(|name| fs::read(name.path()).expect("a file"))
        .collect()
}

fn common(command: &mut Compute) -> &mut args::Common {
    match command {
        Compute::Softmax(args) => &mut args.common,
        Compute::LogSoftmax(args) => &mut args.common,
        Compute::Logsumexp(args) => &mut args.common,
        Compute::SoftmaxBackward(args) => &mut args.common,
        Compute::LogSoftmaxBackward(args) => &mut args.common,
        Compute::LogsumexpBackward(args) => &mut args.common,
        Compute::CrossEntropy(args) => &mut args.common,
        Compute::LinearCrossEntropy(args) => &mut args.common,
        Compute::Jacobian(args) => &mut args.common,
    }
}

const LINES: [&str; 18] = [
    "jacobian @x.npy -o @out.npy",
    "softmax @h.npy -o @out.npy --scale 0.7",
    "logsumexp @h.npy -o @out.npy --scale 3",
    "softmax-backward @h.npy @h.npy -o @out.npy",
    "logsumexp-backward @h.npy @r.npy -o @out.npy",
    "cross-entropy @h.npy @y.npy --grad @out.npy",
    "softmax @x.npy -o @out.npy",
    "log-softmax @x.npy -o @out.npy",
    "logsumexp @x.npy -o @out.npy",
    "softmax-backward @p.npy @g.npy -o @out.npy",
    "log-softmax-backward @x.npy @g.npy -o @out.npy",
    "logsumexp-backward @x.npy @r.npy -o @out.npy",
    "cross-entropy @x.npy @y.npy --ignore-index 7 -o @out.npy --grad @out2.npy --lse @out3.npy --json @out.json",
    "cross-entropy @x.npy @y.npy --reduction sum -o @out.npy --grad @out2.npy",
    "cross-entropy @x.npy @y.npy --ignore-index 7 --weight @w.npy --z-loss 0.1 --grad-losses @s.npy -o @out.npy --grad @out2.npy --lse @out3.npy",
    "cross-entropy @x.npy @y.npy --reduction none --label-smoothing 0.1 --softcap 5 --grad-losses @r.npy -o @out.npy --grad @out2.npy",
    "cross-entropy @x.npy @p.npy --weight @w.npy --z-loss 0.1 --label-smoothing 0.1 -o @out.npy --grad @out2.npy --lse @out3.npy",
    "cross-entropy @h.npy @h.npy --scale 0.1 --softcap 5 -o @out.npy --grad @out2.npy --reduction sum",
];

/// Checks all lines with the reference; on a device every other one, or all of them in a full run.
fn blocks_change_nothing(rows: usize, cols: usize, rows_of_a_block: usize, lines: &[&str]) {
    let folder = folder(rows, cols);
    let on_device = some(lines.to_vec(), 0, 2);
    for (engine, lines) in [("", &on_device[..]), (" --reference", lines)] {
        for line in lines {
            let line = format!("wgpu-softmax {line}{engine}");
            let whole = outputs(&folder, &line, u64::MAX);
            assert!(!whole.is_empty() && whole[0].len() > 4, "{line}");
            let row_values = cols * if line.contains("jacobian") { cols } else { 1 };
            let blocks = outputs(&folder, &line, (rows_of_a_block * 4 * row_values) as u64);
            assert!(blocks == whole, "{line}: blocks change the results");
        }
    }
}

#[test]
fn blocks_of_many_short_rows_change_no_bit() {
    blocks_change_nothing(131, 30, 10, &LINES);
}

/// The last block has so few rows that a kernel chosen for it alone would split them. A device computes the lines that it
/// does not compute of short rows.
#[test]
fn blocks_of_few_long_rows_change_no_bit() {
    blocks_change_nothing(21, 2051, 5, &LINES[1..]);
}
