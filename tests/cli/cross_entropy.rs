//! Results of the options of `cross-entropy`: known numbers, and identities that follow from them.

use crate::folder::*;

const TYPES: [&str; 3] = ["F32", "F16", "BF16"];
const ENGINES: [&str; 2] = ["", "--reference"];
const WEIGHT: [f32; 4] = [1.0, 2.0, 0.5, 1.0];
const PROBS: [f32; 12] = [
    0.7, 0.1, 0.1, 0.1, 0.0, 0.0, 1.0, 0.0, 0.25, 0.25, 0.25, 0.25,
];

/// Options with the mean, the weighted mean, and the weighted losses of the rows, computed elsewhere in f64.
const CLASS_IDS: [(&str, f64, f64, [f64; 3]); 5] = [
    ("", 0.25419581, 0.19219785, [0.4401897, 0.0, 0.13640384]),
    (
        "--label-smoothing 0.1",
        0.49169581,
        0.33787608,
        [0.59569207, 0.0, 0.41793617],
    ),
    (
        "--z-loss 0.01",
        0.36671977,
        0.30472181,
        [0.49973496, 0.0, 0.30190651],
    ),
    (
        "--softcap 2",
        0.52571364,
        0.49518445,
        [0.61730121, 0.0, 0.86825214],
    ),
    (
        "--label-smoothing 0.1 --z-loss 0.01 --softcap 2",
        0.71343018,
        0.62163696,
        [0.78100755, 0.0, 1.03309534],
    ),
];

/// Options with the mean of probabilities as targets, and the weighted mean.
const PROBABILITIES: [(&str, f64, f64); 2] = [
    ("", 1.52312975, 1.37314172),
    ("--label-smoothing 0.1", 1.61979641, 1.50030464),
];

/// Writes logits `x` and probabilities `q` in every type, as `x_F16.safetensors`; weights `w.npy` and class ids `y.npy`.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.floats("w.npy", "(4,)", &WEIGHT);
    for dtype in TYPES {
        folder.tensor(&format!("x_{dtype}.safetensors"), dtype, &[3, 4], &X);
        folder.tensor(&format!("q_{dtype}.safetensors"), dtype, &[3, 4], &PROBS);
    }
    folder
}

fn printed(folder: &Folder, line: &str) -> f32 {
    let line = format!("cross-entropy {line}");
    let printed = folder.succeed(&line);
    let number = printed.trim().parse();
    number.unwrap_or_else(|error| panic!("{line} prints {printed:?}: {error}"))
}

/// Returns one of the outputs, which is f32.
fn output(folder: &Folder, line: &str, flag: &str) -> Vec<f32> {
    folder.succeed(&format!("cross-entropy {line} {flag} v.npy"));
    parse(&folder.get("v.npy")).1
}

#[test]
fn class_ids_give_the_known_numbers() {
    let folder = folder();
    for engine in ENGINES {
        for dtype in TYPES {
            for (options, mean, weighted, rows) in CLASS_IDS {
                let line =
                    format!("x_{dtype}.safetensors y.npy --ignore-index -100 {options} {engine}");
                assert_close(&[printed(&folder, &line)], &[mean as f32], &line);
                let line = format!("{line} --weight w.npy");
                assert_close(&[printed(&folder, &line)], &[weighted as f32], &line);
                let rows = rows.map(|loss| loss as f32);
                let none = format!("{line} --reduction none");
                assert_close(&output(&folder, &none, "-o"), &rows, &none);
                let sum = format!("{line} --reduction=sum");
                assert_close(&[printed(&folder, &sum)], &[rows.iter().sum()], &sum);
            }
        }
    }
}

#[test]
fn probabilities_give_the_known_numbers() {
    let folder = folder();
    // 0.7 and 0.1 are not 16-bit floats.
    for (dtype, tolerance) in TYPES.into_iter().zip([1e-6, 1e-3, 8e-3]) {
        for engine in ENGINES {
            for (options, mean, weighted) in PROBABILITIES {
                let line =
                    format!("x_{dtype}.safetensors q_{dtype}.safetensors {options} {engine}");
                let weighted_line = format!("{line} --weight w.npy");
                for (line, expected) in [(line, mean), (weighted_line, weighted)] {
                    let found = f64::from(printed(&folder, &line));
                    let near = (found - expected).abs() <= tolerance * expected;
                    assert!(near, "{line}: {found} for {expected}");
                }
            }
        }
    }
}

