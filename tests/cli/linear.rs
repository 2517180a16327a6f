//! `linear-cross-entropy`: with the unit matrix for a weight it is `cross-entropy`, and its gradients follow from that's.

use crate::folder::*;

const ENGINES: [&str; 2] = ["", "--reference"];
const TYPES: [&str; 3] = ["F32", "F16", "BF16"];
const UNIT: [f32; 16] = [
    1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0,
];
const BIAS: [f32; 4] = [0.5, -1.0, 0.0, 2.0];

/// Every flag of the loss, by pairs.
const OPTIONS: [&str; 7] = [
    "",
    "--label-smoothing 0.1 --softcap 2",
    "--z-loss 0.01 --scale 0.5",
    "--weight w.npy --reduction sum",
    "--weight w.npy --grad-losses g.npy",
    "--row-weight v.npy --weight w.npy --z-loss 0.01",
    "--row-scale v.npy --scale 0.5 --z-loss 0.01",
];

fn folder() -> Folder {
    let folder = Folder::new();
    folder.floats("w.npy", "(4,)", &[1.0, 2.0, 0.5, 1.0]);
    folder.floats("bias.npy", "(4,)", &BIAS);
    folder.floats("g.npy", "(1,)", &[-3.0]);
    folder.floats("v.npy", "(3,)", &[0.5, 4.0, 3.0]);
    let moved = X.iter().enumerate().map(|(index, x)| x + BIAS[index % 4]);
    let moved: Vec<f32> = moved.collect();
    for dtype in TYPES {
        folder.tensor(&format!("x_{dtype}.safetensors"), dtype, &[3, 4], &X);
        folder.tensor(
            &format!("moved_{dtype}.safetensors"),
            dtype,
            &[3, 4],
            &moved,
        );
        folder.tensor(&format!("unit_{dtype}.safetensors"), dtype, &[4, 4], &UNIT);
    }
    folder
}

/// Product of the transposed gradient, `3 x 4`, and of the hidden values.
fn by_weight(gradient: &[f32]) -> Vec<f32> {
    let element = |class: usize, feature: usize| {
        (0..3)
            .map(|row| gradient[row * 4 + class] * X[row * 4 + feature])
            .sum()
    };
    (0..16).map(|index| element(index / 4, index % 4)).collect()
}

