//! Types of floats: those that are read, those of outputs, and those that cannot be combined.

use crate::folder::*;

/// Some of the logits, which 16-bit floats hold exactly, as their bits.
const F16: [u16; 4] = [0x4000, 0x3c00, 0x0000, 0xbc00];
const BF16: [u16; 4] = [0x4000, 0x3f80, 0x0000, 0xbf80];

/// Writes row 0 of `x.npy` in every type of floats: `f2.npy`, `f2be.npy`, `f4.npy`, `f8.npy`, and `F16.safetensors` and so on.
fn folder() -> Folder {
    let folder = Folder::new();
    let row = [X[0], X[1], X[2], X[3]];
    let put_npy = |name: &str, descr: &str, data: &[u8]| {
        folder.put(name, &npy(1, descr, false, "(1, 4)", data));
    };
    put_npy("f2.npy", "<f2", &bytes(F16.map(u16::to_le_bytes)));
    put_npy("f2be.npy", ">f2", &bytes(F16.map(u16::to_be_bytes)));
    put_npy("f4.npy", "<f4", &le(&row));
    put_npy(
        "f8.npy",
        "<f8",
        &bytes(row.map(|x| f64::from(x).to_le_bytes())),
    );
    let put = |dtype: &str, data: &[u8]| {
        let tensor: Tensor<'_> = ("x", dtype, &[1, 4], data);
        folder.put(&format!("{dtype}.safetensors"), &safetensors(&[tensor]));
    };
    put("F16", &bytes(F16.map(u16::to_le_bytes)));
    put("BF16", &bytes(BF16.map(u16::to_le_bytes)));
    put("F32", &le(&row));
    put("F64", &bytes(row.map(|x| f64::from(x).to_le_bytes())));
    folder
}

const INPUTS: [(&str, &str); 8] = [
    ("f2.npy", "F16"),
    ("f2be.npy", "F16"),
    ("f4.npy", "F32"),
    ("f8.npy", "F32"),
    ("F16.safetensors", "F16"),
    ("BF16.safetensors", "BF16"),
    ("F32.safetensors", "F32"),
    ("F64.safetensors", "F32"),
];

#[test]
fn outputs_have_the_type_of_the_logits() {
    let folder = folder();
    folder.succeed("softmax f4.npy -o f4_p.npy --reference");
    let probs = parse(&folder.get("f4_p.npy")).1;
    for engine in ["", "--reference"] {
        for (input, dtype) in INPUTS {
            let line = format!("softmax {input} -o p.safetensors {engine}");
            folder.succeed(&line);
            let (_, found, shape, data) = parse_safetensors(&folder.get("p.safetensors"));
            assert_eq!((found.as_str(), shape), (dtype, vec![1, 4]), "{line}");
            let values = loaded(dtype, &data);
            let step = if dtype == "F32" { 1e-6 } else { 1.0 / 256.0 };
            for (value, expected) in values.iter().zip(&probs) {
                assert!(
                    (value - expected).abs() <= step * expected,
                    "{line}: {value} for {expected}"
                );
            }
        }
    }
}

/// Every operation on 3 x 3 values, an odd number of halves, with the number of values of its result.
const LINES: [(&str, usize); 7] = [
    ("softmax x.safetensors", 9),
    ("log-softmax x.safetensors", 9),
    ("logsumexp x.safetensors", 3),
    ("softmax-backward p.safetensors g.safetensors", 9),
    ("log-softmax-backward l.safetensors g.safetensors", 9),
    ("logsumexp-backward x.safetensors r.npy", 9),
    ("jacobian x.safetensors", 27),
];

#[test]
fn halves_go_to_the_kernels_as_they_are() {
    let folder = Folder::new();
    folder.floats("r.npy", "(3,)", &[1.0, -2.0, 0.1]);
    for (dtype, kernel, step) in [
        ("F16", ".f16", 1.0 / 1024.0),
        ("BF16", ".bf16", 1.0 / 128.0),
    ] {
        folder.tensor("x.safetensors", dtype, &[3, 3], &X[..9]);
        folder.tensor("g.safetensors", dtype, &[3, 3], &X[3..]);
        folder.succeed("softmax x.safetensors --reference -o p.safetensors");
        folder.succeed("log-softmax x.safetensors --reference -o l.safetensors");
        for (line, count) in LINES {
            let line = format!("{line} --scale 0.7");
            folder.succeed(&format!("{line} -o found.safetensors --json j.json"));
            folder.succeed(&format!("{line} -o expected.safetensors --reference"));
            let of = |name: &str| {
                let (_, found, _, data) = parse_safetensors(&folder.get(name));
                let values = loaded(&found, &data);
                (found, values)
            };
            let (found, expected) = (of("found.safetensors"), of("expected.safetensors"));
            assert_eq!((&found.0, found.1.len()), (&expected.0, count), "{line}");
            assert_eq!(
                expected.0 == dtype,
                !line.starts_with("logsumexp x"),
                "{line}"
            );
            for (found, expected) in found.1.iter().zip(&expected.1) {
                let near = (found - expected).abs() <= step * expected.abs() + 1e-6;
                assert!(near, "{line} in {dtype}: {found} for {expected}");
            }
            let ran = folder.json("j.json")["kernel"].to_string();
            assert!(ran.contains(&format!("{kernel}\"")), "{line}: {ran}");
        }
    }
}