/// Options of every kind, with class ids and with probabilities.
const GRADIENTS: [&str; 7] = [
    "y.npy --ignore-index -100",
    "y.npy --ignore-index -100 --label-smoothing 0.1 --weight w.npy",
    "y.npy --ignore-index -100 --z-loss 0.01 --softcap 2 --scale 0.5",
    "y.npy --ignore-index -100 --z-loss -0.5 --weight w.npy --reduction sum",
    "y.npy --ignore-index -100 --z-loss 0.01 --label-smoothing 1 --weight w.npy",
    "q --weight w.npy --label-smoothing 0.25 --z-loss 0.1",
    "q --softcap 3 --reduction none",
];

#[test]
fn gradients_and_lse_on_the_gpu_are_those_of_the_reference() {
    let folder = folder();
    for (dtype, step) in TYPES.into_iter().zip([2e-6, 1.0 / 1024.0, 1.0 / 128.0]) {
        for options in GRADIENTS {
            let options = options.replace("q ", &format!("q_{dtype}.safetensors "));
            let line = format!("cross-entropy x_{dtype}.safetensors {options}");
            folder.succeed(&format!("{line} --grad a.safetensors --lse a.npy"));
            folder.succeed(&format!(
                "{line} --grad b.safetensors --lse b.npy --reference"
            ));
            let [a, b] =
                ["a.safetensors", "b.safetensors"].map(|name| parse_safetensors(&folder.get(name)));
            assert_eq!((&a.1, &a.2), (&dtype.to_owned(), &vec![3, 4]), "{line}");
            let (a, b) = (loaded(&a.1, &a.3), loaded(&b.1, &b.3));
            for (found, expected) in a.iter().zip(&b) {
                let near = (found - expected).abs() <= step * expected.abs() + 1e-6;
                assert!(near, "{line}: {found} for {expected}");
            }
            let [a, b] = ["a.npy", "b.npy"].map(|name| parse(&folder.get(name)).1);
            assert_close(&a, &b, &line);
        }
    }
}

/// The mean divides the cross-entropy by the weights, 3, and the z-loss by the rows, 2.
#[test]
fn the_gradient_of_a_mean_divides_each_part_by_its_own_count() {
    let folder = folder();
    for engine in ENGINES {
        let grad = |options: &str| {
            let line = format!("x.npy y.npy --ignore-index -100 --weight w.npy {options} {engine}");
            output(&folder, &line, "--grad")
        };
        let plain = grad("--reduction sum");
        let with_z = grad("--reduction sum --z-loss 0.3");
        let expected: Vec<f32> = plain
            .iter()
            .zip(&with_z)
            .map(|(plain, with_z)| plain / 3.0 + (with_z - plain) / 2.0)
            .collect();
        assert_close(&grad("--z-loss 0.3"), &expected, engine);
        let undivided = grad("--reduction none --z-loss 0.3");
        assert_close(&undivided, &with_z, engine);
    }
}

/// A weight of 0 is what an ignored id is, also for an id that would be refused; other weights are factors.
#[test]
fn rows_have_weights() {
    let folder = folder();
    folder.floats("kept.npy", "(3,)", &[1.0, 0.0, 1.0]);
    folder.floats("some.npy", "(3,)", &[2.0, 0.0, 0.5]);
    for engine in ENGINES {
        for options in [
            "",
            "--weight w.npy --z-loss 0.3",
            "--label-smoothing 0.1",
            "--reduction sum",
        ] {
            let by_id = format!("x.npy y.npy --ignore-index -100 {options} {engine}");
            let by_weight = format!("x.npy y.npy --row-weight kept.npy {options} {engine}");
            let [expected, found] = [&by_id, &by_weight].map(|line| printed(&folder, line));
            assert_close(&[found], &[expected], &by_weight);
            let [expected, found] =
                [&by_id, &by_weight].map(|line| output(&folder, line, "--grad"));
            assert_close(&found, &expected, &by_weight);
        }
        for targets in [
            "y.npy --ignore-index -100",
            "q_F32.safetensors --label-smoothing 0.1",
        ] {
            let line = format!("x.npy {targets} {engine}");
            let rows = output(&folder, &format!("{line} --reduction none"), "-o");
            let weighted = format!("{line} --row-weight some.npy");
            let mean = (2.0 * rows[0] + 0.5 * rows[2]) / 2.5;
            assert_close(&[printed(&folder, &weighted)], &[mean], &weighted);
            // The z-loss of a row that counts has no weight: its mean is over two rows.
            let z_losses = output(
                &folder,
                &format!("{line} --reduction none --z-loss 0.3"),
                "-o",
            );
            let z_loss = (z_losses[0] - rows[0] + z_losses[2] - rows[2]) / 2.0;
            let with_z = format!("{weighted} --z-loss 0.3");
            assert_close(&[printed(&folder, &with_z)], &[mean + z_loss], &with_z);
            let plain = output(&folder, &format!("{line} --reduction sum"), "--grad");
            let v = [0.8, 0.0, 0.2];
            let expected: Vec<f32> = plain.iter().zip(0..).map(|(g, i)| g * v[i / 4]).collect();
            assert_close(&output(&folder, &weighted, "--grad"), &expected, &weighted);
        }
    }
}

