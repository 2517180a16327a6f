//! Destinations of results: files, pipes and standard output.
//!
//! Paths are claimed before any work, so that a bad one costs nothing. Files are written next to their places as the work
//! goes on. When all of it has succeeded, the streams get what was kept for them, and only then are the files renamed
//! into place. A failure on the way leaves every older file as it was.

mod place;
mod staged;
mod unplaced;

use super::args::Common;
use super::failure::{Failure, say_to_stderr};
use super::files::{self, Address, Float, Floats};
use super::progress;
use place::Place;
use staged::Staged;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Outputs that the command line asks for, by the names of their results.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    claims: Vec<Claim>,
    /// True if bf16 is written to `.npy` as void elements.
    void_is_bf16: bool,
}

#[derive(Debug)]
struct Claim {
    name: &'static str,
    path: PathBuf,
    place: Place,
    /// Format of an array; none for a text.
    array: Option<Address>,
}

/// Array that is written as its values come, if anyone has asked for it.
#[derive(Debug)]
pub(crate) struct ArrayOutput {
    float: Float,
    staged: Option<Staged>,
}

impl ArrayOutput {
    /// Writes the next values, in C order and of the type with which the array was begun.
    pub(crate) fn write(&mut self, values: &Floats) -> Result<(), Failure> {
        let Some(staged) = &mut self.staged else {
            return Ok(());
        };
        assert_eq!(values.float(), self.float, "an array has one type");
        staged.floats(values)
    }
}

impl Outputs {
    /// Returns no outputs yet, for an operation.
    pub(crate) fn new(common: &Common) -> Self {
        Self {
            claims: Vec::new(),
            void_is_bf16: common.bf16,
        }
    }

    /// Claims a place for an array, if a path is given.
    pub(crate) fn array(self, name: &'static str, path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(self) };
        let address = match Place::of(path) {
            Ok(Place::Stdout | Place::Stream) => Address::of_stream(path),
            _ => Address::parse(path)?,
        };
        let place = Place::of(&address.path)?;
        self.claim(name, path, place, Some(address))
    }

    /// Claims a place for a text, if a path is given.
    pub(crate) fn text(self, name: &'static str, path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(self) };
        self.claim(name, path, Place::of(path)?, None)
    }

    fn claim(
        mut self,
        name: &'static str,
        path: &Path,
        place: Place,
        array: Option<Address>,
    ) -> Result<Self, Failure> {
        let claim = Claim {
            name,
            path: path.to_owned(),
            place,
            array,
        };
        if let Some(other) = self.claims.iter().find(|other| other.collides(&claim)) {
            let found = format!("two, {} and {name}", other.name);
            return Err(Failure::expected(path.display(), "one output", found));
        }
        self.claims.push(claim);
        Ok(self)
    }

    /// Returns true if nothing was asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.claims.is_empty()
    }

    /// Returns the names and paths of the arrays.
    pub(crate) fn arrays(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let arrays = self.claims.iter().filter(|claim| claim.array.is_some());
        arrays.map(|claim| (claim.name, claim.path.as_path()))
    }

    /// Prints a line of the result: to standard output, or to stderr where an output has that.
    pub(crate) fn say(&self, line: impl Display) -> Result<(), Failure> {
        if self.claims.iter().any(|claim| claim.place == Place::Stdout) {
            say_to_stderr(line);
            return Ok(());
        }
        to_stdout(|stdout| writeln!(stdout, "{line}"))
    }

    /// Begins to write the array of this name, of type `float` and shape `shape`.
    pub(crate) fn begin(
        &self,
        name: &str,
        float: Float,
        shape: &[usize],
    ) -> Result<ArrayOutput, Failure> {
        let mut claims = self.claims.iter().filter(|claim| claim.name == name);
        let staged = claims.find_map(|claim| Some((claim, claim.array.as_ref()?)));
        let staged = staged.map(|(claim, address)| {
            let head = files::head(address, name, float, shape, self.void_is_bf16)?;
            Staged::new(&claim.path, &claim.place, &head)
        });
        Ok(ArrayOutput {
            float,
            staged: staged.transpose()?,
        })
    }

    /// Puts the arrays, and the texts that were claimed, into their places: all, or none.
    pub(crate) fn finish(
        &self,
        arrays: impl IntoIterator<Item = ArrayOutput>,
        texts: &[(&str, &str)],
    ) -> Result<(), Failure> {
        let arrays = arrays.into_iter().filter_map(|array| array.staged);
        let texts = self.texts(texts, |_| true)?;
        place_all(arrays.chain(texts).collect())
    }

    /// Puts texts that are not complete yet into their files: each has all of its text, or what was there before. Streams
    /// wait.
    pub(crate) fn refresh(&self, texts: &[(&str, &str)]) -> Result<(), Failure> {
        let staged = self.texts(texts, |place| matches!(place, Place::File(_)))?;
        unplaced::place(|| staged.into_iter().try_for_each(Staged::rename))
    }

    fn texts(
        &self,
        texts: &[(&str, &str)],
        goes: impl Fn(&Place) -> bool,
    ) -> Result<Vec<Staged>, Failure> {
        let is_text = |claim: &&Claim| claim.array.is_none() && goes(&claim.place);
        let staged = self.claims.iter().filter(is_text).filter_map(|claim| {
            let (_, text) = texts.iter().find(|(name, _)| *name == claim.name)?;
            Some(Staged::new(&claim.path, &claim.place, text.as_bytes()))
        });
        staged.collect()
    }
}

/// Puts all outputs into their places: streams first, since files can still be left alone.
fn place_all(mut staged: Vec<Staged>) -> Result<(), Failure> {
    progress::during("writing".into(), |_| {
        let streamed = staged.iter_mut().try_for_each(Staged::stream);
        if !matches!(streamed, Ok(()) | Err(Failure::Closed)) {
            return streamed;
        }
        unplaced::place(|| staged.into_iter().try_for_each(Staged::rename))?;
        streamed
    })
}

impl Claim {
    fn collides(&self, other: &Self) -> bool {
        self.place == other.place && (self.place != Place::Stream || self.path == other.path)
    }
}

/// Writes to standard output at once; if nobody reads it any more, that is a quiet end.
fn to_stdout(write: impl FnOnce(&mut io::StdoutLock<'_>) -> io::Result<()>) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    write(&mut stdout)
        .and_then(|()| stdout.flush())
        .map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::system("write", Path::new("standard output"), &error),
        })
}
