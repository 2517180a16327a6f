//! A folder of small `.npy` files, written and read by hand, and the command run in it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;
use wgpu_softmax::DType;

pub(crate) const X: [f32; 12] = [2.0, 1.0, 0.0, -1.0, 0.0, 0.0, 3.0, 1.0, -2.0, 4.0, 1.0, 0.0];
pub(crate) const OLD: &[u8] = b"what stood here before";

/// Flags that choose the engine, where the engine does not matter.
pub(crate) const ENGINES: &[&str] = &["", "--reference"];

/// A folder with the files of one test, in which its commands run.
pub(crate) struct Folder(TempDir);

impl Folder {
    /// Creates `x.npy` (3 x 4 logits), `y.npy` (targets 0, -100, 1), and an older `out.npy`.
    pub(crate) fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a temporary folder"));
        folder.floats("x.npy", "(3, 4)", &X);
        folder.put(
            "y.npy",
            &npy(
                1,
                "<i8",
                false,
                "(3,)",
                &bytes([0_i64, -100, 1].map(i64::to_le_bytes)),
            ),
        );
        folder.put("out.npy", OLD);
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect("the folder takes files");
    }

    pub(crate) fn floats(&self, name: &str, shape: &str, values: &[f32]) {
        self.put(name, &npy(1, "<f4", false, shape, &le(values)));
    }

    /// Writes a `.safetensors` file with one tensor of this type.
    pub(crate) fn tensor(&self, name: &str, dtype: &str, shape: &[usize], values: &[f32]) {
        let data = stored(dtype, values);
        self.put(name, &safetensors(&[("t", dtype, shape, &data)]));
    }

    pub(crate) fn get(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("the folder is there");
        let mut names: Vec<_> = entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wgpu-softmax"));
        command
            .current_dir(self.0.path())
            .args(line.split_whitespace())
            // Without it Mesa's drivers write an error of their own to stderr.
            .env("XDG_RUNTIME_DIR", self.0.path())
            .env_remove("CLICOLOR_FORCE")
            .env_remove("NO_COLOR")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, line: &str) -> Output {
        self.command(line).output().expect("the command starts")
    }

    /// Runs a command that must succeed, and returns its output.
    pub(crate) fn succeed(&self, line: &str) -> String {
        let output = self.run(line);
        assert_eq!(output.status.code(), Some(0), "{line}: {}", stderr(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs a command that must fail: nothing printed, one message with these words, every file unchanged.
    pub(crate) fn fail(&self, line: &str, code: i32, words: &[&str]) {
        let names = self.names();
        let output = self.run(line);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{line}: {message}");
        assert!(
            output.stdout.is_empty(),
            "{line} prints {:?}",
            String::from_utf8_lossy(&output.stdout)
        );
        assert_eq!(message.matches("error: ").count(), 1, "{line}: {message}");
        words
            .iter()
            .for_each(|word| assert!(message.contains(word), "{line}: no {word:?} in {message}"));
        assert_eq!(self.names(), names, "{line} leaves files behind");
        assert_eq!(self.get("out.npy"), OLD, "{line} changes an older file");
    }

    pub(crate) fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&self.get(name)).expect("valid JSON")
    }
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn bytes<const N: usize>(values: impl IntoIterator<Item = [u8; N]>) -> Vec<u8> {
    values.into_iter().flatten().collect()
}

pub(crate) fn le(values: &[f32]) -> Vec<u8> {
    bytes(values.iter().map(|value| value.to_le_bytes()))
}

/// Returns values as a `.safetensors` file holds them in this type.
pub(crate) fn stored(dtype: &str, values: &[f32]) -> Vec<u8> {
    let halves = |dtype: DType| {
        let encode = |&value| (dtype.encode(value) as u16).to_le_bytes();
        bytes(values.iter().map(encode))
    };
    match dtype {
        "F16" => halves(DType::F16),
        "BF16" => halves(DType::Bf16),
        "F64" => bytes(values.iter().map(|&value| f64::from(value).to_le_bytes())),
        _ => le(values),
    }
}

/// Returns the values that a `.safetensors` file holds in this type.
pub(crate) fn loaded(dtype: &str, data: &[u8]) -> Vec<f32> {
    let halves = |dtype: DType| {
        let decode = |half: &[u8]| dtype.decode(u16::from_le_bytes([half[0], half[1]]).into());
        data.chunks(2).map(decode).collect()
    };
    match dtype {
        "F16" => halves(DType::F16),
        "BF16" => halves(DType::Bf16),
        _ => data
            .chunks(4)
            .map(|bytes| f32::from_le_bytes(bytes.try_into().expect("whole values")))
            .collect(),
    }
}

/// Returns a `.npy` file as NumPy writes it.
pub(crate) fn npy(version: u8, descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let fortran = if fortran { "True" } else { "False" };
    let mut header =
        format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}");
    let prefix = if version == 1 { 10 } else { 12 };
    while (prefix + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let length = u32::try_from(header.len()).expect("short").to_le_bytes();
    [
        b"\x93NUMPY",
        [version, 0].as_slice(),
        &length[..prefix - 8],
        header.as_bytes(),
        data,
    ]
    .concat()
}

/// Returns the shape and the values of a file that the command wrote.
pub(crate) fn parse(file: &[u8]) -> (Vec<usize>, Vec<f32>) {
    assert_eq!(&file[..8], b"\x93NUMPY\x01\x00", "version 1.0");
    let data = 10 + usize::from(u16::from_le_bytes([file[8], file[9]]));
    let header = std::str::from_utf8(&file[10..data]).expect("text");
    assert!(
        header.contains("'<f4'") && header.contains("'fortran_order': False"),
        "{header}"
    );
    let (_, shape) = header.split_once('(').expect("a shape");
    let (shape, _) = shape.split_once(')').expect("a shape");
    let axes = shape.split(',').filter_map(|axis| axis.trim().parse().ok());
    let values = file[data..]
        .chunks(4)
        .map(|bytes| f32::from_le_bytes(bytes.try_into().expect("whole values")));
    (axes.collect(), values.collect())
}

/// Fails unless the values are close, with a tolerance for gradients: differences of numbers near 1 have their rounding errors.
pub(crate) fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        let near = (found - expected).abs() <= 4e-6 * expected.abs() + 1e-6;
        assert!(near, "{what}: expected {expected}, found {found}");
    }
}

