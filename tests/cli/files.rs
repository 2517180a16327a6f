//! Files that are read, and replacement of files by outputs.

use crate::folder::*;
use std::fs;

#[test]
fn every_layout_of_the_same_floats_is_read_alike() {
    let folder = Folder::new();
    let shape = [3, 2, 2];
    let order = |fortran| {
        (0..12).map(move |i| {
            if fortran {
                i % 3 * 4 + i / 3 % 2 * 2 + i / 6
            } else {
                i
            }
        })
    };
    folder.floats("plain.npy", "(3, 2, 2)", &X);
    folder.succeed("softmax plain.npy --reference -o expected.npy");
    for version in [1, 2, 3] {
        for fortran in [false, true] {
            let stored: Vec<f32> = order(fortran).map(|i| X[i]).collect();
            let kinds = [
                ("<f4", bytes(stored.iter().map(|x| x.to_le_bytes()))),
                (">f4", bytes(stored.iter().map(|x| x.to_be_bytes()))),
                (
                    "<f8",
                    bytes(stored.iter().map(|&x| f64::from(x).to_le_bytes())),
                ),
                (
                    ">f8",
                    bytes(stored.iter().map(|&x| f64::from(x).to_be_bytes())),
                ),
            ];
            for (descr, data) in kinds {
                folder.put(
                    "in.npy",
                    &npy(
                        version,
                        descr,
                        fortran,
                        &format!("{:?}", (shape[0], shape[1], shape[2])),
                        &data,
                    ),
                );
                let output = folder.run("softmax in.npy --reference -o found.npy");
                assert_eq!(stderr(&output), "", "version {version} {descr} {fortran}");
                assert_eq!(
                    folder.get("found.npy"),
                    folder.get("expected.npy"),
                    "version {version} {descr} {fortran}"
                );
            }
        }
    }
}

#[test]
fn targets_may_be_integers_of_any_width() {
    let folder = Folder::new();
    let targets = [0_u8, 3, 1];
    let expected = {
        folder.put("t.npy", &npy(1, "|u1", false, "(3,)", &targets));
        folder.succeed("cross-entropy x.npy t.npy --reference")
    };
    let kinds = [
        ("|i1", targets.to_vec()),
        ("<i2", bytes(targets.map(|t| i16::from(t).to_le_bytes()))),
        (">i2", bytes(targets.map(|t| i16::from(t).to_be_bytes()))),
        ("<u2", bytes(targets.map(|t| u16::from(t).to_le_bytes()))),
        ("<i4", bytes(targets.map(|t| i32::from(t).to_le_bytes()))),
        (">u4", bytes(targets.map(|t| u32::from(t).to_be_bytes()))),
        (">i8", bytes(targets.map(|t| i64::from(t).to_be_bytes()))),
        ("<u8", bytes(targets.map(|t| u64::from(t).to_le_bytes()))),
    ];
    for (descr, data) in kinds {
        folder.put("t.npy", &npy(1, descr, false, "(3,)", &data));
        assert_eq!(
            folder.succeed("cross-entropy x.npy t.npy --reference"),
            expected,
            "{descr}"
        );
    }
}

#[test]
fn an_output_may_replace_its_input() {
    let folder = Folder::new();
    folder.succeed("softmax x.npy -o p.npy --reference");
    folder.succeed("softmax x.npy -o x.npy --reference");
    assert_eq!(folder.get("x.npy"), folder.get("p.npy"));
    assert_eq!(folder.names(), ["out.npy", "p.npy", "x.npy", "y.npy"]);
}

#[test]
fn an_input_is_parted_behind_a_file() {
    let folder = Folder::new();
    let tensor: Tensor<'_> = ("a.b#c/d", "F32", &[3, 4], &le(&X));
    folder.put("m.safetensors", &safetensors(&[tensor]));
    folder.put("x", &folder.get("x.npy"));
    folder.put("x#1.npy", &folder.get("x.npy"));
    for input in ["x", "x#1.npy", "m.safetensors#a.b#c/d"] {
        folder.succeed(&format!("softmax {input} -o p.npy --reference"));
    }
    for (input, words) in [
        ("x#1", "x#1: expected no name"),
        ("x#1.npy#2", "found #1.npy#2"),
        ("m.safetensors#", "m.safetensors#: expected a tensor \"\""),
        ("absent#t", "absent#t: cannot read"),
        ("#", "#: cannot read"),
    ] {
        folder.fail(&format!("softmax {input} -o out.npy"), 2, &[words]);
    }
}

#[test]
fn names_of_outputs_tell_the_format_and_the_tensor() {
    let folder = Folder::new();
    fs::create_dir(folder.path("d.e")).expect("a folder");
    for name in ["o.npy", "o", "o#1.npy", "d.e/o"] {
        folder.succeed(&format!("softmax x.npy -o {name} --reference"));
        assert_eq!(parse(&folder.get(name)).0, [3, 4], "{name}");
    }
    for (suffix, tensor) in [("", "probs"), ("#a.b#c/d", "a.b#c/d")] {
        let line = format!("softmax x.npy -o o.safetensors{suffix} --reference");
        folder.succeed(&line);
        let (found, ..) = parse_safetensors(&folder.get("o.safetensors"));
        assert_eq!(found, tensor);
    }
    let words = "o.npy#a: expected a .npy or .safetensors file, found .npy#a";
    folder.fail("softmax x.npy -o o.npy#a", 2, &[words]);
}
