//! Bad options of `cross-entropy`: each is refused with one message, before any work.

use crate::folder::*;

const LINE: &str = "cross-entropy x.npy y.npy --ignore-index -100 -o out.npy --reference";

#[test]
fn numbers_out_of_range() {
    let folder = Folder::new();
    let share = "expected a number from 0 to 1";
    let positive = "expected a finite number above 0";
    let finite = "expected a finite number";
    let cases = [
        (
            "--label-smoothing <E>",
            share,
            ["-0.1", "1.01", "nan", "inf", "a"],
        ),
        ("--softcap <C>", positive, ["0", "-2", "nan", "inf", "b"]),
        ("--z-loss <L>", finite, ["nan", "inf", "1e39", "NaN", "c"]),
    ];
    for (flag, expected, numbers) in cases {
        let (name, _) = flag.split_once(' ').expect("a flag with a value");
        for number in numbers {
            let words = [flag, &format!("'{number}'"), expected];
            folder.fail(&format!("{LINE} {name} {number}"), 2, &words);
            folder.fail(&format!("{LINE} {name}={number}"), 2, &words);
        }
    }
    folder.fail(
        &format!("{LINE} --z-loss=-inf"),
        2,
        &["--z-loss <L>", finite],
    );
    let words = ["'maybe'", "--zero-valid", "nan, zero"];
    folder.fail(&format!("{LINE} --zero-valid maybe"), 2, &words);
}

#[test]
fn weights_of_other_shapes_and_types() {
    let folder = Folder::new();
    let refuse = |file: &str, words: &[&str]| {
        let words = [&[file], words].concat();
        folder.fail(&format!("{LINE} --weight {file}"), 2, &words);
    };
    for (file, shape, count) in [
        ("short.npy", "(3,)", 3),
        ("long.npy", "(5,)", 5),
        ("matrix.npy", "(1, 4)", 4),
        ("scalar.npy", "()", 1),
    ] {
        folder.floats(file, shape, &[1.0; 5][..count]);
        let found = format!("found shape {shape}");
        refuse(
            file,
            &["expected shape (4,) to match x.npy of (3, 4)", &found],
        );
    }
    folder.put("ids.npy", &npy(1, "<i4", false, "(4,)", &[0; 16]));
    folder.put("bool.npy", &npy(1, "|b1", false, "(4,)", &[1; 4]));
    refuse("ids.npy", &["expected floats", "found int32"]);
    refuse("bool.npy", &["expected floats", "found bool"]);
    refuse("absent.npy", &["cannot read"]);
    refuse("w.txt", &["cannot read"]);
}

#[test]
fn upstream_gradients_of_other_shapes_and_types() {
    let folder = Folder::new();
    folder.floats("one.npy", "(1,)", &[1.0]);
    folder.floats("rows.npy", "(3,)", &[1.0; 3]);
    folder.floats("column.npy", "(3, 1)", &[1.0; 3]);
    folder.put("ids.npy", &npy(1, "<i4", false, "(1,)", &[0; 4]));
    let refuse = |file: &str, options: &str, words: &[&str]| {
        let line = format!("{LINE} --grad g.npy --grad-losses {file} {options}");
        folder.fail(&line, 2, &[&[file], words].concat());
    };
    for reduction in ["", "--reduction sum"] {
        let one = "expected one value, shape () or (1,)";
        refuse("rows.npy", reduction, &[one, "found shape (3,)"]);
    }
    let rows = "expected shape (3,) to match x.npy";
    refuse("one.npy", "--reduction none", &[rows, "found shape (1,)"]);
    refuse(
        "column.npy",
        "--reduction none",
        &[rows, "found shape (3, 1)"],
    );
    refuse("ids.npy", "", &["expected floats", "found int32"]);
    refuse("absent.npy", "", &["cannot read"]);
    let line = format!("{LINE} --grad-losses one.npy");
    folder.fail(&line, 2, &["required", "--grad <GRAD_LOGITS>"]);
}

#[test]
fn targets_that_are_neither_ids_nor_probabilities() {
    let folder = Folder::new();
    folder.put("matrix.npy", &npy(1, "<i4", false, "(3, 4)", &[0; 48]));
    folder.put("bool.npy", &npy(1, "|b1", false, "(3, 4)", &[0; 12]));
    folder.floats("ids.npy", "(3,)", &[0.0, 1.0, 2.0]);
    folder.floats("flat.npy", "(12,)", &X);
    folder.tensor("wide.safetensors", "F64", &[3, 4], &X);
    folder.tensor("half.safetensors", "F16", &[3, 4], &X);
    let wanted = "expected class ids, integers of shape (3,), or probabilities, float32 of shape (3, 4), \
                  to match x.npy, found";
    for (file, found) in [
        ("matrix.npy", "int32 of shape (3, 4)"),
        ("bool.npy", "bool of shape (3, 4)"),
        ("ids.npy", "float32 of shape (3,)"),
        ("flat.npy", "float32 of shape (12,)"),
        ("wide.safetensors", "float64 of shape (3, 4)"),
        ("half.safetensors", "float16 of shape (3, 4)"),
    ] {
        let line = format!("cross-entropy x.npy {file} -o out.npy");
        folder.fail(&line, 2, &[&format!("{file}: {wanted} {found}")]);
    }
}

#[test]
fn an_ignored_id_among_probabilities() {
    let folder = Folder::new();
    let words = [
        "x.npy: expected class ids, integers, with --ignore-index -100",
        "found probabilities, float32",
    ];
    folder.fail(
        "cross-entropy x.npy x.npy -o out.npy --ignore-index -100",
        2,
        &words,
    );
}