/// A tensor's name, type, shape and bytes.
pub(crate) type Tensor<'a> = (&'a str, &'a str, &'a [usize], &'a [u8]);

/// Returns a `.safetensors` file with these tensors, one after the other.
pub(crate) fn safetensors(tensors: &[Tensor<'_>]) -> Vec<u8> {
    let (mut begin, mut entries, mut all) = (0, Vec::new(), Vec::new());
    for (name, dtype, shape, data) in tensors {
        let end = begin + data.len();
        entries.push(format!(
            "{name:?}:{{\"dtype\":{dtype:?},\"shape\":{shape:?},\"data_offsets\":[{begin},{end}]}}"
        ));
        all.extend_from_slice(data);
        begin = end;
    }
    let text = format!("{{\"__metadata__\":{{}},{}}}", entries.join(","));
    let length = (text.len() as u64).to_le_bytes();
    [&length, text.as_bytes(), &all].concat()
}

/// Returns the only tensor of a file that the command wrote: its name, type, shape and bytes.
pub(crate) fn parse_safetensors(file: &[u8]) -> (String, String, Vec<usize>, Vec<u8>) {
    let (length, rest) = file.split_first_chunk().expect("a length");
    let (text, data) = rest.split_at(usize::try_from(u64::from_le_bytes(*length)).expect("small"));
    let header: serde_json::Value = serde_json::from_slice(text).expect("valid JSON");
    let tensors = header.as_object().expect("an object");
    assert_eq!(tensors.len(), 1, "{header}");
    let (name, info) = tensors.iter().next().expect("a tensor");
    assert_eq!(
        info["data_offsets"],
        serde_json::json!([0, data.len()]),
        "{header}"
    );
    let dtype = info["dtype"].as_str().expect("a type").to_owned();
    let axes = info["shape"].as_array().expect("a shape").iter();
    let shape = axes
        .map(|axis| axis.as_u64().expect("a number") as usize)
        .collect();
    (name.clone(), dtype, shape, data.to_vec())
}
