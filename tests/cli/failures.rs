//! Each error once: its exit code, its words, and every file unchanged.

use crate::folder::*;

#[test]
fn bad_files_are_named_with_what_was_expected() {
    let folder = Folder::new();
    folder.put("text.npy", b"1,2,3\n4,5,6\n");
    folder.put("x.csv", b"1,2,3\n4,5,6\n");
    folder.put("short.npy", &npy(1, "<f4", false, "(3, 4)", &[0; 40]));
    folder.put("complex.npy", &npy(1, "<c8", false, "(1, 1)", &[0; 8]));
    folder.put("bool.npy", &npy(1, "|b1", false, "(1, 1)", &[0]));
    folder.put("ids.npy", &npy(1, "<i4", false, "(1, 1)", &[0; 4]));
    folder.put("wide.npy", &npy(1, "<f8", false, "(3, 4)", &[0; 96]));
    folder.floats("scalar.npy", "()", &[1.0]);
    folder.floats("none.npy", "(3, 0)", &[]);
    folder.floats("flat.npy", "(12,)", &X);
    let softmax = |input: &str| format!("softmax {input} -o out.npy");
    folder.fail(&softmax("absent.npy"), 2, &["absent.npy", "cannot read"]);
    folder.fail(
        &softmax("x.csv"),
        2,
        &["x.csv", "expected a .npy file", "1,2,3"],
    );
    folder.fail(
        &softmax("text.npy"),
        2,
        &["text.npy", "expected a .npy file", "1,2,3"],
    );
    folder.fail(
        &softmax("short.npy"),
        2,
        &["short.npy", "expected 48 bytes of data", "found 40"],
    );
    folder.fail(
        &softmax("complex.npy"),
        2,
        &[
            "complex.npy",
            "expected floats, integers or bool",
            "found complex64",
        ],
    );
    folder.fail(
        &softmax("bool.npy"),
        2,
        &["bool.npy", "expected floats", "found bool"],
    );
    folder.fail(
        &softmax("ids.npy"),
        2,
        &["ids.npy", "expected floats", "found int32"],
    );
    folder.fail(
        &softmax("scalar.npy"),
        2,
        &["scalar.npy", "at least one axis", "shape ()"],
    );
    folder.fail(
        &softmax("none.npy"),
        2,
        &["none.npy", "at least one class", "shape (3, 0)"],
    );
    folder.fail(
        "softmax-backward x.npy flat.npy -o out.npy",
        2,
        &["flat.npy", "shape (3, 4)", "shape (12,)"],
    );
    folder.fail(
        "softmax-backward x.npy wide.npy -o out.npy",
        2,
        &["wide.npy", "float32 as in x.npy", "found float64"],
    );
    folder.fail(
        "logsumexp-backward x.npy x.npy -o out.npy",
        2,
        &["x.npy", "shape (3,)", "shape (3, 4)"],
    );
    folder.fail(
        "cross-entropy flat.npy y.npy -o out.npy",
        2,
        &["y.npy", "integers of shape ()", "int64 of shape (3,)"],
    );
}

#[test]
fn bad_usage_is_told_before_any_work() {
    let folder = Folder::new();
    let one = "expected one output, found two";
    folder.fail(
        "softmax x.npy -o out.npy --axis 2",
        2,
        &["--axis", "x.npy", "expected -2 to 1, found 2"],
    );
    folder.fail(
        "softmax x.npy -o out.npy --axis=-3",
        2,
        &["expected -2 to 1, found -3"],
    );
    folder.fail(
        "softmax x.npy -o out.npy --axis first",
        2,
        &["invalid value 'first'"],
    );
    folder.fail(
        "softmax x.npy -o out.npy --adapter a --reference",
        2,
        &["cannot be used with"],
    );
    folder.fail("softmax x.npy", 2, &["--output <PROBS>"]);
    folder.fail("softmax x.npy -o out.bin", 2, &["out.bin", "a .npy or"]);
    folder.fail("softmax x.npy -o .", 2, &["a file", "a folder"]);
    folder.fail(
        "softmax x.npy -o absent/out.npy",
        2,
        &["absent/out.npy", "cannot write"],
    );
    folder.fail(
        "softmax x.npy -o out.npy --json ./out.npy",
        2,
        &["./out.npy", one],
    );
    folder.fail("softmax x.npy -o - --json -", 2, &["-", one]);
    folder.fail(
        "cross-entropy x.npy y.npy -o new.npy --grad ./new.npy",
        2,
        &[one, "loss and grad_logits"],
    );
    folder.fail(
        "cross-entropy x.npy y.npy --reduction none",
        2,
        &["-o, --grad or --lse"],
    );
    folder.fail(
        "cross-entropy x.npy y.npy --reduction max",
        2,
        &["invalid value 'max'"],
    );
    folder.fail("check --quick --full", 2, &["cannot be used with"]);
}

#[test]
fn targets_out_of_range_are_shown_with_their_place() {
    let folder = Folder::new();
    folder.floats("deep.npy", "(2, 2, 3)", &X);
    folder.put(
        "deep_ids.npy",
        &npy(
            1,
            "<u8",
            false,
            "(2, 2)",
            &bytes([0, 1, u64::MAX, 2].map(u64::to_le_bytes)),
        ),
    );
    folder.fail(
        "cross-entropy x.npy y.npy -o out.npy",
        2,
        &["y.npy", "0 to 3", "found -100 at index [1], row 1"],
    );
    let line = "cross-entropy x.npy y.npy -o out.npy --ignore-index 1";
    folder.fail(line, 2, &["0 to 3 or the ignored 1, found -100"]);
    let words = [
        "deep_ids.npy",
        "0 to 2",
        "found 18446744073709551615 at index [1, 0], row 2",
    ];
    folder.fail("cross-entropy deep.npy deep_ids.npy -o out.npy", 2, &words);
}

#[test]
fn no_adapter_is_exit_3_and_says_how_to_get_one() {
    let folder = Folder::new();
    // A software adapter is there, or what installs one.
    let words = ["no usable adapter", "no-such-adapter", "software"];
    folder.fail(
        "softmax x.npy -o out.npy --adapter no-such-adapter",
        3,
        &words,
    );
    folder.fail("check --quick --adapter no-such-adapter", 3, &words);
}
