//! Arrays in files: opened by the names that the command line gives them, read as their values are needed.

mod address;
mod format;

pub(crate) use address::Address;
pub(crate) use format::{Float, Floats, Header, Stored, narrow};

use super::failure::Failure;
use format::{Bad, Source};
use std::fmt;
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

/// An array in a file whose header has been read and whose values come in C order.
#[derive(Debug)]
pub(crate) struct Input {
    /// The file as the command line calls it.
    pub(crate) path: PathBuf,
    source: Source<'static>,
    /// Floats that have been read.
    done: usize,
}

impl Input {
    /// Opens a file and reads its header.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let source = open(&Address::parse(path)?).map_err(|bad| told(path, "read", bad))?;
        Ok(Self {
            path: path.to_owned(),
            source,
            done: 0,
        })
    }

    pub(crate) fn header(&self) -> &Header {
        self.source.header()
    }

    /// The next `count` floats; those of f64 as f32, unless they are to stay `wide`.
    pub(crate) fn floats(&mut self, count: usize, wide: bool) -> Result<Floats, Failure> {
        let read = self.source.floats(count);
        let floats = read.map_err(|error| Failure::system("read", &self.path, &error))?;
        let first = self.done;
        self.done += count;
        if wide {
            return Ok(floats);
        }
        floats.narrowed().map_err(|(place, value)| {
            let index = index(first + place, &self.header().shape);
            Failure::expected(
                self.path.display(),
                "numbers in the range of f4, in which f8 is computed (--reference computes in f8)",
                format!("{value:e} at index {}", Shape(&index)),
            )
        })
    }

    /// The next `count` truth values.
    pub(crate) fn bools(&mut self, count: usize) -> Result<Vec<bool>, Failure> {
        let read = self.source.bools(count);
        read.map_err(|error| Failure::system("read", &self.path, &error))
    }

    /// The next `count` integers.
    pub(crate) fn integers(&mut self, count: usize) -> Result<Vec<i128>, Failure> {
        let read = self.source.integers(count);
        read.map_err(|error| Failure::system("read", &self.path, &error))
    }
}

/// The header of an output, whose values follow. A tensor without a name of its own is called after its result.
pub(crate) fn head(
    address: &Address,
    result: &str,
    float: Float,
    shape: &[usize],
) -> Result<Vec<u8>, Failure> {
    let tensor = address.tensor.as_deref().unwrap_or(result);
    format::head(address.format, tensor, float, shape)
        .map_err(|bad| told(&address.path, "write", bad))
}

/// A file is read where its values are needed; a pipe, which has no length, at once.
fn open(address: &Address) -> Result<Source<'static>, Bad> {
    let tensor = address.tensor.as_deref();
    let mut file = File::open(&address.path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() {
        return Source::open(file, metadata.len(), address.format, tensor);
    }
    let mut bytes = Vec::new();
    let length = file.read_to_end(&mut bytes)? as u64;
    Source::open(Cursor::new(bytes), length, address.format, tensor)
}

fn told(path: &Path, doing: &str, bad: Bad) -> Failure {
    match bad {
        Bad::System(error) => Failure::system(doing, path, &error),
        Bad::Content { expected, found } => Failure::expected(path.display(), expected, found),
    }
}

/// The place of a flat index in an array of this shape.
pub(crate) fn index(flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut rest = flat;
    let mut index = vec![0; shape.len()];
    for (place, axis) in index.iter_mut().zip(shape).rev() {
        *place = rest % axis;
        rest /= axis;
    }
    index
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
