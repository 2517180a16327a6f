//! Readers and writers of array files, in this process: many thousand files, damaged at random, are read or refused.

#[allow(
    dead_code,
    unused_imports,
    reason = "the command line uses more of this"
)]
#[path = "../../../src/cli/files/format/mod.rs"]
mod format;

mod damage;
mod floats;
mod npy;
pub(crate) mod npz;
mod read;
mod safetensors;

use format::Bad;

/// Returns the words of a refusal.
fn words(bad: Bad) -> String {
    match bad {
        Bad::Content { expected, found } => format!("{expected} / {found}"),
        Bad::System(error) => error.to_string(),
    }
}
