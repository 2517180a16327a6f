//! Options of the commands that look at the machine, and of those that set up the shell.

use super::Json;
use clap::Args;
use clap_complete::Shell;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Devices {
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Adapter that is wanted, named as in --adapter of the operations
    ///
    /// The advice is about this one. Without it, about the one that WGPU_ADAPTER_NAME names, or whatever is missing.
    #[arg(long, value_name = "SEL")]
    pub(crate) adapter: Option<String>,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// Shell that completes
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Folder that takes wgpu-softmax.1 and a page for each command
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}
