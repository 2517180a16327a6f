//! Common part of both targets: read a file to its end, whatever its bytes.

#[path = "../../src/cli/files/format/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the command line also writes")]
mod format;

pub(crate) use format::Content;

use format::{Bytes, Source, Stored};
use std::io::Cursor;

/// Reads the only tensor, and the one named `a`. Panics if there are more values than bytes.
pub(crate) fn read(content: Content, bytes: &[u8]) {
    for tensor in [None, Some("a")] {
        let file = Bytes::of_file(Cursor::new(bytes), bytes.len() as u64);
        let Ok(mut source) = Source::open(file, content, tensor, true) else {
            continue;
        };
        let (count, stored) = (source.header().count(), source.header().stored);
        assert!(count <= bytes.len(), "{count} values in {} bytes", bytes.len());
        match stored {
            Stored::Bool => drop(source.bools(count).expect("all is there")),
            Stored::Float(_) => drop(source.floats(count).expect("all is there").into_f32()),
            _ => drop(source.integers(count).expect("all is there")),
        }
    }
}
