//! Names of files on the command line: a path, and the array in the file.

use super::format::Format;
use crate::cli::failure::Failure;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Names of standard input.
const STDIN: [&str; 2] = ["-", "/dev/stdin"];

/// Returns true for the names of standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    STDIN.iter().any(|name| path == Path::new(name))
}

/// An input: `FILE`, or `FILE#NAME` for one array of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) path: PathBuf,
    pub(super) array: Option<String>,
}

impl Named {
    /// Splits a text that is no file's name at the first `#` with a file before it.
    pub(super) fn parse(text: &Path) -> Self {
        Self::part(text, |path| is_stdin(path) || path.exists())
    }

    fn part(text: &Path, is_there: impl Fn(&Path) -> bool) -> Self {
        let parts = |text: &str| {
            let mut hashes = text
                .match_indices('#')
                .map(|(place, _)| text.split_at(place));
            let (path, name) = hashes.find(|(path, _)| is_there(Path::new(path)))?;
            Some((path.into(), Some(name[1..].into())))
        };
        let parted = text.to_str().filter(|_| !is_there(text)).and_then(parts);
        let (path, array) = parted.unwrap_or((text.into(), None));
        Self { path, array }
    }
}

/// An output: `FILE.npy`, `FILE.safetensors` or `FILE.safetensors#NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) path: PathBuf,
    pub(crate) format: Format,
    /// Name of the tensor, where one is given.
    pub(crate) tensor: Option<String>,
}

impl Address {
    /// Chooses the format by the name; one without an ending is a `.npy` file.
    pub(crate) fn parse(text: &Path) -> Result<Self, Failure> {
        if is_stdin(&Named::part(text, is_stdin).path) && text != Path::new("-") {
            return Err(Failure::expected(
                text.display(),
                "an output",
                "standard input",
            ));
        }
        if let Some((path, tensor)) = text.to_str().and_then(split_tensor) {
            return Ok(Self {
                path: path.into(),
                format: Format::Safetensors,
                tensor: Some(tensor.into()),
            });
        }
        let format = match text.extension().and_then(OsStr::to_str) {
            Some("npy") => Format::Npy,
            Some("safetensors") => Format::Safetensors,
            Some(other) => {
                return Err(Failure::expected(
                    text.display(),
                    "a .npy or .safetensors file",
                    format!(".{other}"),
                ));
            }
            None => Format::Npy,
        };
        Ok(Self {
            path: text.into(),
            format,
            tensor: None,
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

/// Splits `FILE.safetensors#NAME` at the first `#` behind the ending.
fn split_tensor(text: &str) -> Option<(&str, &str)> {
    const ENDING: &str = ".safetensors";
    let place = text.find(".safetensors#")? + ENDING.len();
    Some((&text[..place], &text[place + 1..]))
}

#[cfg(test)]
mod tests {
    use super::{Address, Format, Named};
    use std::path::Path;

    #[test]
    fn an_input_is_parted_behind_a_file() {
        let there = ["x", "x#1.npy", "m.safetensors", "-"];
        let cases = [
            ("x", "x", None),
            ("x#1.npy", "x#1.npy", None),
            ("x#1", "x", Some("1")),
            ("m.safetensors#a.b#c/d", "m.safetensors", Some("a.b#c/d")),
            ("x#1.npy#2", "x", Some("1.npy#2")),
            ("m.safetensors#", "m.safetensors", Some("")),
            ("-#t", "-", Some("t")),
            ("absent#t", "absent#t", None),
            ("#", "#", None),
        ];
        for (text, path, array) in cases {
            let found = Named::part(Path::new(text), |path| {
                there.iter().any(|there| Path::new(there) == path)
            });
            let array = array.map(str::to_owned);
            assert_eq!(
                (found.path.as_path(), found.array),
                (Path::new(path), array)
            );
        }
    }

    #[test]
    fn names_of_outputs_tell_the_format_and_the_tensor() {
        let cases = [
            ("x.npy", "x.npy", Format::Npy, None),
            ("x", "x", Format::Npy, None),
            ("x#1.npy", "x#1.npy", Format::Npy, None),
            ("d.e/x", "d.e/x", Format::Npy, None),
            ("x.safetensors", "x.safetensors", Format::Safetensors, None),
            (
                "x.safetensors#a.b#c/d",
                "x.safetensors",
                Format::Safetensors,
                Some("a.b#c/d"),
            ),
            (
                "x.safetensors#",
                "x.safetensors",
                Format::Safetensors,
                Some(""),
            ),
        ];
        for (text, path, format, tensor) in cases {
            let expected = Address {
                path: path.into(),
                format,
                tensor: tensor.map(str::to_owned),
            };
            assert_eq!(
                Address::parse(Path::new(text)).ok(),
                Some(expected),
                "{text}"
            );
        }
        assert!(Address::parse(Path::new("x.npy#a")).is_err());
        assert_eq!(Address::of_stream(Path::new("-")).format, Format::Npy);
    }
}
