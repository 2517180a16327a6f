//! Bytes of a file that holds an array: of a regular file any part can be read, while a pipe only goes on.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// Bytes of a file, from its start on.
pub(crate) enum Bytes {
    /// A file that can be read from any place, and its length.
    File(File, u64),
    /// A pipe, and the number of bytes that have come from it.
    Pipe(Box<dyn Read>, u64),
}

impl Bytes {
    /// Takes a file and returns its first `wanted` bytes, too, or as many as there are; they stay to be read. A file that does
    /// not stand at its start is read as it comes, like a pipe.
    pub(crate) fn of(mut file: File, wanted: u64) -> io::Result<(Self, Vec<u8>)> {
        let metadata = file.metadata()?;
        let whole = metadata.is_file() && file.stream_position()? == 0;
        let mut start = Vec::new();
        file.by_ref().take(wanted).read_to_end(&mut start)?;
        let bytes = match whole {
            true => {
                file.rewind()?;
                Self::File(file, metadata.len())
            }
            false => Self::Pipe(Box::new(Cursor::new(start.clone()).chain(file)), 0),
        };
        Ok((bytes, start))
    }

    /// Returns the number of bytes, where it is known before the last of them.
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Self::File(_, length) => Some(*length),
            Self::Pipe(..) => None,
        }
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
    pub(super) fn into_file(self) -> io::Result<File> {
        match self {
            Self::File(file, _) => Ok(file),
            Self::Pipe(mut pipe, _) => {
                let mut file = tempfile::tempfile()?;
                io::copy(&mut pipe, &mut file)?;
                Ok(file)
            }
        }
    }
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file, _) => file.read(buffer),
            Self::Pipe(pipe, read) => pipe.read(buffer).inspect(|&more| *read += more as u64),
        }
    }
}
