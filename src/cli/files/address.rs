//! Names of files on the command line: a path, and the array in the file.

use super::format::Format;
use crate::cli::failure::Failure;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Returns true for the names of standard input.
fn is_stdin(path: &Path) -> bool {
    path == Path::new("-") || path == Path::new("/dev/stdin")
}

/// Splits `FILE#NAME`, a text that is no file's name, at the first `#` with a file before it.
fn split(text: &Path, is_there: impl Fn(&Path) -> bool) -> (&Path, Option<&str>) {
    let named = text.to_str().filter(|_| !is_there(text)).and_then(|text| {
        let mut hashes = text.match_indices('#').map(|(hash, _)| hash);
        let hash = hashes.find(|&hash| is_there(Path::new(&text[..hash])))?;
        Some((Path::new(&text[..hash]), Some(&text[hash + 1..])))
    });
    named.unwrap_or((text, None))
}

/// Splits the name of an input, `FILE`, or `FILE#NAME` for one array of several.
pub(super) fn input(text: &Path) -> (&Path, Option<&str>) {
    split(text, |path| is_stdin(path) || path.exists())
}

/// Opens an input; standard input can be opened once.
pub(super) fn open(path: &Path) -> Result<File, Failure> {
    let file = match is_stdin(path) {
        true => {
            claim_stdin(path)?;
            stdin()
        }
        false => File::open(path),
    };
    file.map_err(|error| Failure::system("read", path, &error))
}

fn claim_stdin(path: &Path) -> Result<(), Failure> {
    static CLAIMED: AtomicBool = AtomicBool::new(false);
    let refused = |expected, found| {
        let what = format!("standard input as {}", path.display());
        Err(Failure::expected(what, expected, found))
    };
    if CLAIMED.swap(true, Ordering::Relaxed) {
        return refused("one input", "two");
    }
    if io::stdin().is_terminal() {
        return refused("a pipe or a file", "a terminal");
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

/// An output: `FILE.npy`, `FILE.safetensors` or `FILE.safetensors#NAME`.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) path: PathBuf,
    pub(super) format: Format,
    /// Name of the tensor, where one is given.
    pub(super) tensor: Option<String>,
}

impl Address {
    /// Chooses the format by the name; one without an ending is a `.npy` file.
    pub(crate) fn parse(text: &Path) -> Result<Self, Failure> {
        const ENDING: &str = ".safetensors#";
        let refused =
            |expected, found: &str| Err(Failure::expected(text.display(), expected, found));
        if is_stdin(split(text, is_stdin).0) && text != Path::new("-") {
            return refused("an output", "standard input");
        }
        let named = text.to_str().and_then(|text| {
            let hash = text.find(ENDING)? + ENDING.len() - 1;
            Some((&text[..hash], &text[hash + 1..]))
        });
        let (path, tensor) = match named {
            Some((path, tensor)) => (Path::new(path), Some(tensor.to_owned())),
            None => (text, None),
        };
        let format = match text.extension().and_then(OsStr::to_str) {
            _ if tensor.is_some() => Format::Safetensors,
            Some("npy") | None => Format::Npy,
            Some("safetensors") => Format::Safetensors,
            Some(other) => return refused("a .npy or .safetensors file", &format!(".{other}")),
        };
        Ok(Self {
            path: path.into(),
            format,
            tensor,
        })
    }

    /// Returns the address of a pipe or standard output: `.npy` whatever its name, unless that promises safetensors.
    pub(crate) fn of_stream(text: &Path) -> Self {
        Self::parse(text).unwrap_or(Self {
            path: text.into(),
            format: Format::Npy,
            tensor: None,
        })
    }
}
