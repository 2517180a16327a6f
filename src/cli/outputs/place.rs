//! Place of an output.

use crate::cli::failure::Failure;
use std::fs;
use std::path::{Path, PathBuf};

/// Number of links that are followed one after the other, at most: as many as Linux follows.
const LINKS: usize = 40;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    Stdout,
    /// A pipe or a device: written as it stands, never replaced.
    Stream,
    /// A file, there or not yet: its canonical path, behind all links.
    File(PathBuf),
}

impl Place {
    pub(super) fn of(path: &Path) -> Result<Self, Failure> {
        match path == Path::new("-") {
            true => Ok(Self::Stdout),
            false => Self::behind_links(path, LINKS),
        }
    }

    fn behind_links(path: &Path, links: usize) -> Result<Self, Failure> {
        let refused = |expected, found| Err(Failure::expected(path.display(), expected, found));
        let cannot = |error| Failure::system("write", path, &error);
        let folder = path.parent().unwrap_or(Path::new(""));
        match (fs::metadata(path), fs::read_link(path)) {
            (Ok(found), _) if found.is_dir() => refused("a file", "a folder"),
            (Ok(found), _) if !found.is_file() => Ok(Self::Stream),
            (Ok(_), _) => path.canonicalize().map(Self::File).map_err(cannot),
            // A link to a file that is not there yet.
            (Err(_), Ok(_)) if links == 0 => refused("a file", "links in a circle"),
            (Err(_), Ok(target)) => Self::behind_links(&folder.join(target), links - 1),
            (Err(_), Err(_)) => {
                let Some(name) = path.file_name() else {
                    return refused("a file's name", "none");
                };
                let here = folder == Path::new("");
                let folder = if here { Path::new(".") } else { folder };
                let folder = folder.canonicalize().map_err(cannot)?;
                Ok(Self::File(folder.join(name)))
            }
        }
    }
}
