//! Failures of a command, the exit code of each, and the one way by which words go to stderr.

use clap::builder::Styles;
use clap::builder::styling::Style;
use std::fmt::{self, Display};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// The colours of clap, whose messages stand beside ours.
const STYLES: Styles = Styles::styled();

/// True if nothing but results and errors is to be said.
static QUIET: AtomicBool = AtomicBool::new(false);

/// Sets whether nothing but results and errors is said.
pub(crate) fn set_quiet(quiet: bool) {
    QUIET.store(quiet, Ordering::Relaxed);
}

/// Returns true if nothing but results and errors is said.
pub(crate) fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Reason why a command ends early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The usage or an input is bad: what was expected, what was found, and where.
    Input(String),
    /// The library refused or failed, at these inputs.
    Library {
        /// Description of the inputs.
        at: String,
        /// Error of the library.
        error: wgpu_softmax::Error,
    },
    /// No adapter serves: why, and what helps.
    NoAdapter { reason: String, advice: Vec<String> },
    /// `check` found this difference.
    Difference(String),
    /// The machine does not have the memory.
    Memory(String),
    /// Nobody reads standard output any more.
    Closed,
}

impl Failure {
    /// Returns the failure of a bad file or flag, in the form of every such message.
    pub(crate) fn expected(
        what: impl Display,
        expected: impl Display,
        found: impl Display,
    ) -> Self {
        Self::Input(format!("{what}: expected {expected}, found {found}"))
    }

    /// Returns the failure of a file that the system did not let us read or write.
    pub(crate) fn system(doing: &str, path: &Path, error: &io::Error) -> Self {
        let message = format!("{}: cannot {doing}: {error}", path.display());
        match error.kind() {
            io::ErrorKind::OutOfMemory => Self::Memory(message),
            _ => Self::Input(message),
        }
    }

    /// Returns the exit code of the command.
    pub(crate) fn code(&self) -> u8 {
        use wgpu_softmax::Error;
        match self {
            Self::Closed => 0,
            Self::Difference(_) => 1,
            Self::NoAdapter { .. } => 3,
            Self::Library {
                error: Error::NoAdapter(_),
                ..
            } => 3,
            Self::Library {
                error: Error::Device { .. } | Error::Lost { .. } | Error::OutOfMemory { .. },
                ..
            }
            | Self::Memory(_) => 4,
            Self::Input(_) | Self::Library { .. } => 2,
        }
    }

    /// Writes the reason to stderr, where there is something to say.
    pub(crate) fn tell(&self) {
        if !matches!(self, Self::Closed) {
            label(STYLES.get_error(), "error", self);
        }
        if let Self::NoAdapter { advice, .. } = self {
            advice.iter().for_each(hint);
        }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("standard output is closed"),
            Self::Input(message) | Self::Difference(message) | Self::Memory(message) => {
                f.write_str(message)
            }
            Self::NoAdapter { reason, .. } => write!(f, "no usable adapter: {reason}"),
            Self::Library { at, error } if at.is_empty() => error.fmt(f),
            Self::Library { at, error } => write!(f, "{at}: {error}"),
        }
    }
}

impl From<wgpu_softmax::Error> for Failure {
    fn from(error: wgpu_softmax::Error) -> Self {
        Self::Library {
            at: String::new(),
            error,
        }
    }
}

/// Writes a line about the work to stderr, unless it is to be quiet.
pub(crate) fn note(kind: &str, message: impl Display) {
    if !is_quiet() {
        label(STYLES.get_literal(), kind, message);
    }
}

/// Writes a line of advice to stderr.
fn hint(message: impl Display) {
    label(STYLES.get_valid(), "hint", message);
}

fn label(style: &Style, kind: &str, message: impl Display) {
    say_to_stderr(format_args!("{style}{kind}:{style:#} {message}"));
}

/// Writes a line to stderr, in colours where it is a terminal; if nobody reads it, that is no failure.
pub(crate) fn say_to_stderr(line: impl Display) {
    let _unread = writeln!(anstream::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::Failure;
    use wgpu_softmax::Error;

    #[test]
    fn every_reason_has_its_exit_code() {
        let at = || String::from("softmax of 8 x 1000");
        let failed = Error::Device {
            at: at(),
            reason: "of its own".into(),
        };
        let length = Error::Length {
            what: "logits",
            expected: 8,
            found: 7,
        };
        assert_eq!(Failure::Closed.code(), 0);
        assert_eq!(Failure::Difference(String::new()).code(), 1);
        assert_eq!(Failure::Input(String::new()).code(), 2);
        assert_eq!(Failure::from(length).code(), 2);
        assert_eq!(Failure::from(Error::NoAdapter(String::new())).code(), 3);
        let none = Failure::NoAdapter {
            reason: String::new(),
            advice: Vec::new(),
        };
        assert_eq!(none.code(), 3);
        for error in [
            failed,
            Error::Lost { at: at() },
            Error::OutOfMemory { at: at() },
        ] {
            assert_eq!(Failure::from(error).code(), 4);
        }
        assert_eq!(Failure::Memory(String::new()).code(), 4);
    }
}
