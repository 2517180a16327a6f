//! `.safetensors`: the choice of the tensor that is read, the name of an output, and refused files.

use crate::folder::*;

const IDS: [u8; 3] = [0, 3, 1];

/// Writes `m.safetensors` with logits, class ids and a mask, and `one.safetensors` with the logits only.
fn folder() -> Folder {
    let folder = Folder::new();
    let logits: Tensor<'_> = ("logits", "F32", &[3, 4], &le(&X));
    let ids: Tensor<'_> = ("ids#1", "U8", &[3], &IDS);
    let mask: Tensor<'_> = ("mask", "BOOL", &[4], &[1; 4]);
    folder.put("m.safetensors", &safetensors(&[mask, logits, ids]));
    folder.put("one.safetensors", &safetensors(&[logits]));
    folder
}

#[test]
fn a_tensor_is_read_by_its_name_or_as_the_only_one() {
    let folder = folder();
    folder.succeed("softmax x.npy -o expected.npy --reference");
    for input in [
        "one.safetensors",
        "one.safetensors#logits",
        "m.safetensors#logits",
    ] {
        folder.succeed(&format!("softmax {input} -o found.npy --reference"));
        assert_eq!(
            folder.get("found.npy"),
            folder.get("expected.npy"),
            "{input}"
        );
    }
    folder.put("ids.npy", &npy(1, "|u1", false, "(3,)", &IDS));
    let loss = folder.succeed("cross-entropy x.npy ids.npy --reference");
    let line = "cross-entropy m.safetensors#logits m.safetensors#ids#1 --reference";
    assert_eq!(folder.succeed(line), loss);
}

#[test]
fn targets_may_be_integers_of_any_width() {
    let folder = folder();
    let loss = folder.succeed("cross-entropy x.npy m.safetensors#ids#1 --reference");
    let kinds = [
        ("I8", bytes(IDS.map(|id| [id]))),
        ("I16", bytes(IDS.map(|id| i16::from(id).to_le_bytes()))),
        ("U16", bytes(IDS.map(|id| u16::from(id).to_le_bytes()))),
        ("I32", bytes(IDS.map(|id| i32::from(id).to_le_bytes()))),
        ("U32", bytes(IDS.map(|id| u32::from(id).to_le_bytes()))),
        ("I64", bytes(IDS.map(|id| i64::from(id).to_le_bytes()))),
        ("U64", bytes(IDS.map(|id| u64::from(id).to_le_bytes()))),
    ];
    for (dtype, data) in kinds {
        folder.put("t.safetensors", &safetensors(&[("t", dtype, &[3], &data)]));
        let line = "cross-entropy x.npy t.safetensors --reference";
        assert_eq!(folder.succeed(line), loss, "{dtype}");
    }
}

#[test]
fn an_output_is_called_after_its_result_or_as_asked() {
    let folder = folder();
    let lines = [
        ("softmax x.npy", "probs"),
        ("log-softmax x.npy", "log_probs"),
        ("logsumexp x.npy", "lse"),
        ("softmax-backward x.npy x.npy", "grad_logits"),
        ("jacobian x.npy", "jacobian"),
        ("cross-entropy x.npy m.safetensors#ids#1", "loss"),
    ];
    for (line, result) in lines {
        folder.succeed(&format!("{line} -o plain.npy --reference"));
        for (suffix, name) in [("", result), ("#my.tensor", "my.tensor")] {
            folder.succeed(&format!("{line} -o o.safetensors{suffix} --reference"));
            let (found, dtype, shape, data) = parse_safetensors(&folder.get("o.safetensors"));
            let (expected_shape, expected) = parse(&folder.get("plain.npy"));
            assert_eq!((found.as_str(), dtype.as_str()), (name, "F32"), "{line}");
            assert_eq!(shape, expected_shape, "{line}");
            assert_eq!(data, le(&expected), "{line}");
        }
    }
    folder.succeed("softmax x.npy -o one.safetensors --reference");
    folder.succeed("log-softmax one.safetensors -o one.safetensors#l --reference");
    assert_eq!(parse_safetensors(&folder.get("one.safetensors")).0, "l");
}

#[test]
fn bad_files_and_names_are_told() {
    let folder = folder();
    let f8: Tensor<'_> = ("x", "F8_E4M3", &[1, 4], &[0; 4]);
    folder.put("f8.safetensors", &safetensors(&[f8]));
    folder.put("text.safetensors", b"1,2,3\n4,5,6\n");
    folder.put("huge.safetensors", &[0xff; 64]);
    let whole = folder.get("one.safetensors");
    folder.put("short.safetensors", &whole[..whole.len() - 1]);
    let softmax = |input: &str, words: &[&str]| {
        folder.fail(&format!("softmax {input} -o out.npy"), 2, words);
    };
    softmax(
        "m.safetensors",
        &[
            "m.safetensors: expected one tensor, or a name after #, found 3: \"ids#1\", \"logits\", \"mask\"",
        ],
    );
    softmax(
        "m.safetensors#probs",
        &["m.safetensors#probs: expected a tensor \"probs\", found 3"],
    );
    softmax("m.safetensors#mask", &["expected floats", "found bool"]);
    softmax("m.safetensors#ids#1", &["expected floats", "found uint8"]);
    softmax("f8.safetensors", &["F16, BF16, F32, F64", "found F8_E4M3"]);
    softmax(
        "absent.safetensors#a",
        &["absent.safetensors#a: cannot read"],
    );
    softmax(
        "text.safetensors",
        &["a .safetensors file", "in a file of 12"],
    );
    softmax(
        "huge.safetensors",
        &["a header of 18446744073709551615 bytes"],
    );
    softmax(
        "short.safetensors",
        &["expected 48 bytes of data", "found 47"],
    );
    softmax(
        "x.npy#logits",
        &["x.npy#logits: expected no name", "found #logits"],
    );
}

#[test]
fn bad_outputs_are_told_before_any_work() {
    let folder = folder();
    let two = "expected one output, found two, loss and lse";
    folder.fail(
        "cross-entropy x.npy y.npy -o o.safetensors#a --lse ./o.safetensors#b",
        2,
        &["./o.safetensors#b", two],
    );
    for name in ["", "__metadata__"] {
        let line = format!("softmax x.npy -o o.safetensors#{name}");
        folder.fail(&line, 2, &["o.safetensors", "a tensor's name after #"]);
    }
}
