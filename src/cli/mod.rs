//! The command line. Each operation goes one way: claim the outputs, open the inputs, then block by block read,
//! compute and write, and at the end put the outputs into place.

mod adapters;
mod args;
mod bench;
mod blocks;
mod check;
mod cross_entropy;
mod engine;
mod failure;
mod files;
mod kernel;
mod mask;
mod operations;
mod outputs;
mod progress;
mod report;
mod rows;

use args::{Cli, Command};
use clap::Parser;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command that the arguments ask for.
pub(crate) fn main() -> ExitCode {
    match run(&Cli::parse_from(std::env::args_os().map(input)).command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            failure.code().into()
        }
    }
}

/// Writes `-#NAME`, a tensor from standard input, as `/dev/stdin#NAME`: the former would be a flag.
fn input(argument: OsString) -> OsString {
    match argument.to_str().and_then(|text| text.strip_prefix("-#")) {
        Some(name) => format!("/dev/stdin#{name}").into(),
        None => argument,
    }
}

fn run(command: &Command) -> Result<(), failure::Failure> {
    match command {
        Command::Devices(args) => adapters::list(args),
        Command::Softmax(args) => operations::softmax(args),
        Command::LogSoftmax(args) => operations::log_softmax(args),
        Command::Logsumexp(args) => operations::logsumexp(args),
        Command::SoftmaxBackward(args) => operations::softmax_backward(args),
        Command::LogSoftmaxBackward(args) => operations::log_softmax_backward(args),
        Command::LogsumexpBackward(args) => operations::logsumexp_backward(args),
        Command::CrossEntropy(args) => cross_entropy::run(args),
        Command::Jacobian(args) => operations::jacobian(args),
        Command::Check(args) => check::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Report(args) => bench::side_by_side::run(args),
        Command::Kernel(args) => kernel::run(args),
    }
}
