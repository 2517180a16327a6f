//! Arrays in files: what a file holds, whatever its format, and the choice of the format.

mod npy;

use super::failure::Failure;
use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// An array from a file, its values in C order.
#[derive(Debug)]
pub(crate) struct Array {
    /// NumPy's name of the stored type, without the byte order: `f8`.
    pub(crate) dtype: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Values,
}

/// The values by their kind; a width is the file's affair.
#[derive(Debug)]
pub(crate) enum Values {
    Floats(Vec<f32>),
    Signed(Vec<i64>),
    Unsigned(Vec<u64>),
}

/// Reads an array, in the format that the file's name tells.
pub(crate) fn read(path: &Path) -> Result<Array, Failure> {
    require_npy(path)?;
    let bad = |error: Bad| match error {
        Bad::System(error) => Failure::system("read", path, &error),
        Bad::Content { expected, found } => Failure::expected(path.display(), expected, found),
    };
    open(path)
        .map_err(Bad::System)
        .and_then(|(reader, length)| npy::decode(reader, length))
        .map_err(bad)
}

/// Writes f32 values in C order, in the one format there is.
pub(crate) fn write(writer: impl Write, shape: &[usize], values: &[f32]) -> io::Result<()> {
    npy::encode(writer, shape, values)
}

/// Refuses a name whose ending promises another format.
pub(crate) fn require_npy(path: &Path) -> Result<(), Failure> {
    match path.extension().and_then(OsStr::to_str) {
        None | Some("npy") => Ok(()),
        Some(other) => Err(Failure::expected(
            path.display(),
            "a .npy file",
            format!(".{other}"),
        )),
    }
}

/// What is wrong with a file.
#[derive(Debug)]
enum Bad {
    System(io::Error),
    Content { expected: String, found: String },
}

impl Bad {
    fn content(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Content {
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// A file and its length, before anything of it is believed. A pipe has no length, so it is read first.
fn open(path: &Path) -> io::Result<(Box<dyn Read>, u64)> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() {
        return Ok((Box::new(file), metadata.len()));
    }
    let mut bytes = Vec::new();
    let length = file.read_to_end(&mut bytes)?;
    Ok((Box::new(io::Cursor::new(bytes)), length as u64))
}

/// A shape as NumPy prints it: `(2, 3)`, `(3,)`, `()`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape<'a>(pub(crate) &'a [usize]);

impl fmt::Display for Shape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let axes: Vec<String> = self.0.iter().map(usize::to_string).collect();
        match axes.as_slice() {
            [one] => write!(f, "({one},)"),
            _ => write!(f, "({})", axes.join(", ")),
        }
    }
}
