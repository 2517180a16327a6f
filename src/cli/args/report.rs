//! Options of `report`.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// Results of runs, files written by bench --json
    #[arg(required = true, value_name = "JSON")]
    pub(crate) files: Vec<PathBuf>,
    /// Write an HTML page with plots; - is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Write the plots alone, as one SVG file; - is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}
