//! From a variant to WGSL text: the files that are joined, the flags and constants that are set, the bindings that are
//! used.
//!
//! `text` has the table of the files, and joins them by the tools of `crate::wgsl`. A test walks every program and compares
//! what is said here with what naga reads.

mod binding;
mod listing;
#[doc(hidden)]
pub mod loss_flags;
#[doc(hidden)]
pub mod params;
mod program;
mod text;

#[cfg(feature = "planted-faults")]
pub use crate::wgsl::faults;
pub use binding::Binding;
pub(crate) use listing::digest;
pub use listing::table;
pub(crate) use program::TALLIED;
pub use program::{Program, Stage};
#[cfg(feature = "bench")]
pub(crate) use text::assemble;
