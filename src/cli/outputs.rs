//! Where results go: files, pipes and standard output.
//!
//! Paths are claimed before any work, so that a bad one costs nothing. Contents are written when all work has
//! succeeded: files first, beside their places; then the streams; and only then are the files renamed into place. A
//! failure on the way leaves every older file as it was.

use super::failure::{Failure, say_to_stderr};
use super::{files, progress};
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// The outputs that the command line asks for, by the names of their results.
#[derive(Debug, Default)]
pub(crate) struct Outputs(Vec<Claim>);

#[derive(Debug)]
struct Claim {
    name: &'static str,
    path: PathBuf,
    place: Place,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Array,
    Text,
}

#[derive(Debug, PartialEq)]
enum Place {
    Stdout,
    /// A pipe or a device: written as it stands, never replaced.
    Stream,
    /// A file, there or not yet: its canonical path.
    File(PathBuf),
}

/// What is written to one output.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content<'a> {
    /// f32 values in C order.
    Array(&'a [usize], &'a [f32]),
    Text(&'a str),
}

impl Outputs {
    /// Claims a place for an array, if a path is given.
    pub(crate) fn array(self, name: &'static str, path: Option<&Path>) -> Result<Self, Failure> {
        self.claim(name, path, Kind::Array)
    }

    /// Claims a place for a text, if a path is given.
    pub(crate) fn text(self, name: &'static str, path: Option<&Path>) -> Result<Self, Failure> {
        self.claim(name, path, Kind::Text)
    }

    fn claim(
        mut self,
        name: &'static str,
        path: Option<&Path>,
        kind: Kind,
    ) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(self) };
        let claim = Claim {
            name,
            path: path.to_owned(),
            place: Place::of(path)?,
            kind,
        };
        if kind == Kind::Array && matches!(claim.place, Place::File(_)) {
            files::require_npy(path)?;
        }
        if let Some(other) = self.0.iter().find(|other| other.collides(&claim)) {
            return Err(Failure::expected(
                path.display(),
                "one output",
                format!("two, {} and {name}", other.name),
            ));
        }
        self.0.push(claim);
        Ok(self)
    }

    /// Whether nothing was asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names and paths of the arrays.
    pub(crate) fn arrays(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        self.0
            .iter()
            .filter(|claim| claim.kind == Kind::Array)
            .map(|claim| (claim.name, claim.path.as_path()))
    }

    /// Prints a line of the result: to standard output, or to stderr where an output has that.
    pub(crate) fn say(&self, line: impl Display) -> Result<(), Failure> {
        if self.0.iter().any(|claim| claim.place == Place::Stdout) {
            say_to_stderr(line);
            return Ok(());
        }
        to_stdout(|stdout| writeln!(stdout, "{line}"))
    }

    /// Writes all outputs that are both claimed and given, or none.
    pub(crate) fn write(&self, contents: &[(&str, Content<'_>)]) -> Result<(), Failure> {
        progress::during("writing".into(), |_| {
            let staged = self
                .pairs(contents)
                .map(|(claim, content)| claim.stage(content));
            let staged = staged.collect::<Result<Vec<_>, _>>()?;
            let streamed = self
                .pairs(contents)
                .try_for_each(|(claim, content)| claim.stream(content));
            if !matches!(streamed, Ok(()) | Err(Failure::Closed)) {
                return streamed;
            }
            staged.into_iter().flatten().try_for_each(Staged::rename)?;
            streamed
        })
    }

    fn pairs<'a>(
        &'a self,
        contents: &'a [(&str, Content<'a>)],
    ) -> impl Iterator<Item = (&'a Claim, Content<'a>)> {
        self.0.iter().filter_map(|claim| {
            let (_, content) = contents.iter().find(|(name, _)| *name == claim.name)?;
            Some((claim, *content))
        })
    }
}

/// A file that is written but not yet in its place.
struct Staged<'a> {
    file: NamedTempFile,
    place: &'a Path,
}

impl Staged<'_> {
    fn rename(self) -> Result<(), Failure> {
        let renamed = self.file.persist(self.place);
        renamed
            .map(drop)
            .map_err(|error| Failure::system("write", self.place, &error.error))
    }
}

impl Claim {
    fn collides(&self, other: &Self) -> bool {
        self.place == other.place && (self.place != Place::Stream || self.path == other.path)
    }

    fn stage(&self, content: Content<'_>) -> Result<Option<Staged<'_>>, Failure> {
        let Place::File(place) = &self.place else {
            return Ok(None);
        };
        let staged = new_file_beside(place).and_then(|file| {
            content.write(file.as_file())?;
            Ok(Some(Staged { file, place }))
        });
        staged.map_err(|error| Failure::system("write", &self.path, &error))
    }

    fn stream(&self, content: Content<'_>) -> Result<(), Failure> {
        match self.place {
            Place::File(_) => Ok(()),
            Place::Stdout => to_stdout(|stdout| content.write(stdout)),
            Place::Stream => File::options()
                .write(true)
                .open(&self.path)
                .and_then(|stream| content.write(stream))
                .map_err(|error| Failure::system("write", &self.path, &error)),
        }
    }
}

impl Content<'_> {
    fn write(self, mut writer: impl Write) -> io::Result<()> {
        match self {
            Self::Array(shape, values) => files::write(writer, shape, values),
            Self::Text(text) => writer.write_all(text.as_bytes()),
        }
    }
}

impl Place {
    fn of(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Ok(Self::Stdout);
        }
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                Err(Failure::expected(path.display(), "a file", "a folder"))
            }
            Ok(found) if !found.is_file() => Ok(Self::Stream),
            Ok(_) => path
                .canonicalize()
                .map(Self::File)
                .map_err(|error| Failure::system("write", path, &error)),
            Err(_) => Self::of_new_file(path),
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

fn new_file_beside(place: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".wgpu-softmax-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(place.parent().unwrap_or(Path::new(".")))
}

/// Writes to standard output at once; that nobody reads any more is a quiet end.
fn to_stdout(write: impl FnOnce(&mut io::StdoutLock<'_>) -> io::Result<()>) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    write(&mut stdout)
        .and_then(|()| stdout.flush())
        .map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::system("write", Path::new("standard output"), &error),
        })
}
