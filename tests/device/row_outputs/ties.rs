//! Argmax of equal logits, the first of them: within a lane, over lanes, blocks and parts, and in rows whose first block is folded last.

use wgpu_softmax::RowOutputs;
use wgpu_softmax::check::Inputs;

use crate::common::problem::Problem;
use crate::row_outputs::problem::of_ids;

/// Returns a row for each set of columns, which hold its maximum.
fn problem(cols: usize, maxima: &[&[usize]], [highest, others]: [f32; 2]) -> Problem {
    let mut logits = Inputs::Flat.logits(maxima.len(), cols, 5);
    logits
        .iter_mut()
        .for_each(|x| *x = x.min(1.0) * 0.1 + others);
    for (row, columns) in maxima.iter().enumerate() {
        columns
            .iter()
            .for_each(|column| logits[row * cols + column] = highest);
    }
    let ids = vec![0; maxima.len()];
    of_ids(cols, logits, &ids).giving(RowOutputs::default().argmax().hit())
}

#[track_caller]
fn assert_first(problem: &Problem, maxima: &[&[usize]]) {
    let first: Vec<u32> = maxima
        .iter()
        .map(|columns| *columns.iter().min().expect("a maximum") as u32)
        .collect();
    for variant in problem.row_kernels().into_iter().map(Some).chain([None]) {
        let found = problem.by(variant, true);
        assert_eq!(found.argmax(), first, "{variant:?}, {:?}", problem.spec);
        let hits: Vec<u32> = first.iter().map(|&class| u32::from(class == 0)).collect();
        let place = found.layout.hit.expect("asked for");
        assert_eq!(found.column(place), hits, "{variant:?}");
    }
}

/// Sets of columns: neighbours, the ends, and columns of one lane, of two, of one block, of two, of the first part and the last.
const MAXIMA: [&[usize]; 16] = [
    &[0, 1],
    &[1, 0, 2],
    &[3, 4],
    &[0, 1029],
    &[1029],
    &[1028, 1029],
    &[2, 1025],
    &[5, 6, 7],
    &[127, 128],
    &[15, 16],
    &[16, 500, 1000],
    &[63, 64, 65],
    &[255, 256],
    &[205, 206, 207, 208, 209],
    &[3, 515],
    &[997, 31],
];

#[test]
fn the_first_of_equal_logits_in_long_rows() {
    for offset in [0, 1, 3] {
        let problem = problem(1030, &MAXIMA, [7.0, 0.0]).offset(offset);
        assert_first(&problem, &MAXIMA);
    }
}

#[test]
fn the_first_of_equal_logits_in_short_rows() {
    let maxima: [&[usize]; 8] = [
        &[0, 1],
        &[5, 4],
        &[3, 44],
        &[44],
        &[20, 21, 22],
        &[7, 8],
        &[1, 40],
        &[2, 3],
    ];
    for numbers in [[7.0, 0.0], [-1e30, -3e38], [1e38, -1e38]] {
        let problem = problem(45, &maxima, numbers);
        assert_first(&problem, &maxima);
        assert_first(&problem.clone().offset(2), &maxima);
        assert_first(&problem.inner(4), &maxima);
    }
}

/// Zeros of either sign are equal; a subnormal number is larger, or smaller, on every device.
#[test]
fn zeros_and_subnormal_numbers() {
    let rows = [
        ([-1.0, -0.0, 0.0, -0.0, -1.0], 1),
        ([-1.0, 0.0, -0.0, 0.0, -1.0], 1),
        ([-0.0, 0.0, 1e-45, 0.0, 1e-45], 2),
        ([-1e-45, -1e-40, -1e-45, -1e-39, -1.0], 0),
        ([-1e-40, -0.0, -1e-45, 0.0, -0.0], 1),
    ];
    let logits = rows.iter().flat_map(|(row, _)| *row).collect();
    let problem = of_ids(5, logits, &[1, 1, 1, 1, 1]);
    for variant in problem.row_kernels() {
        let argmax = problem.by(Some(variant), false).argmax();
        assert_eq!(argmax, rows.map(|(_, class)| class), "{variant}");
    }
}

/// No number is as low as an excluded logit.
#[test]
fn the_lowest_number_among_excluded_ones() {
    for cols in [5, 45, 130] {
        for column in [0, 3, cols - 1] {
            let mut logits = vec![f32::NEG_INFINITY; cols];
            logits[column] = f32::MIN;
            let problem = of_ids(cols, logits, &[0]);
            for variant in problem.row_kernels() {
                let argmax = problem.by(Some(variant), false).argmax();
                assert_eq!(argmax, [column as u32], "{variant}, {cols} columns");
            }
        }
    }
}
