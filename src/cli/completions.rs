//! `completions` and `man`: what shells and readers of manuals want to know of the command line.

use super::args::{self, Completions, Man};
use super::failure::Failure;
use super::outputs::Outputs;
use std::fs;

const NAME: &str = env!("CARGO_BIN_NAME");

/// Runs `completions`: prints the script of a shell.
pub(crate) fn print(args: &Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::command(), NAME, &mut script);
    // Bash finds no flag of a command, as long as a hyphen in the name is written in two ways: clap-rs/clap#6421.
    let [one, other] = ["__subcmd__", "__"].map(|hyphen| NAME.replace('-', hyphen));
    let script = String::from_utf8_lossy(&script).replace(&one, &other);
    Outputs::default().say(script.trim_end())
}

/// Runs `man`: writes a page for the whole, and one for each command.
pub(crate) fn pages(args: &Man) -> Result<(), Failure> {
    let written = fs::create_dir_all(&args.folder)
        .and_then(|()| clap_mangen::generate_to(args::command(), &args.folder));
    written.map_err(|error| Failure::system("write", &args.folder, &error))
}
