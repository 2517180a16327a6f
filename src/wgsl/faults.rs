//! Faults planted in the shaders, to test that the check finds them. For tests only.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

/// A replacement of some text of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Name of the file under `shaders/`.
    pub file: String,
    /// Text that is replaced. It occurs once in the file.
    pub from: String,
    /// Text that replaces it.
    pub to: String,
}

static PLANTED: Mutex<Option<Fault>> = Mutex::new(None);

/// Plants a fault: from now on, every program has this one and no other.
pub fn plant(fault: Option<Fault>) {
    *PLANTED.lock().unwrap_or_else(PoisonError::into_inner) = fault;
}

/// Returns a file's text with the planted fault.
pub(crate) fn text(name: &'static str, text: &'static str) -> Cow<'static, str> {
    let planted = PLANTED.lock().unwrap_or_else(PoisonError::into_inner);
    match planted.as_ref().filter(|fault| fault.file == name) {
        Some(fault) => Cow::Owned(text.replacen(&fault.from, &fault.to, 1)),
        None => Cow::Borrowed(text),
    }
}
