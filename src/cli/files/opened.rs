//! Inputs from the system: files, pipes and standard input, which can be opened once.

use super::address::is_stdin;
use super::format::Bytes;
use crate::cli::failure::Failure;
use std::fs::File;
use std::io::{self, IsTerminal, Seek};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Opens a path to read from it.
pub(super) fn open(path: &Path) -> Result<Bytes<'static>, Failure> {
    let opened = if is_stdin(path) {
        claim_stdin(path)?;
        stdin()
    } else {
        File::open(path)
    };
    opened
        .and_then(bytes)
        .map_err(|error| Failure::system("read", path, &error))
}

/// Returns the bytes of a file: one that is read from its start on at the places where values are needed, all else as it
/// comes.
fn bytes(mut file: File) -> io::Result<Bytes<'static>> {
    let metadata = file.metadata()?;
    let whole = metadata.is_file() && file.stream_position()? == 0;
    Ok(match whole {
        true => Bytes::of_file(file, metadata.len()),
        false => Bytes::of_pipe(file),
    })
}

fn claim_stdin(path: &Path) -> Result<(), Failure> {
    static CLAIMED: AtomicBool = AtomicBool::new(false);
    let what = "standard input as";
    if CLAIMED.swap(true, Ordering::Relaxed) {
        let what = format!("{what} {}", path.display());
        return Err(Failure::expected(what, "one input", "two"));
    }
    if io::stdin().is_terminal() {
        let what = format!("{what} {}", path.display());
        return Err(Failure::expected(what, "a pipe or a file", "a terminal"));
    }
    Ok(())
}

/// Returns standard input without a buffer of its own.
#[cfg(unix)]
fn stdin() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn stdin() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(io::stdin().as_handle().try_clone_to_owned()?.into())
}
