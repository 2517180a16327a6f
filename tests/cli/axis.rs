//! `--axis`: every operation along an axis gives the results of the last axis, for the same values moved there.

use crate::folder::*;

const SHAPE: [usize; 3] = [2, 3, 4];

/// Logits, a gradient of each, and one of each row; for cross-entropy class ids, some of them ignored.
struct Tensors {
    x: Vec<f32>,
    g: Vec<f32>,
    p: Vec<f32>,
}

fn tensors() -> Tensors {
    let value = |seed: usize| {
        let mix = |i: usize| ((i * 37 + seed) * 29 % 101) as f32;
        (0..24).map(|i| mix(i) / 10.0 - 5.0).collect()
    };
    let (x, g, p): (_, _, Vec<f32>) = (value(1), value(2), value(3));
    let p = p.iter().map(|p| p.abs() / 5.0).collect();
    Tensors { x, g, p }
}

/// Returns the values of a tensor of this shape with the axis moved to the end.
fn moved_last(values: &[f32], shape: [usize; 3], axis: usize) -> (Vec<usize>, Vec<f32>) {
    let cols = shape[axis];
    let inner: usize = shape[axis + 1..].iter().product();
    let rows = values.len() / cols;
    let element = |row: usize, col: usize| (row / inner * cols + col) * inner + row % inner;
    let moved = (0..rows).flat_map(|row| (0..cols).map(move |col| (row, col)));
    let moved = moved.map(|(row, col)| values[element(row, col)]).collect();
    let mut moved_shape = shape.to_vec();
    moved_shape.remove(axis);
    moved_shape.push(cols);
    (moved_shape, moved)
}

fn written(shape: &[usize]) -> String {
    let axes: String = shape.iter().map(|axis| format!("{axis}, ")).collect();
    format!("({axes})")
}

/// Writes the same files twice: `a_*.npy` with rows along the axis, `l_*.npy` with rows along the last axis.
fn folder(axis: usize) -> Folder {
    let folder = Folder::new();
    let Tensors { x, g, p } = tensors();
    for (name, values) in [("x", &x), ("g", &g), ("p", &p)] {
        folder.floats(&format!("a_{name}.npy"), &written(&SHAPE), values);
        let (shape, moved) = moved_last(values, SHAPE, axis);
        folder.floats(&format!("l_{name}.npy"), &written(&shape), &moved);
    }
    let (shape, _) = moved_last(&x, SHAPE, axis);
    let rows = written(&shape[..2]);
    let count = shape[0] * shape[1];
    folder.floats("r.npy", &rows, &g[..count]);
    let id = |row: usize| {
        if row % 4 == 3 {
            9
        } else {
            (row * 5 % shape[2]) as u8
        }
    };
    let ids: Vec<u8> = (0..count).map(id).collect();
    folder.put("y.npy", &npy(1, "|u1", false, &rows, &ids));
    folder.floats(
        "w.npy",
        &written(&shape[2..]),
        &[0.5, 2.0, 1.5, 1.0][..shape[2]],
    );
    folder
}

/// Lines in which `@` stands before the files of a tensor; the flag of the output, and true if it is as large as the logits.
const LINES: [(&str, &str, bool); 14] = [
    ("softmax @x.npy", "-o", true),
    ("log-softmax @x.npy --scale 0.5", "-o", true),
    ("logsumexp @x.npy", "-o", false),
    ("softmax-backward @p.npy @g.npy", "-o", true),
    ("log-softmax-backward @x.npy @g.npy", "-o", true),
    ("logsumexp-backward @x.npy r.npy", "-o", true),
    (
        "cross-entropy @x.npy y.npy --ignore-index 9",
        "--grad",
        true,
    ),
    (
        "cross-entropy @x.npy y.npy --ignore-index 9 --weight w.npy --label-smoothing 0.1",
        "-o",
        false,
    ),
    (
        "cross-entropy @x.npy y.npy --ignore-index 9 --reduction none --z-loss 0.1",
        "-o",
        false,
    ),
    (
        "cross-entropy @x.npy y.npy --ignore-index 9 --reduction none --grad-losses r.npy",
        "--grad",
        true,
    ),
    (
        "cross-entropy @x.npy y.npy --ignore-index 9 --softcap 3",
        "--lse",
        false,
    ),
    ("cross-entropy @x.npy @p.npy", "--grad", true),
    ("cross-entropy @x.npy @p.npy --reduction none", "-o", false),
    ("cross-entropy @x.npy @p.npy --reduction sum", "-o", false),
];

/// Returns the shape and values that a line writes.
fn result(folder: &Folder, line: &str, output: &str) -> (Vec<usize>, Vec<f32>) {
    folder.succeed(&format!("{line} {output} v.npy"));
    parse(&folder.get("v.npy"))
}

