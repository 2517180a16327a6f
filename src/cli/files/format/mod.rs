//! The formats of array files, from bytes to values and back. Knows nothing of paths and messages.
//!
//! A header is believed only after it has been checked against the file's length, so that nothing is allocated by its
//! word alone; and whatever the bytes, the outcome is values or a [`Bad`].

mod floats;
mod npy;
mod safetensors;
mod source;
mod stored;

pub(crate) use floats::{Floats, narrow};
pub(crate) use source::Source;
pub(crate) use stored::{Float, Stored};

use std::io::{self, Read};

/// How an array lies in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Npy,
    Safetensors,
}

/// What a file says of an array, checked against the file's length.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Header {
    pub(crate) stored: Stored,
    pub(crate) shape: Vec<usize>,
    /// The most significant byte of a value comes first.
    big_endian: bool,
    /// The first axis is the fastest.
    fortran: bool,
    /// Where the values begin.
    start: u64,
}

impl Header {
    /// How many values there are.
    pub(crate) fn count(&self) -> usize {
        self.shape.iter().product()
    }
}

/// What is wrong with a file.
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
}

impl From<io::Error> for Bad {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// The header of a file that holds one array of floats in C order: the values follow it.
///
/// # Errors
///
/// A type that the format lacks, a name that it keeps for itself, or a size past 64 bits.
pub(crate) fn head(
    format: Format,
    tensor: &str,
    float: Float,
    shape: &[usize],
) -> Result<Vec<u8>, Bad> {
    match format {
        Format::Npy => npy::head(float, shape),
        Format::Safetensors => safetensors::head(tensor, float, shape),
    }
}

/// Axes of an array, at most: as many as NumPy allows.
const MOST_AXES: usize = 64;

fn require_few_axes(shape: &[usize]) -> Result<(), Bad> {
    if shape.len() <= MOST_AXES {
        return Ok(());
    }
    Err(Bad::content(
        format!("at most {MOST_AXES} axes"),
        shape.len().to_string(),
    ))
}

/// The start of a text from a file, fit for a message.
fn brief(text: &str) -> String {
    const LONGEST: usize = 100;
    let mut brief: String = text.trim_end().chars().take(LONGEST).collect();
    if text.trim_end().chars().nth(LONGEST).is_some() {
        brief.push_str("...");
    }
    brief.escape_debug().to_string()
}

/// Fills up `head` with `wanted` bytes more; `what` is expected to have them.
fn append(reader: &mut impl Read, head: &mut Vec<u8>, wanted: u64, what: &str) -> Result<(), Bad> {
    let found = reader.take(wanted).read_to_end(head)?;
    if (found as u64) < wanted {
        let end = format!("the end of the file after {} bytes", head.len());
        return Err(Bad::content(what, end));
    }
    Ok(())
}

#[cfg(test)]
mod damage;
