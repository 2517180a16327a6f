//! Options of `tune`, and the option of the commands that use what it has written.

use super::{Json, Timed, values};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Args)]
pub(crate) struct Tune {
    #[command(flatten)]
    pub(crate) timed: Timed,
    /// Seconds that the whole run may take; what does not fit is left out
    #[arg(long, value_name = "S", default_value = "300", value_parser = values::seconds)]
    pub(crate) seconds: Duration,
    /// Write the faster kernels, a JSON list with one entry an adapter, for --tuning; - is standard output
    #[arg(short, long, value_name = "TUNING")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) json: Json,
}

/// The option of what runs kernels.
#[derive(Debug, Args)]
pub(crate) struct Tuned {
    /// Use the kernels that `tune -o` has found to be the fastest on this adapter. A file of another device, driver, crate version
    /// or of other shaders is refused
    #[arg(long, value_name = "FILE")]
    pub(crate) tuning: Option<PathBuf>,
}