/// Each row has the loss that it has with its scale for all rows.
#[test]
fn rows_have_scales() {
    let folder = folder();
    folder.floats("some.npy", "(3,)", &[2.0, 1.0, 0.25]);
    for engine in ENGINES {
        for options in ["", "--softcap 2", "--label-smoothing 0.1 --z-loss 0.3"] {
            let line =
                format!("x.npy y.npy --ignore-index -100 --reduction none {options} {engine}");
            for (flag, width) in [("-o", 1), ("--lse", 1), ("--grad", 4)] {
                let of_scale =
                    |scale: &str| output(&folder, &format!("{line} --scale {scale}"), flag);
                let rows = [of_scale("3"), of_scale("1.5"), of_scale("0.375")];
                let expected: Vec<f32> = (0..3)
                    .flat_map(|row| rows[row][row * width..][..width].to_vec())
                    .collect();
                let scaled = format!("{line} --scale 1.5 --row-scale some.npy");
                assert_close(&output(&folder, &scaled, flag), &expected, &scaled);
            }
        }
    }
    folder.floats("zero.npy", "(3,)", &[1.0, 0.0, 1.0]);
    let line = "cross-entropy x.npy y.npy --ignore-index -100 --row-scale zero.npy";
    folder.fail(line, 2, &["zero.npy", "scales of rows", "0 at index [1]"]);
    let line = "cross-entropy x.npy x.npy --axis 0 --row-scale zero.npy";
    folder.fail(line, 2, &["x.npy", "classes along the last axis"]);
}

#[test]
fn weights_of_rows_that_are_none_are_refused() {
    let folder = folder();
    folder.floats("nan.npy", "(3,)", &[1.0, f32::NAN, 1.0]);
    folder.floats("negative.npy", "(3,)", &[1.0, 1.0, -0.5]);
    folder.floats("huge.npy", "(3,)", &[3e38, 3e38, 1.0]);
    for (file, words) in [
        ("nan.npy", "finite and at least 0, found NaN at index [1]"),
        (
            "negative.npy",
            "finite and at least 0, found -0.5 at index [2]",
        ),
        ("huge.npy", "a sum that float32 holds"),
        ("w.npy", "shape (3,) to match x.npy"),
    ] {
        let line = format!("cross-entropy x.npy y.npy --row-weight {file}");
        folder.fail(&line, 2, &[file, words]);
    }
}

#[test]
fn the_gradient_goes_on_from_grad_losses() {
    let folder = folder();
    let g = [1.5, 7.0, -0.5];
    folder.floats("rows.npy", "(3,)", &g);
    folder.floats("scalar.npy", "()", &[2.5]);
    folder.tensor("one.safetensors", "BF16", &[1], &[2.5]);
    folder.tensor("wide.safetensors", "F64", &[], &[2.5]);
    let line = "x.npy y.npy --ignore-index -100 --weight w.npy --z-loss 0.1";
    for engine in ENGINES {
        for reduction in ["mean", "sum"] {
            let line = format!("{line} --reduction {reduction} {engine}");
            let plain = output(&folder, &line, "--grad");
            let expected: Vec<f32> = plain.iter().map(|g| 2.5 * g).collect();
            for file in ["scalar.npy", "one.safetensors", "wide.safetensors"] {
                let line = format!("{line} --grad-losses {file}");
                assert_close(&output(&folder, &line, "--grad"), &expected, &line);
            }
        }
        let line = format!("{line} --reduction none {engine}");
        let plain = output(&folder, &line, "--grad");
        let expected: Vec<f32> = plain.iter().zip(0..).map(|(p, i)| p * g[i / 4]).collect();
        let line = format!("{line} --grad-losses rows.npy");
        assert_close(&output(&folder, &line, "--grad"), &expected, &line);
        let losses = output(&folder, &format!("{line} --grad g.npy"), "-o");
        let expected = output(&folder, &line.replace(" --grad-losses rows.npy", ""), "-o");
        assert_eq!(losses, expected, "the losses stay");
    }
}

