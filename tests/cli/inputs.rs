//! Inputs other than plain files: standard input, archives, an index, and headers as Python may write them.

use crate::folder::*;
use crate::formats::npz::archive;
use std::fs::File;
use std::io::Write;
use std::process::{Output, Stdio};

impl Folder {
    /// Runs a command with these bytes on standard input, through a pipe.
    fn piped(&self, line: &str, bytes: &[u8]) -> Output {
        let mut command = self.command(line);
        let command = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command starts");
        // A file that is refused by its header is not read to its end.
        let _closed = child.stdin.take().expect("a pipe").write_all(bytes);
        child.wait_with_output().expect("the command ends")
    }
}

#[test]
fn any_one_input_may_come_from_standard_input() {
    let folder = Folder::new();
    folder.floats("w.npy", "(4,)", &[1.0, 2.0, 0.5, 4.0]);
    folder.put("m.npy", &npy(1, "|b1", false, "(4,)", &[1, 1, 0, 1]));
    folder.floats("r.npy", "(3,)", &[1.0, -2.0, 0.5]);
    let ce = "cross-entropy x.npy y.npy --ignore-index -100 --reduction none --grad g.npy";
    let lines = [
        ("softmax x.npy".to_owned(), vec!["x.npy"]),
        ("softmax x.npy --axis 0".to_owned(), vec!["x.npy"]),
        (
            "softmax x.npy --mask m.npy".to_owned(),
            vec!["x.npy", "m.npy"],
        ),
        ("softmax-backward x.npy x.npy".to_owned(), vec!["x.npy"]),
        (
            "logsumexp-backward x.npy r.npy".to_owned(),
            vec!["x.npy", "r.npy"],
        ),
        (
            format!("{ce} --weight w.npy --grad-losses r.npy"),
            vec!["x.npy", "y.npy", "w.npy", "r.npy"],
        ),
    ];
    for (line, inputs) in lines {
        folder.succeed(&format!("{line} -o expected.npy --reference"));
        for input in inputs {
            let piped = line.replacen(input, "-", 1);
            let piped = format!("{piped} -o found.npy --reference");
            let output = folder.piped(&piped, &folder.get(input));
            assert_eq!(
                output.status.code(),
                Some(0),
                "{piped}: {}",
                stderr(&output)
            );
            assert_eq!(
                folder.get("found.npy"),
                folder.get("expected.npy"),
                "{piped}"
            );
        }
    }
}

#[test]
fn standard_input_may_be_a_file_and_hold_tensors_or_an_archive() {
    let folder = Folder::new();
    folder.succeed("softmax x.npy -o expected.npy --reference");
    let found = |output: Output| {
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(folder.get("found.npy"), folder.get("expected.npy"));
    };
    let mut command = folder.command("softmax - -o found.npy --reference");
    let file = File::open(folder.path("x.npy")).expect("it is there");
    found(command.stdin(file).output().expect("the command starts"));
    let mask: Tensor<'_> = ("mask", "BOOL", &[4], &[1; 4]);
    let tensors = safetensors(&[mask, ("x", "F32", &[3, 4], &le(&X))]);
    let archive = archive(
        &[
            ("x.npy", &folder.get("x.npy")),
            ("y.npy", &folder.get("y.npy")),
        ],
        true,
    );
    for bytes in [tensors, archive] {
        found(folder.piped("softmax -#x -o found.npy --reference", &bytes));
        let output = folder.piped("softmax - -o found.npy --reference", &bytes);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("or a name after #, found 2:"));
    }
    let fortran: Vec<f32> = (0..12).map(|i| X[i % 3 * 4 + i / 3]).collect();
    let fortran = npy(1, "<f4", true, "(3, 4)", &le(&fortran));
    found(folder.piped("softmax - -o found.npy --reference", &fortran));
}

