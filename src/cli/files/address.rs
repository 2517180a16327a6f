//! What the command line calls a file: its path, and the tensor in it.

use super::format::Format;
use crate::cli::failure::Failure;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// A file on the command line: `FILE.npy`, `FILE.safetensors` or `FILE.safetensors#NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) path: PathBuf,
    pub(crate) format: Format,
    /// The tensor's name, where one is given.
    pub(crate) tensor: Option<String>,
}

impl Address {
    /// Tells the format from the name; one without an ending is a `.npy` file.
    pub(crate) fn parse(text: &Path) -> Result<Self, Failure> {
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

    /// A pipe or standard output: `.npy` whatever its name, unless that promises safetensors.
    pub(crate) fn of_stream(text: &Path) -> Self {
        Self::parse(text).unwrap_or(Self {
            path: text.into(),
            format: Format::Npy,
            tensor: None,
        })
    }
}

/// Parts `FILE.safetensors#NAME` at the first `#` behind the ending.
fn split_tensor(text: &str) -> Option<(&str, &str)> {
    const ENDING: &str = ".safetensors";
    let place = text.find(".safetensors#")? + ENDING.len();
    Some((&text[..place], &text[place + 1..]))
}

#[cfg(test)]
mod tests {
    use super::{Address, Format};
    use std::path::Path;

    #[test]
    fn names_tell_the_format_and_the_tensor() {
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
