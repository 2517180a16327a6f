//! Common part of both targets: read a file to its end, whatever its bytes.

#[path = "../../src/cli/files/format/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the command line also writes")]
mod format;

#[path = "../cli/formats/read.rs"]
mod all;

pub(crate) use format::Content;

/// Reads the only tensor, and the one named `a`. Panics if there are more values than bytes.
pub(crate) fn read(content: Content, bytes: &[u8]) {
    for tensor in [None, Some("a")] {
        assert_ne!(all::read_all(content, bytes, tensor), Some(false));
    }
}