#[test]
fn a_mean_over_nothing_is_what_was_chosen() {
    let folder = folder();
    folder.floats("zeros.npy", "(4,)", &[0.0; 4]);
    folder.floats("e.npy", "(0, 4)", &[]);
    folder.put("none.npy", &npy(1, "<i4", false, "(0,)", &[]));
    folder.put("i.npy", &npy(1, "|u1", false, "(3,)", &[3; 3]));
    for engine in ENGINES {
        // No row counts, there is no row, or all weights are 0.
        let lines = [
            format!("x.npy i.npy --ignore-index 3 {engine}"),
            format!("e.npy none.npy {engine}"),
            format!("e.npy e.npy {engine}"),
            format!("x.npy y.npy --ignore-index -100 --weight zeros.npy {engine}"),
        ];
        for line in lines {
            assert!(printed(&folder, &line).is_nan(), "{line}");
            assert!(printed(&folder, &format!("{line} --zero-valid nan")).is_nan());
            assert_eq!(printed(&folder, &format!("{line} --zero-valid zero")), 0.0);
            assert_eq!(printed(&folder, &format!("{line} --reduction sum")), 0.0);
        }
        let line = format!("x.npy y.npy --ignore-index -100 --weight zeros.npy {engine}");
        let grad = output(&folder, &line, "--grad");
        let nan: Vec<bool> = grad.iter().map(|g| g.is_nan()).collect();
        assert_eq!(nan, [[true; 4], [false; 4], [true; 4]].concat());
        let line = format!("{line} --zero-valid zero");
        assert_eq!(output(&folder, &line, "--grad"), [0.0; 12]);
        // The z-loss has no weights.
        let line = format!("{line} --z-loss 0.01");
        assert_close(&[printed(&folder, &line)], &[0.112_523_96], &line);
    }
}

#[test]
fn special_values_keep_to_their_rows() {
    let folder = folder();
    let mut x = X;
    (x[5], x[10]) = (f32::NAN, f32::NEG_INFINITY);
    folder.floats("x.npy", "(3, 4)", &x);
    folder.floats("nan.npy", "(4,)", &[1.0, f32::NAN, 1.0, 1.0]);
    folder.floats("g.npy", "(3,)", &[f32::INFINITY, f32::NAN, 1.0]);
    for engine in ENGINES {
        let line = format!("x.npy y.npy --ignore-index -100 --z-loss 0.01 {engine}");
        assert!(printed(&folder, &line).is_finite(), "NaN in an ignored row");
        let weighted = format!("{line} --weight nan.npy");
        assert!(printed(&folder, &weighted).is_nan());
        let rows = output(&folder, &format!("{weighted} --reduction none"), "-o");
        let nan: Vec<bool> = rows.iter().map(|loss| loss.is_nan()).collect();
        assert_eq!(nan, [false, false, true]);
        let line = format!("{line} --reduction none --grad-losses g.npy");
        let grad = output(&folder, &line, "--grad");
        assert!(grad[..4].iter().all(|g| g.is_nan()), "{grad:?}");
        assert_eq!(grad[4..8], [0.0; 4], "the ignored row");
        assert_eq!(grad[10], 0.0, "at -inf");
    }
}

#[test]
fn integers_and_floats_are_told_apart() {
    let folder = folder();
    // One row of one class, where ids and probabilities have one shape.
    folder.floats("one.npy", "(1,)", &[3.0]);
    folder.floats("p.npy", "(1,)", &[0.5]);
    folder.put("id.npy", &npy(1, "|u1", false, "(1,)", &[0]));
    folder.succeed("cross-entropy one.npy id.npy --grad g.npy --reference");
    assert_eq!(parse(&folder.get("g.npy")).1, [0.0]);
    folder.succeed("cross-entropy one.npy p.npy --lse s.npy --reference");
    assert_eq!(parse(&folder.get("s.npy")).1, [3.0]);
    // Two rows, whose ids are probabilities where they are floats.
    folder.floats("two.npy", "(2, 2)", &[0.0, 1.0, 2.0, 3.0]);
    folder.floats("floats.npy", "(2, 2)", &[0.0, 1.0, 1.0, 0.0]);
    folder.put(
        "ids.npy",
        &npy(
            1,
            "<i2",
            false,
            "(2,)",
            &bytes([1_i16, 0].map(i16::to_le_bytes)),
        ),
    );
    for engine in ENGINES {
        let [a, b] = ["ids.npy", "floats.npy"]
            .map(|targets| printed(&folder, &format!("two.npy {targets} {engine}")));
        assert_close(&[a], &[b], engine);
    }
}
