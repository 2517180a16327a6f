//! From a variant to WGSL text: the files that are joined, the flags and constants that are set, the bindings that are
//! used.
//!
//! `slots` is the table of the files, and `text` joins them by the tools of `crate::wgsl`, which decide flags and drop what the
//! entry point does not reach. A test walks every program and compares what is said here with what naga reads.

mod binding;
#[doc(hidden)]
pub mod options;
#[doc(hidden)]
pub mod params;
mod program;
mod slots;
mod text;

#[cfg(feature = "planted-faults")]
pub use crate::wgsl::faults;
pub use binding::Binding;
pub(crate) use program::TALLIED;
pub use program::{Program, Stage};
pub(crate) use slots::digest;
pub use slots::table;
#[cfg(feature = "bench")]
pub(crate) use text::assemble;
