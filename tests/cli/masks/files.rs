//! Files and flags of masks.

use super::{assert_same, tuple};
use crate::folder::*;

/// Floats of every type are added, in either format and either order; every byte of a b1 except 0 is true.
#[test]
fn masks_of_every_type() {
    let folder = Folder::new();
    folder.floats("t.npy", "(2, 3)", &[0.0; 6]);
    let (added, inf) = ([0.0, 1.0, f32::NEG_INFINITY], f64::INFINITY);
    folder.tensor("h.safetensors", "F16", &[3], &added);
    folder.tensor("b.safetensors", "BF16", &[1, 3], &added);
    folder.tensor("d.safetensors", "F64", &[3], &added);
    folder.floats("f.npy", "(3,)", &added);
    let wide = bytes([0.0, 1.0, -inf].map(f64::to_be_bytes));
    folder.put("d.npy", &npy(1, ">f8", false, "(3,)", &wide));
    let columns = le(&[0.0, 0.0, 1.0, 1.0, f32::NEG_INFINITY, f32::NEG_INFINITY]);
    folder.put("fortran.npy", &npy(1, "<f4", true, "(2, 3)", &columns));
    folder.put(
        "t.safetensors",
        &safetensors(&[("m", "BOOL", &[3], &[1, 1, 0])]),
    );
    folder.put("b.npy", &npy(1, "|b1", false, "(3,)", &[7, 255, 0]));
    let e = 1.0_f32.exp();
    let added = [1.0 / (1.0 + e), e / (1.0 + e), 0.0];
    let kept = [0.5, 0.5, 0.0];
    for engine in ENGINES {
        for (mask, expected) in [
            ("h.safetensors", added),
            ("b.safetensors", added),
            ("d.safetensors#t", added),
            ("f.npy", added),
            ("d.npy", added),
            ("fortran.npy", added),
            ("t.safetensors", kept),
            ("b.npy", kept),
        ] {
            folder.succeed(&format!("softmax t.npy --mask {mask} -o v.npy {engine}"));
            assert_same(
                &parse(&folder.get("v.npy")).1,
                &[expected, expected].concat(),
                mask,
            );
        }
    }
}

#[test]
fn logits_of_16_bits() {
    let folder = Folder::new();
    for dtype in ["F16", "BF16"] {
        folder.tensor("x.safetensors", dtype, &[2, 2], &[0.0, f32::NAN, 0.0, 0.0]);
        for engine in ENGINES {
            for (axis, expected) in [(0, [0.5, 0.0, 0.5, 1.0]), (1, [1.0, 0.0, 0.5, 0.5])] {
                let line = format!("softmax x.safetensors --axis {axis} --causal {engine}");
                folder.succeed(&format!("{line} -o v.safetensors"));
                let (_, found, _, data) = parse_safetensors(&folder.get("v.safetensors"));
                assert_same(&loaded(&found, &data), &expected, &line);
            }
        }
    }
}

#[test]
fn masks_that_do_not_fit_are_refused() {
    let folder = Folder::new();
    folder.floats("t.npy", "(2, 3, 4)", &[0.0; 24]);
    let refuse = |flags: &str, words: &[&str]| {
        for engine in ["--reference", ""] {
            folder.fail(
                &format!("softmax t.npy -o out.npy {flags} {engine}"),
                2,
                words,
            );
        }
    };
    for shape in [&[3][..], &[2, 1, 3, 4], &[3, 2, 1], &[2, 0, 4]] {
        folder.floats("m.npy", &tuple(shape), &vec![0.0; shape.iter().product()]);
        let found = format!("{shape:?} for logits of shape [2, 3, 4]");
        refuse(
            "--mask m.npy",
            &["m.npy", "t.npy of shape (2, 3, 4)", "broadcasts", &found],
        );
    }
    for (descr, name, shape, data) in [
        ("|u1", "uint8", "(4,)", vec![1; 4]),
        ("<i8", "int64", "(1,)", vec![0; 8]),
    ] {
        folder.put("i.npy", &npy(1, descr, false, shape, &data));
        refuse(
            "--mask i.npy",
            &["i.npy", "floats", "bool", &format!("found {name}")],
        );
    }
    refuse("--mask absent.npy", &["absent.npy", "cannot read"]);
    refuse(
        "--masked-rows none",
        &["'none'", "--masked-rows", "nan, zero"],
    );
    folder.floats("nan.npy", "(4,)", &[0.0, f32::NAN, 0.0, 0.0]);
    refuse(
        "--mask nan.npy --causal --axis 0",
        &["nan.npy", "--causal", "no NaN and no inf"],
    );
    folder.floats("row.npy", "(4,)", &[0.0; 4]);
    for operation in ["softmax", "log-softmax", "logsumexp"] {
        let line = format!("{operation} row.npy -o out.npy --causal --reference");
        folder.fail(
            &line,
            2,
            &["--causal", "row.npy", "at least two axes", "shape (4,)"],
        );
    }
    let line = "logsumexp t.npy -o out.npy --masked-rows zero --reference";
    folder.fail(line, 2, &["--masked-rows"]);
    for flag in ["--mask m.npy", "--causal", "--masked-rows zero"] {
        let (name, _) = flag.split_once(' ').unwrap_or((flag, ""));
        let mut lines = vec!["jacobian t.npy", "softmax-backward t.npy t.npy"];
        // A loss has masks of its own.
        lines.extend((name != "--mask").then_some("cross-entropy x.npy y.npy"));
        for line in lines {
            folder.fail(&format!("{line} -o out.npy --reference {flag}"), 2, &[name]);
        }
    }
}