fn number(text: &str) -> f32 {
    text.trim()
        .parse()
        .unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

#[test]
fn with_a_unit_matrix_it_is_the_loss_of_hidden() {
    let folder = folder();
    for engine in ENGINES {
        for options in OPTIONS {
            let line = format!("y.npy --ignore-index -100 {options} {engine}");
            let expected = folder.succeed(&format!(
                "cross-entropy x_F32.safetensors {line} --grad grad.npy"
            ));
            let found = folder.succeed(&format!(
                "linear-cross-entropy x_F32.safetensors unit_F32.safetensors {line} \
                 --grad-hidden h.npy --grad-weight gw.npy --grad-bias gb.npy"
            ));
            assert_close(&[number(&found)], &[number(&expected)], &line);
            let gradient = parse(&folder.get("grad.npy")).1;
            let (shape, by_hidden) = parse(&folder.get("h.npy"));
            assert_eq!(shape, [3, 4]);
            assert_close(&by_hidden, &gradient, &line);
            let (shape, found) = parse(&folder.get("gw.npy"));
            assert_eq!(shape, [4, 4]);
            assert_close(&found, &by_weight(&gradient), &line);
            let (shape, found) = parse(&folder.get("gb.npy"));
            assert_eq!(shape, [4]);
            let sums: Vec<f32> = (0..4)
                .map(|class| (0..3).map(|row| gradient[row * 4 + class]).sum())
                .collect();
            assert_close(&found, &sums, &line);
        }
    }
}

#[test]
fn a_bias_moves_the_logits_and_rows_have_losses_of_their_own() {
    let folder = folder();
    for engine in ENGINES {
        for dtype in TYPES {
            let line = format!("y.npy --ignore-index -100 --reduction none {engine}");
            folder.succeed(&format!(
                "cross-entropy moved_{dtype}.safetensors {line} -o expected.npy"
            ));
            folder.succeed(&format!(
                "linear-cross-entropy x_{dtype}.safetensors unit_{dtype}.safetensors {line} \
                 --bias bias.npy -o found.npy --grad-hidden h.safetensors --chunk-rows 2"
            ));
            let (shape, found) = parse(&folder.get("found.npy"));
            assert_eq!(shape, [3]);
            assert_close(&found, &parse(&folder.get("expected.npy")).1, &line);
            let (name, stored, shape, _) = parse_safetensors(&folder.get("h.safetensors"));
            assert_eq!(
                (&*name, &*stored, &*shape),
                ("grad_hidden", dtype, &[3, 4][..])
            );
        }
    }
}

#[test]
fn a_report_names_the_kernel_and_the_outputs() {
    let folder = folder();
    folder.succeed("linear-cross-entropy x.npy unit_F32.safetensors y.npy --ignore-index -100 --grad-weight gw.npy --json r.json");
    let report = folder.json("r.json");
    assert_eq!(report["operation"], "linear-cross-entropy");
    assert_eq!((&report["rows"], &report["cols"]), (&3.into(), &4.into()));
    let kernel = report["kernel"].as_str().expect("a kernel");
    assert!(
        kernel.starts_with("linear-cross-entropy.") && kernel.ends_with(".f32"),
        "{kernel}"
    );
    assert_eq!(report["outputs"]["grad_weight"], "gw.npy");
    assert!(report["loss"].is_number());
}

#[test]
fn shapes_that_do_not_agree_are_refused_by_name() {
    let folder = folder();
    folder.floats("long.npy", "(2, 8)", &UNIT);
    folder.floats("flat.npy", "(16,)", &UNIT);
    folder.floats("short.npy", "(3,)", &BIAS[..3]);
    let line = "linear-cross-entropy x.npy unit_F32.safetensors y.npy --ignore-index -100";
    let refused = |line: &str, words: &[&str]| folder.fail(line, 2, words);
    let weight =
        |name: &str| format!("linear-cross-entropy x.npy {name} y.npy --ignore-index -100");
    refused(
        &weight("long.npy"),
        &[
            "long.npy",
            "expected shape (classes, 4) to match x.npy of (3, 4)",
            "(2, 8)",
        ],
    );
    refused(&weight("flat.npy"), &["flat.npy", "(classes, 4)", "(16,)"]);
    refused(
        &weight("unit_F16.safetensors"),
        &["unit_F16.safetensors", "float32 as in x.npy", "float16"],
    );
    refused(
        &format!("{line} --bias short.npy"),
        &["short.npy", "shape (4,)", "(3,)"],
    );
    refused(
        &format!("{line} --weight short.npy"),
        &["short.npy", "shape (4,)", "(3,)"],
    );
    refused(
        "linear-cross-entropy x.npy unit_F32.safetensors y.npy",
        &["y.npy", "class ids from 0 to 3", "-100"],
    );
    refused(
        "linear-cross-entropy x.npy unit_F32.safetensors x.npy",
        &["x.npy", "class ids, integers of shape (3,)"],
    );
    refused(
        &format!("{line} --axis 0"),
        &["x.npy", "features along the last axis", "--axis 0"],
    );
    refused(&format!("{line} --reduction none"), &["-o or a gradient"]);
    refused(&format!("{line} --chunk-rows 0"), &["--chunk-rows"]);
    refused(&format!("{line} --grad-losses g.npy"), &["--grad-hidden"]);
    refused(
        &format!("{line} -o v.npy --grad-hidden v.npy"),
        &["v.npy", "one output"],
    );
}

#[test]
fn its_kernels_are_printed() {
    let folder = Folder::new();
    let text =
        folder.succeed("kernel linear-cross-entropy --shape 64x32 --classes 100 --json k.json");
    for label in ["logits", "grad_hidden", "grad_weight", "grad_bias"] {
        assert!(
            text.contains(&format!(
                "// ==== wgpu-softmax linear-cross-entropy.{label}.f32"
            )),
            "{text}"
        );
    }
    assert!(
        text.contains("fn gemm(") && text.contains("// Variant: "),
        "{text}"
    );
    let kernels = folder.json("k.json")["kernels"]
        .as_array()
        .expect("kernels")
        .len();
    assert!(kernels >= 7, "{kernels}");
    folder.fail(
        "kernel linear-cross-entropy --shape 64x32",
        2,
        &["--classes"],
    );
    folder.fail(
        "kernel linear-cross-entropy --shape 64x32 --classes 9 --in-place",
        2,
        &["--in-place"],
    );
    folder.fail(
        "kernel linear-cross-entropy --shape 64x32 --classes 9 --causal",
        2,
        &["--causal"],
    );
}
