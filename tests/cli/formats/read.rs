//! Reads a file to its end, whatever its bytes.

use super::format::{Bad, Bytes, Content, Source, Stored};
use std::io::{Seek, Write};

/// Opens an array in a file with these bytes; void elements are bf16.
pub(super) fn open(content: Content, bytes: &[u8], name: Option<&str>) -> Result<Source, Bad> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    file.rewind()?;
    let (bytes, _) = Bytes::of(file, Content::START)?;
    Source::open(bytes, content, name, true)
}

/// Returns true if the values of a file are as many as its header says, and no more than its bytes; none if it is
/// refused. An archive may hold more than its bytes; a damaged one is refused by its checksum at the latest.
pub(super) fn read_all(content: Content, bytes: &[u8], name: Option<&str>) -> Option<bool> {
    let mut source = open(content, bytes, name).ok()?;
    let (count, stored) = (source.header.count(), source.header.stored);
    let read = match stored {
        Stored::Bool => source.bools(count).map(|values| values.len()),
        Stored::Float(_) => source.floats(count).map(|values| values.into_f64().len()),
        _ => source.integers(count).map(|values| values.len()),
    };
    Some(match content {
        Content::Npz => read.map_or(true, |read| read == count),
        _ => read.is_ok_and(|read| read == count) && count * stored.width() <= bytes.len(),
    })
}