#[test]
fn every_operation_along_every_axis() {
    for axis in 0..3 {
        let folder = folder(axis);
        for (line, output, is_matrix) in LINES {
            let (shape, expected) = result(
                &folder,
                &format!("{} --reference", line.replace('@', "l_")),
                output,
            );
            for engine in ENGINES {
                for number in [axis.to_string(), format!("-{}", 3 - axis)] {
                    let line = format!("{} --axis {number} {engine}", line.replace('@', "a_"));
                    let (found_shape, found) = result(&folder, &line, output);
                    let found = match is_matrix {
                        true => {
                            assert_eq!(found_shape, SHAPE, "{line}");
                            moved_last(&found, SHAPE, axis).1
                        }
                        false => {
                            assert_eq!(found_shape, shape, "{line}");
                            found
                        }
                    };
                    assert_close(&found, &expected, &line);
                }
            }
        }
    }
}

/// The logits' shape, and then the extent of the logit by which the derivative is taken.
#[test]
fn a_jacobian_keeps_the_axis_and_appends_its_extent() {
    for (axis, &cols) in SHAPE.iter().enumerate() {
        let folder = folder(axis);
        let (_, of_rows) = result(&folder, "jacobian l_x.npy --reference", "-o");
        for engine in ["", "--reference"] {
            let line = format!("jacobian a_x.npy --axis {axis} {engine}");
            let (shape, found) = result(&folder, &line, "-o");
            assert_eq!(shape, [&SHAPE[..], &[cols]].concat(), "{line}");
            for j in 0..cols {
                let by_j: Vec<f32> = found.iter().skip(j).step_by(cols).copied().collect();
                let expected: Vec<f32> = of_rows.iter().skip(j).step_by(cols).copied().collect();
                assert_close(&moved_last(&by_j, SHAPE, axis).1, &expected, &line);
            }
        }
    }
}

#[test]
fn other_types_along_the_first_axis() {
    let folder = folder(0);
    let (_, expected) = result(&folder, "softmax l_x.npy --reference", "-o");
    for dtype in ["F16", "BF16", "F64"] {
        let name = format!("{dtype}.safetensors");
        folder.tensor(&name, dtype, &SHAPE, &tensors().x);
        for engine in ENGINES {
            let line = format!("softmax {name} --axis 0 -o v.safetensors {engine}");
            folder.succeed(&line);
            let (_, found, shape, data) = parse_safetensors(&folder.get("v.safetensors"));
            assert_eq!(shape, SHAPE, "{line}");
            let found = moved_last(&loaded(&found, &data), SHAPE, 0).1;
            for (found, expected) in found.iter().zip(&expected) {
                assert!(
                    (found - expected).abs() < 0.03,
                    "{line}: {expected}, {found}"
                );
            }
        }
    }
}

#[test]
fn no_rows_and_no_columns() {
    let folder = Folder::new();
    folder.floats("none.npy", "(2, 0, 3)", &[]);
    for engine in ENGINES {
        for axis in [0, 2] {
            let line = format!("softmax none.npy --axis {axis} {engine}");
            assert_eq!(result(&folder, &line, "-o"), (vec![2, 0, 3], vec![]));
        }
        let words = ["none.npy", "at least one class", "shape (2, 0, 3)"];
        folder.fail(
            &format!("softmax none.npy -o out.npy --axis 1 {engine}"),
            2,
            &words,
        );
    }
    let (shape, _) = result(&folder, "jacobian none.npy --axis 0 --reference", "-o");
    assert_eq!(shape, [2, 0, 3, 2]);
}

#[test]
fn operands_must_fit_the_axis() {
    let folder = folder(1);
    let line = |rest: &str| format!("{rest} -o out.npy --reference");
    let refused = [
        (
            "logsumexp-backward a_x.npy r.npy --axis 2",
            "shape (2, 3) to match a_x.npy",
        ),
        (
            "cross-entropy a_x.npy y.npy --axis 0",
            "integers of shape (3, 4)",
        ),
        (
            "cross-entropy a_x.npy y.npy --axis 1 --weight a_x.npy",
            "shape (3,)",
        ),
        ("softmax a_x.npy --axis 3", "expected -3 to 2, found 3"),
        ("jacobian a_x.npy --axis=-4", "expected -3 to 2, found -4"),
        (
            "cross-entropy a_x.npy y.npy --axis 1",
            "class ids from 0 to 2, found 9 at index [0, 3], row 3",
        ),
    ];
    for (rest, words) in refused {
        folder.fail(&line(rest), 2, &[words]);
    }
}
