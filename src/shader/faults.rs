//! Faults planted in the shaders, to see whether the check sees them: for tests alone.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

/// Some text of a file that is replaced by another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file's name under `shaders/`.
    pub file: String,
    /// What is replaced: it occurs once in the file.
    pub from: String,
    /// What takes its place.
    pub to: String,
}

static PLANTED: Mutex<Option<Fault>> = Mutex::new(None);

/// From now on, every program has this fault, and no other.
pub fn plant(fault: Option<Fault>) {
    *PLANTED.lock().unwrap_or_else(PoisonError::into_inner) = fault;
}

/// A file with the fault that is planted in it.
pub(super) fn text(name: &'static str, text: &'static str) -> Cow<'static, str> {
    let planted = PLANTED.lock().unwrap_or_else(PoisonError::into_inner);
    match planted.as_ref().filter(|fault| fault.file == name) {
        Some(fault) => Cow::Owned(text.replacen(&fault.from, &fault.to, 1)),
        None => Cow::Borrowed(text),
    }
}
