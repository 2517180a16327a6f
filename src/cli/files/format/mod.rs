//! Formats of array files, from bytes to values and back. Knows nothing of paths and messages.
//!
//! A header is believed only after it has been checked against the file's length, where that is known, so that nothing is
//! allocated by its word alone; and whatever the bytes, the outcome is values or a [`Bad`].

mod bytes;
mod floats;
mod literal;
mod npy;
mod npz;
mod safetensors;
mod source;
mod stored;

pub(crate) use bytes::Bytes;
pub(crate) use floats::{Floats, narrow};
pub(crate) use safetensors::shard;
pub(crate) use source::{Content, Source};
pub(crate) use stored::{Float, Stored};

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};

/// Format in which an array is written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Npy,
    Safetensors,
}

/// Header of an array in a file, checked against the file's length.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Header {
    pub(crate) stored: Stored,
    pub(crate) shape: Vec<usize>,
    /// True if the most significant byte of a value comes first.
    big_endian: bool,
    /// True if the first axis is the fastest.
    fortran: bool,
    /// Offset of the first value in the file, in bytes.
    start: u64,
}

impl Header {
    /// Returns the number of values.
    pub(crate) fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// Returns the number of bytes of all values.
    fn bytes(&self) -> u64 {
        self.count() as u64 * self.stored.width() as u64
    }
}

/// Reason why a file is not read or written.
#[derive(Debug)]
pub(crate) enum Bad {
    System(io::Error),
    Content { expected: String, found: String },
}

impl Bad {
    fn content(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Content {
            expected: expected.into(),
            found: found.into(),
        }
    }

    /// Returns the error of `found` bytes of data where the header has another number.
    fn data(header: &Header, found: u64) -> Self {
        let (bytes, stored, shape) = (header.bytes(), header.stored, Shape(&header.shape));
        let wanted = format!("{bytes} bytes of data for {stored} of shape {shape}");
        Self::content(wanted, found.to_string())
    }
}

impl From<io::Error> for Bad {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// Returns the header of a file that holds one array of floats in C order: the values follow it. In `.npy`, void elements
/// may be bf16.
///
/// # Errors
///
/// A type that the format lacks, a name that it keeps for itself, or a size past 64 bits.
pub(crate) fn head(
    format: Format,
    tensor: &str,
    float: Float,
    shape: &[usize],
    void_is_bf16: bool,
) -> Result<Vec<u8>, Bad> {
    match format {
        Format::Npy => npy::head(float, shape, void_is_bf16),
        Format::Safetensors => safetensors::head(tensor, float, shape),
    }
}

/// Number of axes of an array, at most: as many as NumPy allows.
const MOST_AXES: usize = 64;

fn require_few_axes(shape: &[usize]) -> Result<(), Bad> {
    if shape.len() <= MOST_AXES {
        return Ok(());
    }
    let most = format!("at most {MOST_AXES} axes");
    Err(Bad::content(most, shape.len().to_string()))
}

fn require_short_header(length: u64, most: u64) -> Result<(), Bad> {
    if length <= most {
        return Ok(());
    }
    let most = format!("a header of at most {most} bytes");
    Err(Bad::content(most, length.to_string()))
}

/// Returns the number whose least significant byte comes first.
fn little_endian(bytes: &[u8]) -> u64 {
    let append = |number, &byte| number << 8 | u64::from(byte);
    bytes.iter().rfold(0, append)
}

/// Finds the entry of this name, or the only one; `what` is the word for an entry.
fn pick<'e, T>(
    entries: &'e BTreeMap<String, T>,
    what: &str,
    wanted: Option<&str>,
) -> Result<(&'e str, &'e T), Bad> {
    let found = match wanted {
        Some(name) => entries.get_key_value(name),
        None => entries.first_key_value().filter(|_| entries.len() == 1),
    };
    let missing = || {
        let article = if what.starts_with('a') { "an" } else { "a" };
        let wanted = match wanted {
            Some(name) => format!("{article} {what} \"{}\"", brief(name)),
            None => format!("one {what}, or a name after #"),
        };
        Bad::content(wanted, names(entries))
    };
    let (name, entry) = found.ok_or_else(missing)?;
    Ok((name, entry))
}

/// Lists the names for a message: their number, and the first of them.
fn names<T>(entries: &BTreeMap<String, T>) -> String {
    let quoted = |name| format!("\"{}\"", brief(name));
    let shown: Vec<_> = entries.keys().take(8).map(|name| quoted(name)).collect();
    match (entries.len(), shown.join(", ")) {
        (0, _) => "none".into(),
        (all, names) if all > shown.len() => format!("{all}: {names}, ..."),
        (all, names) => format!("{all}: {names}"),
    }
}

/// Returns the start of a text from a file, fit for a message: what cannot be seen is escaped.
fn brief(text: &str) -> String {
    const LONGEST: usize = 100;
    let mut chars = text.trim_end().chars();
    let seen = |char: char| match char {
        '\'' | '"' => char.to_string(),
        _ => char.escape_debug().to_string(),
    };
    let mut brief: String = chars.by_ref().take(LONGEST).map(seen).collect();
    if chars.next().is_some() {
        brief.push_str("...");
    }
    brief
}

/// Appends `wanted` more bytes to `head`; `what` is expected to have them.
fn append(reader: &mut impl Read, head: &mut Vec<u8>, wanted: u64, what: &str) -> Result<(), Bad> {
    let found = reader.take(wanted).read_to_end(head)?;
    if (found as u64) < wanted {
        let end = format!("the end of the file after {} bytes", head.len());
        return Err(Bad::content(what, end));
    }
    Ok(())
}

/// A shape as NumPy prints it: `(2, 3)`, `(3,)`, `()`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape<'a>(pub(crate) &'a [usize]);

impl fmt::Display for Shape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let axes: Vec<String> = self.0.iter().map(usize::to_string).collect();
        match axes.as_slice() {
            [one] => write!(f, "({one},)"),
            _ => write!(f, "({})", axes.join(", ")),
        }
    }
}
