//! Arrays in files: opened by the names that the command line gives them, read as their values are needed.

mod address;
mod format;

pub(crate) use address::Address;
pub(crate) use format::{Float, Floats, Header, Shape, Stored, narrow};

use super::failure::Failure;
use format::{Bad, Bytes, Content, Source};
use std::io;
use std::path::{Path, PathBuf};

/// Array in a file whose header has been read and whose values come in C order.
pub(crate) struct Input {
    /// Name of the file on the command line.
    pub(crate) path: PathBuf,
    source: Source,
    /// Number of floats that have been read.
    done: usize,
}

impl Input {
    /// Opens a file, a pipe or standard input and reads its header. In `.npy`, void elements may be bf16. For an index,
    /// opens the file that it names.
    pub(crate) fn open(path: &Path, void_is_bf16: bool) -> Result<Self, Failure> {
        let (file, name) = address::input(path);
        let (mut bytes, start) = open(file, path)?;
        let content = Content::of(&start, file);
        if content != Content::Index {
            return Self::of(path, bytes, content, name, void_is_bf16);
        }
        let shard = format::shard(&mut bytes, name);
        let (shard, tensor) = shard.map_err(|bad| failure(path, "read", bad))?;
        let shard = file.with_file_name(shard);
        let path = PathBuf::from(format!("{}#{tensor}", shard.display()));
        let (bytes, _) = open(&shard, &path)?;
        Self::of(&path, bytes, Content::Safetensors, Some(&tensor), false)
    }

    fn of(
        path: &Path,
        bytes: Bytes,
        content: Content,
        name: Option<&str>,
        void_is_bf16: bool,
    ) -> Result<Self, Failure> {
        let source = Source::open(bytes, content, name, void_is_bf16);
        Ok(Self {
            path: path.to_owned(),
            source: source.map_err(|bad| failure(path, "read", bad))?,
            done: 0,
        })
    }

    pub(crate) fn header(&self) -> &Header {
        &self.source.header
    }

    /// Reserves memory for `count` items of the file.
    pub(crate) fn room<T>(&self, count: usize) -> Result<Vec<T>, Failure> {
        self.told(self.source.room(count))
    }

    /// Reads the next `count` floats; those of float64 as float32, unless they are to stay `wide`.
    pub(crate) fn floats(&mut self, count: usize, wide: bool) -> Result<Floats, Failure> {
        let read = self.source.floats(count);
        let floats = self.told(read)?;
        let first = self.done;
        self.done += count;
        if wide {
            return Ok(floats);
        }
        floats.narrowed().map_err(|(place, value)| {
            let index = index(first + place, &self.header().shape);
            Failure::expected(
                self.path.display(),
                "numbers in the range of float32, in which float64 is computed (--reference computes in float64)",
                format!("{value:e} at index {}", Shape(&index)),
            )
        })
    }

    /// Reads the next `count` truth values.
    pub(crate) fn bools(&mut self, count: usize) -> Result<Vec<bool>, Failure> {
        let read = self.source.bools(count);
        self.told(read)
    }

    /// Reads the next `count` integers.
    pub(crate) fn integers(&mut self, count: usize) -> Result<Vec<i128>, Failure> {
        let read = self.source.integers(count);
        self.told(read)
    }

    /// Adds to the system's error that this file is read.
    fn told<T>(&self, read: io::Result<T>) -> Result<T, Failure> {
        read.map_err(|error| Failure::system("read", &self.path, &error))
    }
}

/// Returns the header of an output, whose values follow. A tensor without a name of its own has that of its result. In
/// `.npy`, void elements may be bf16.
pub(crate) fn head(
    address: &Address,
    result: &str,
    float: Float,
    shape: &[usize],
    void_is_bf16: bool,
) -> Result<Vec<u8>, Failure> {
    let tensor = address.tensor.as_deref().unwrap_or(result);
    format::head(address.format, tensor, float, shape, void_is_bf16)
        .map_err(|bad| failure(&address.path, "write", bad))
}

/// Opens a file, `path` on the command line, and returns its first bytes, too, which tell its kind.
fn open(file: &Path, path: &Path) -> Result<(Bytes, Vec<u8>), Failure> {
    Bytes::of(address::open(file)?, Content::START)
        .map_err(|error| Failure::system("read", path, &error))
}

fn failure(path: &Path, doing: &str, bad: Bad) -> Failure {
    match bad {
        Bad::System(error) => Failure::system(doing, path, &error),
        Bad::Content { expected, found } => Failure::expected(path.display(), expected, found),
    }
}

/// Returns the place along each axis of a flat index in an array of this shape.
pub(crate) fn index(flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut rest = flat;
    let mut index = vec![0; shape.len()];
    for (place, axis) in index.iter_mut().zip(shape).rev() {
        *place = rest % axis;
        rest /= axis;
    }
    index
}
