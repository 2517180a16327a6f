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
        if path == Path::new("-") {
            return Ok(Self::Stdout);
        }
        Self::behind_links(path, LINKS)
    }

    fn behind_links(path: &Path, links: usize) -> Result<Self, Failure> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                Err(Failure::expected(path.display(), "a file", "a folder"))
            }
            Ok(found) if !found.is_file() => Ok(Self::Stream),
            Ok(_) => path
                .canonicalize()
                .map(Self::File)
                .map_err(|error| Failure::system("write", path, &error)),
            // A link to a file that is not there yet.
            Err(_) => match fs::read_link(path) {
                Ok(_) if links == 0 => Err(Failure::expected(
                    path.display(),
                    "a file",
                    "links in a circle",
                )),
                Ok(target) => {
                    let folder = path.parent().unwrap_or(Path::new(""));
                    Self::behind_links(&folder.join(target), links - 1)
                }
                Err(_) => Self::of_new_file(path),
            },
        }
    }

    fn of_new_file(path: &Path) -> Result<Self, Failure> {
        let name = path
            .file_name()
            .ok_or_else(|| Failure::expected(path.display(), "a file's name", "none"))?;
        let folder = path
            .parent()
            .filter(|folder| *folder != Path::new(""))
            .unwrap_or(Path::new("."));
        let folder = folder
            .canonicalize()
            .map_err(|error| Failure::system("write", path, &error))?;
        Ok(Self::File(folder.join(name)))
    }
}