#[test]
fn bad_standard_input_is_told_by_its_header() {
    let folder = Folder::new();
    let two = "standard input as -: expected one input, found two";
    folder.fail("softmax - -o - --mask -", 2, &["-: expected a .npy file"]);
    let refused = |line: &str, bytes: &[u8], words: &str| {
        let output = folder.piped(line, bytes);
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(
            stderr(&output).contains(words),
            "{line}: {}",
            stderr(&output)
        );
        assert_eq!(folder.get("out.npy"), OLD);
    };
    let x = folder.get("x.npy");
    refused("softmax-backward - - -o out.npy", &x, two);
    refused(
        "cross-entropy - /dev/stdin -o out.npy",
        &x,
        "/dev/stdin: expected one input",
    );
    refused(
        "softmax x.npy -o -#t",
        &[],
        "expected an output, found standard input",
    );
    let short = "-: cannot read: its data end after 20 of 48 bytes";
    refused(
        "softmax - -o out.npy --reference",
        &x[..x.len() - 28],
        short,
    );
    // A pipe that nobody closes: the header gives the length.
    let mut command = folder.command("softmax - -o out.npy");
    let command = command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(&npy(1, "<i4", false, "(1000000000, 4)", &[]))
        .expect("it is read");
    let output = child.wait_with_output().expect("the command ends");
    assert!(
        stderr(&output).contains("-: expected floats"),
        "{}",
        stderr(&output)
    );
    drop(pipe);
}

#[test]
fn arrays_of_an_archive_are_read_by_their_names() {
    let folder = Folder::new();
    let [x, y] = ["x.npy", "y.npy"].map(|name| folder.get(name));
    folder.put("one.npz", &archive(&[("arr_0.npy", &x)], true));
    folder.put("two.npz", &archive(&[("x.npy", &x), ("y.npy", &y)], true));
    folder.succeed("softmax x.npy -o expected.npy --reference");
    for input in ["one.npz", "one.npz#arr_0", "two.npz#x", "two.npz#x.npy"] {
        folder.succeed(&format!("softmax {input} -o found.npy --reference"));
        assert_eq!(
            folder.get("found.npy"),
            folder.get("expected.npy"),
            "{input}"
        );
    }
    let loss = folder.succeed("cross-entropy x.npy y.npy --ignore-index -100 --reference");
    let line = "cross-entropy two.npz#x two.npz#y --ignore-index -100 --reference";
    assert_eq!(folder.succeed(line), loss);
    let names = "found 2: \"x\", \"y\"";
    let one = "two.npz: expected one array, or a name after #";
    folder.fail("softmax two.npz -o out.npy", 2, &[one, names]);
    let other = "two.npz#z: expected an array \"z\"";
    folder.fail("softmax two.npz#z -o out.npy", 2, &[other, names]);
    folder.put("bad.npz", b"PK\x03\x04 and no more");
    folder.fail(
        "softmax bad.npz -o out.npy",
        2,
        &["bad.npz: expected a .npz file"],
    );
    let mut damaged = folder.get("one.npz");
    let middle = damaged.len() / 3;
    damaged[middle] ^= 1;
    folder.put("bad.npz", &damaged);
    folder.fail("softmax bad.npz -o out.npy --reference", 2, &["bad.npz"]);
}

#[test]
fn an_index_leads_to_the_shard_beside_it() {
    let folder = Folder::new();
    let x: Tensor<'_> = ("x", "F32", &[3, 4], &le(&X));
    folder.put("model-1.safetensors", &safetensors(&[x]));
    let map = r#"{"metadata": {"total_size": 48}, "weight_map":
        {"x": "model-1.safetensors", "y": "model-1.safetensors", "z": "model-2.safetensors", "up": "../m.safetensors"}}"#;
    folder.put("model.safetensors.index.json", map.as_bytes());
    folder.succeed("softmax x.npy -o expected.npy --reference");
    folder.succeed("softmax model.safetensors.index.json#x -o found.npy --reference");
    assert_eq!(folder.get("found.npy"), folder.get("expected.npy"));
    let bad = |name: &str, words: &[&str]| {
        let line = format!("softmax model.safetensors.index.json{name} -o out.npy");
        folder.fail(&line, 2, words);
    };
    bad(
        "",
        &["index.json: expected one tensor, or a name after #, found 4: \"up\", \"x\""],
    );
    bad("#w", &["index.json#w: expected a tensor \"w\", found 4"]);
    bad(
        "#y",
        &["model-1.safetensors#y: expected a tensor \"y\", found 1: \"x\""],
    );
    bad("#z", &["model-2.safetensors: cannot read"]);
    bad(
        "#up",
        &["expected a shard beside its index, found \"../m.safetensors\""],
    );
    folder.put("model.safetensors.index.json", b"{\"weight_map\": 1}");
    bad("#x", &["index.json#x: expected an index of tensors"]);
}

