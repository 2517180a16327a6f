//! Inputs of 64 bits: computed by the reference in their own width, on a device in f32, or refused.

use crate::folder::*;
use std::f32::consts::LN_2;

/// Logits that are equal in f32, and logits that exceed it.
const LOGITS: [f64; 4] = [16_777_216.0, 16_777_217.0, 1e300, 1e300];

/// Results of the reference, with the probabilities 1 and 0 as targets or as the input of a backward pass.
const OPERATIONS: [(&str, [f32; 4]); 4] = [
    ("softmax x8.npy", [0.268_941_4, 0.731_058_6, 0.5, 0.5]),
    (
        "log-softmax x8.npy",
        [-1.313_261_7, -0.313_261_7, -LN_2, -LN_2],
    ),
    (
        "softmax x8.npy --mask m8.npy",
        [0.268_941_4, 0.731_058_6, 0.5, 0.5],
    ),
    (
        "logsumexp-backward x8.npy g8.npy",
        [0.268_941_4, 0.731_058_6, 0.25, 0.25],
    ),
];

fn folder() -> Folder {
    let folder = Folder::new();
    let put = |name: &str, shape: &str, values: &[f64]| {
        let data = bytes(values.iter().map(|x| x.to_le_bytes()));
        folder.put(name, &npy(1, "<f8", false, shape, &data));
    };
    put("x8.npy", "(2, 2)", &LOGITS);
    put("m8.npy", "(2, 1)", &[0.0, -1e300]);
    put("p8.npy", "(2, 2)", &[1.0, 0.0, 0.5, 0.5]);
    put("g8.npy", "(2,)", &[1.0, 0.5]);
    put("u8.npy", "(2, 2)", &[1.0, 1.0, 1e39, 0.0]);
    put("w8.npy", "(2,)", &[1e300, 1e300]);
    put("r8.npy", "(2,)", &[1.0, -1e300]);
    put("small.npy", "(2, 2)", &[1.0, 2.0, 3.0, -3.402_823_5e38]);
    folder.put("y8.npy", &npy(1, "|u1", false, "(2,)", &[0, 1]));
    folder
}

#[test]
fn the_reference_computes_in_their_width() {
    let folder = folder();
    for (line, expected) in OPERATIONS {
        let line = format!("{line} -o out.npy --reference");
        let output = folder.run(&line);
        assert!(output.status.success(), "{line}: {}", stderr(&output));
        assert!(!stderr(&output).contains("f4"), "{}", stderr(&output));
        assert_close(&parse(&folder.get("out.npy")).1, &expected, &line);
    }
    folder.succeed("jacobian x8.npy -o out.npy --reference");
    let (shape, jacobian) = parse(&folder.get("out.npy"));
    assert_eq!((shape, jacobian[7]), (vec![2, 2, 2], 0.25));
    let loss = folder.succeed("cross-entropy x8.npy y8.npy --reference --grad out.npy");
    assert_eq!(loss.trim(), "1.0032045");
    let gradient = parse(&folder.get("out.npy")).1;
    assert_close(
        &gradient,
        &[-0.365_529_3, 0.365_529_3, 0.25, -0.25],
        "gradient",
    );
    let weighted = folder.succeed("cross-entropy x8.npy y8.npy --weight w8.npy --reference");
    assert_eq!(weighted, loss);
    let soft = folder.succeed("cross-entropy x8.npy p8.npy --reference");
    assert_eq!(soft, loss);
    folder.succeed("softmax-backward p8.npy x8.npy -o out.npy --reference");
    assert_eq!(parse(&folder.get("out.npy")).1, [0.0; 4]);
    folder.succeed("log-softmax-backward p8.npy u8.npy -o out.npy --reference");
    assert_eq!(parse(&folder.get("out.npy")).1[2], f32::NEG_INFINITY);
}

