//! What a file is, by its first bytes: its name has a say only where these say nothing.

use super::safetensors;
use std::path::Path;

/// The kinds of files that hold arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Npy,
    /// A ZIP archive of `.npy` files.
    Npz,
    Safetensors,
    /// JSON that says which `.safetensors` file has which tensor.
    Index,
}

impl Content {
    /// Bytes that tell it.
    pub(crate) const START: u64 = 9;

    /// The kind of a file that starts so. What is none of them is what its name promises, to be refused as such.
    pub(crate) fn of(start: &[u8], path: &Path) -> Self {
        match start {
            [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Self::Npy,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Npz,
            _ if safetensors::begin(start) => Self::Safetensors,
            [b'{', ..] => Self::Index,
            _ => Self::promised(path),
        }
    }

    fn promised(path: &Path) -> Self {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("npz") => Self::Npz,
            Some("safetensors") => Self::Safetensors,
            Some("json") => Self::Index,
            _ => Self::Npy,
        }
    }
}