#[test]
fn headers_are_read_as_numpy_reads_them() {
    let folder = Folder::new();
    folder.succeed("softmax x.npy -o expected.npy --reference");
    let plain = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }";
    for header in [
        plain.replace("(3, 4)", "(3L, 4L)"),
        plain.replace("{'", "{u'").replace(" '", " u'"),
        plain.replace(", 'f", ",\n 'f"),
        format!("{plain} # made by x"),
        plain.replace("<f4", "float32"),
    ] {
        let length = u16::try_from(header.len() + 1)
            .expect("short")
            .to_le_bytes();
        let file = [
            b"\x93NUMPY\x01\0",
            &length[..],
            header.as_bytes(),
            b"\n",
            &le(&X),
        ]
        .concat();
        // The file name does not matter, and the bytes after the array are another array.
        folder.put("data.bin", &[&file[..], &file].concat());
        folder.succeed("softmax data.bin -o found.npy --reference");
        assert_eq!(
            folder.get("found.npy"),
            folder.get("expected.npy"),
            "{header}"
        );
    }
}

#[test]
fn elements_of_two_bytes_are_bf16_if_told_so() {
    let folder = Folder::new();
    let data = stored("BF16", &X);
    folder.tensor("x.safetensors", "BF16", &[3, 4], &X);
    folder.succeed("softmax x.safetensors -o p.safetensors --reference");
    let (.., expected) = parse_safetensors(&folder.get("p.safetensors"));
    folder.put("named.npy", &npy(1, "bfloat16", false, "(3, 4)", &data));
    for descr in ["<V2", "|V2"] {
        folder.put("v.npy", &npy(1, descr, false, "(3, 4)", &data));
        folder.succeed("softmax v.npy -o p.npy --bf16 --reference");
        let written = folder.get("p.npy");
        assert_eq!(written[written.len() - 24..], expected);
        assert_eq!(written, npy(1, "<V2", false, "(3, 4)", &expected));
        let words = [
            "v.npy: expected floats",
            "--bf16",
            &format!("found {descr}"),
        ];
        folder.fail("softmax v.npy -o out.npy", 2, &words);
    }
    folder.succeed("softmax named.npy -o found.safetensors --reference");
    assert_eq!(
        parse_safetensors(&folder.get("found.safetensors")).3,
        expected
    );
    folder.put("mask.npy", &npy(1, "<V2", false, "(4,)", &data[..8]));
    folder.succeed("softmax v.npy --mask mask.npy -o p.npy --bf16 --reference");
}

#[test]
fn metadata_of_safetensors_are_texts() {
    let folder = Folder::new();
    let plain = safetensors(&[("x", "F32", &[3, 4], &le(&X))]);
    let text = String::from_utf8_lossy(&plain[8..]).into_owned();
    let (header, _) = text.split_once("}}").expect("one tensor");
    let put = |metadata: &str| {
        let header = header.replace("__metadata__\":{}", &format!("__metadata__\":{metadata}"));
        let header = format!("{header}}}}}");
        let length = (header.len() as u64).to_le_bytes();
        folder.put(
            "m.safetensors",
            &[&length, header.as_bytes(), &le(&X)].concat(),
        );
    };
    put("{\"format\":\"pt\"}");
    folder.succeed("softmax m.safetensors -o found.npy --reference");
    put("{\"format\":1}");
    let words = [
        "m.safetensors: expected the header of a .safetensors file",
        "expected a string",
    ];
    folder.fail("softmax m.safetensors -o out.npy", 2, &words);
}