#[test]
fn the_gradient_of_lse_may_be_f32_as_lse_is() {
    let folder = Folder::new();
    for dtype in ["F16", "BF16", "F64"] {
        folder.tensor("x.safetensors", dtype, &[3, 4], &X);
        folder.tensor("own.safetensors", dtype, &[3], &[1.0, -2.0, 0.5]);
        folder.floats("f4.npy", "(3,)", &[1.0, -2.0, 0.5]);
        for engine in ["", "--reference"] {
            for grad in ["own.safetensors", "f4.npy"] {
                let line = format!("logsumexp-backward x.safetensors {grad} {engine}");
                folder.succeed(&format!("{line} -o {grad}.safetensors"));
            }
            assert_eq!(
                folder.get("own.safetensors.safetensors"),
                folder.get("f4.npy.safetensors"),
                "{dtype} {engine}"
            );
        }
    }
    folder.tensor("wide.safetensors", "F64", &[3], &[1.0; 3]);
    folder.tensor("half.safetensors", "F16", &[3, 4], &X);
    let words = [
        "wide.safetensors",
        "float16 as in half.safetensors, or float32",
        "found float64",
    ];
    let line = "logsumexp-backward half.safetensors wide.safetensors -o out.npy";
    folder.fail(line, 2, &words);
    let words = [
        "wide.safetensors",
        "expected float32 as in x.npy, found float64",
    ];
    folder.fail(
        "logsumexp-backward x.npy wide.safetensors -o out.npy",
        2,
        &words,
    );
}

#[test]
fn numpy_gets_halves_too() {
    let folder = folder();
    folder.succeed("softmax F16.safetensors -o p.npy --reference");
    let file = folder.get("p.npy");
    assert!(String::from_utf8_lossy(&file).contains("'descr': '<f2'"));
    folder.succeed("softmax f2be.npy -o p.safetensors --reference");
    let data = parse_safetensors(&folder.get("p.safetensors")).3;
    assert!(file.ends_with(&data) && data.len() == 8);
}

#[test]
fn losses_and_lse_are_f32_whatever_the_logits() {
    let folder = folder();
    folder.put("id.npy", &npy(1, "|u1", false, "(1,)", &[0]));
    let loss = folder.succeed("cross-entropy f4.npy id.npy --lse s4.npy --reference");
    for (input, dtype) in INPUTS {
        let line = format!(
            "cross-entropy {input} id.npy -o l.npy --lse s.npy --grad g.safetensors --reference"
        );
        assert_eq!(folder.succeed(&line), loss, "{input}");
        assert_eq!(folder.get("s.npy"), folder.get("s4.npy"), "{input}");
        assert_eq!(
            format!("{:?}\n", parse(&folder.get("l.npy")).1[0]),
            loss,
            "{input}"
        );
        assert_eq!(
            parse_safetensors(&folder.get("g.safetensors")).1,
            dtype,
            "{input}"
        );
        folder.succeed(&format!("logsumexp {input} -o s.npy --reference"));
        assert_eq!(folder.get("s.npy"), folder.get("s4.npy"), "{input}");
    }
}

#[test]
fn types_of_one_operation_must_agree() {
    let folder = folder();
    let names = ["float16", "float32", "float64", "bfloat16"];
    let files = ["f2.npy", "F32.safetensors", "f8.npy", "BF16.safetensors"];
    for (first, name) in files.iter().zip(names) {
        for (second, other) in files
            .iter()
            .zip(names)
            .filter(|(second, _)| first != *second)
        {
            let line = format!("softmax-backward {first} {second} -o out.npy");
            let expected = format!("expected {name} as in {first}, found {other}");
            folder.fail(&line, 2, &[second, &expected]);
        }
    }
    folder.succeed("softmax-backward f4.npy F32.safetensors -o p.npy --reference");
}

#[test]
fn bf16_does_not_go_to_npy() {
    let folder = folder();
    let words = ["expected a .safetensors file for bfloat16, or --bf16, found a .npy file"];
    folder.fail("softmax BF16.safetensors -o out.npy", 2, &words);
    folder.fail("softmax BF16.safetensors -o -", 2, &words);
    folder.fail(
        "cross-entropy BF16.safetensors y.npy --grad out.npy",
        2,
        &["y.npy", "shape"],
    );
    folder.put("id.npy", &npy(1, "|u1", false, "(1,)", &[0]));
    folder.fail(
        "cross-entropy BF16.safetensors id.npy --grad out.npy",
        2,
        &words,
    );
    folder.succeed("logsumexp BF16.safetensors -o s.npy --reference");
}
