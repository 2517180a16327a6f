//! Arrays in files: opened by the names that the command line gives them, read as their values are needed.

mod address;
mod format;
mod opened;

pub(crate) use address::Address;
pub(crate) use format::{Float, Floats, Header, Shape, Stored, narrow};

use super::failure::Failure;
use address::Named;
use format::{Bad, Bytes, Content, Source};
use std::path::{Path, PathBuf};

/// Array in a file whose header has been read and whose values come in C order.
#[derive(Debug)]
pub(crate) struct Input {
    /// Name of the file on the command line.
    pub(crate) path: PathBuf,
    source: Source<'static>,
    /// Number of floats that have been read.
    done: usize,
}

impl Input {
    /// Opens a file, a pipe or standard input and reads its header. In `.npy`, void elements may be bf16. For an index,
    /// opens the file that it names.
    pub(crate) fn open(path: &Path, void_is_bf16: bool) -> Result<Self, Failure> {
        let named = Named::parse(path);
        let mut bytes = opened::open(&named.path)?;
        let name = named.array.as_deref();
        let content = content(&mut bytes, &named.path).map_err(|bad| failure(path, "read", bad))?;
        if content == Content::Index {
            let (shard, tensor) =
                format::shard(&mut bytes, name).map_err(|bad| failure(path, "read", bad))?;
            return Self::open_shard(&named.path.with_file_name(shard), &tensor);
        }
        let source = Source::open(bytes, content, name, void_is_bf16);
        Ok(Self {
            path: path.to_owned(),
            source: source.map_err(|bad| failure(path, "read", bad))?,
            done: 0,
        })
    }

    fn open_shard(shard: &Path, tensor: &str) -> Result<Self, Failure> {
        let path = PathBuf::from(format!("{}#{tensor}", shard.display()));
        let bytes = opened::open(shard)?;
        let source = Source::open(bytes, Content::Safetensors, Some(tensor), false);
        let source = source.map_err(|bad| failure(&path, "read", bad))?;
        Ok(Self {
            path,
            source,
            done: 0,
        })
    }

    pub(crate) fn header(&self) -> &Header {
        self.source.header()
    }

    /// Reserves memory for `count` items of the file.
    pub(crate) fn room<T>(&self, count: usize) -> Result<Vec<T>, Failure> {
        let room = self.source.room(count);
        room.map_err(|error| Failure::system("read", &self.path, &error))
    }

    /// Reads the next `count` floats; those of float64 as float32, unless they are to stay `wide`.
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
                "numbers in the range of float32, in which float64 is computed (--reference computes in float64)",
                format!("{value:e} at index {}", Shape(&index)),
            )
        })
    }

    /// Reads the next `count` truth values.
    pub(crate) fn bools(&mut self, count: usize) -> Result<Vec<bool>, Failure> {
        let read = self.source.bools(count);
        read.map_err(|error| Failure::system("read", &self.path, &error))
    }

    /// Reads the next `count` integers.
    pub(crate) fn integers(&mut self, count: usize) -> Result<Vec<i128>, Failure> {
        let read = self.source.integers(count);
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

fn content(bytes: &mut Bytes<'_>, path: &Path) -> Result<Content, Bad> {
    Ok(Content::of(&bytes.start(Content::START)?, path))
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