#[test]
fn a_device_is_given_none_that_f32_cannot_hold() {
    let folder = folder();
    let cases = [
        ("softmax x8.npy", "x8.npy", "1e300 at index (1, 0)"),
        ("logsumexp x8.npy", "x8.npy", "1e300 at index (1, 0)"),
        (
            "softmax small.npy --axis 0 --mask m8.npy",
            "m8.npy",
            "-1e300 at index (1, 0)",
        ),
        (
            "softmax-backward p8.npy u8.npy",
            "u8.npy",
            "1e39 at index (1, 0)",
        ),
        (
            "logsumexp-backward small.npy r8.npy",
            "r8.npy",
            "-1e300 at index (1,)",
        ),
        (
            "cross-entropy x8.npy y8.npy",
            "x8.npy",
            "1e300 at index (1, 0)",
        ),
        (
            "cross-entropy p8.npy x8.npy",
            "x8.npy",
            "1e300 at index (1, 0)",
        ),
        (
            "cross-entropy p8.npy y8.npy --weight w8.npy",
            "w8.npy",
            "1e300 at index (0,)",
        ),
        (
            "cross-entropy p8.npy y8.npy --reduction none --grad g.npy --grad-losses r8.npy",
            "r8.npy",
            "-1e300 at index (1,)",
        ),
    ];
    for (line, file, place) in cases {
        let output = if line.contains("--grad") {
            ""
        } else {
            "-o out.npy"
        };
        folder.fail(
            &format!("{line} {output}"),
            2,
            &[file, "the range of float32", place],
        );
    }
    let output = folder.run("softmax small.npy -o out.npy");
    let message = stderr(&output);
    assert!(
        message.contains("small.npy: float64 is computed in float32"),
        "{message}"
    );
    assert_eq!(parse(&folder.get("out.npy")).1[2..], [1.0, 0.0]);
}

/// Class weights that make the divisor of a mean negative, infinite, NaN, or more than f32 holds.
#[test]
fn means_by_weights_of_any_sum() {
    let folder = Folder::new();
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let weights = [
        [-1.0, -2.0, -3.0, 1.0],
        [inf, 1.0, 1.0, 1.0],
        [1.0, -inf, 2.0, 1.0],
        [nan, 1.0, 1.0, 1.0],
        [inf, -inf, 1.0, 1.0],
    ];
    let kind = |x: &f32| {
        (
            x.is_nan(),
            x.is_infinite(),
            x.is_sign_negative() && !x.is_nan(),
        )
    };
    folder.put("ids.npy", &npy(1, "|u1", false, "(3,)", &[0, 1, 2]));
    for weight in weights {
        folder.floats("w.npy", "(4,)", &weight);
        for options in [
            "",
            "--z-loss 0.1",
            "--reduction none",
            "--label-smoothing 0.1",
        ] {
            let line = format!(
                "cross-entropy x.npy ids.npy --weight w.npy --grad g.npy -o l.npy {options}"
            );
            let results = |engine: &str| {
                folder.succeed(&format!("{line} {engine}"));
                let [grad, loss] = ["g.npy", "l.npy"].map(|name| parse(&folder.get(name)).1);
                [loss, grad].concat()
            };
            let (found, expected) = (results(""), results("--reference"));
            for (found, expected) in found.iter().zip(&expected) {
                let close = (found - expected).abs() <= 1e-5 * expected.abs().max(1.0);
                let same = found == expected || (found.is_nan() && expected.is_nan());
                assert!(close || same, "{line}, {weight:?}: {found} for {expected}");
                assert!(found.is_finite() || kind(found) == kind(expected));
            }
        }
    }
    folder.floats("w.npy", "(4,)", &[inf, 1.0, 1.0, 1.0]);
    let sum = "cross-entropy x.npy ids.npy --weight w.npy --reduction sum";
    for engine in ["", "--reference"] {
        assert_eq!(folder.succeed(&format!("{sum} {engine}")).trim(), "inf");
    }
    folder.floats("w.npy", "(4,)", &[3e38, 3e38, 3e38, 1.0]);
    let huge = "cross-entropy x.npy ids.npy --weight w.npy --grad";
    folder.succeed(&format!("{huge} g.npy"));
    folder.succeed(&format!("{huge} r.npy --reference"));
    let [found, expected] = ["g.npy", "r.npy"].map(|name| parse(&folder.get(name)).1);
    assert_close(&found, &expected, huge);
}
