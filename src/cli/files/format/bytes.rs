//! Bytes of a file that holds an array: of a regular file any part can be read, while a pipe only goes on.

use std::fmt;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// Reader that can read from any place.
pub(crate) trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// Bytes of a file, from its start on.
pub(crate) enum Bytes<'a> {
    /// A file and its length.
    File(Box<dyn ReadSeek + 'a>, u64),
    /// A pipe, and the number of bytes that have come from it.
    Pipe(Box<dyn Read + 'a>, u64),
}

impl<'a> Bytes<'a> {
    pub(crate) fn of_file(file: impl Read + Seek + 'a, length: u64) -> Self {
        Self::File(Box::new(file), length)
    }

    pub(crate) fn of_pipe(pipe: impl Read + 'a) -> Self {
        Self::Pipe(Box::new(pipe), 0)
    }

    /// Returns the number of bytes, where it is known before the last of them.
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Self::File(_, length) => Some(*length),
            Self::Pipe(..) => None,
        }
    }

    /// Returns the first `wanted` bytes, or as many as there are; they stay to be read.
    pub(crate) fn start(&mut self, wanted: u64) -> io::Result<Vec<u8>> {
        let mut start = Vec::new();
        self.take(wanted).read_to_end(&mut start)?;
        match self {
            Self::File(file, _) => file.rewind()?,
            Self::Pipe(pipe, read) => {
                let rest = std::mem::replace(pipe, Box::new(io::empty()));
                *pipe = Box::new(Cursor::new(start.clone()).chain(rest));
                *read = 0;
            }
        }
        Ok(start)
    }

    /// Continues at a place behind what has been read.
    pub(super) fn go_to(&mut self, place: u64) -> io::Result<()> {
        match self {
            Self::File(file, _) => file.seek(SeekFrom::Start(place)).map(drop),
            Self::Pipe(pipe, read) => {
                let between = place.saturating_sub(*read);
                io::copy(&mut pipe.take(between), &mut io::sink()).map(drop)
            }
        }
    }

    /// Returns a file with every part at hand: the bytes of a pipe go to a file without a name.
    pub(super) fn into_file(self) -> io::Result<Box<dyn ReadSeek + 'a>> {
        match self {
            Self::File(file, _) => Ok(file),
            Self::Pipe(mut pipe, _) => {
                let mut file = tempfile::tempfile()?;
                io::copy(&mut pipe, &mut file)?;
                Ok(Box::new(file))
            }
        }
    }
}

impl Read for Bytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file, _) => file.read(buffer),
            Self::Pipe(pipe, read) => pipe.read(buffer).inspect(|&more| *read += more as u64),
        }
    }
}

impl fmt::Debug for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bytes").field(&self.length()).finish()
    }
}
