//! Kind of a file by its first bytes; its name decides only where these do not.

use super::safetensors;
use std::path::Path;

/// Kind of a file that holds arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Npy,
    /// A ZIP archive of `.npy` files.
    Npz,
    Safetensors,
    /// JSON with the name of the `.safetensors` file of each tensor.
    Index,
}

impl Content {
    /// Number of first bytes that determine the kind.
    pub(crate) const START: u64 = 9;

    /// Returns the kind of a file that begins with `start`. A file of no known kind is of the one that its name promises,
    /// to be refused as such.
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
