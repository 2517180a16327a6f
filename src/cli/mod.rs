//! The command line. Each operation goes one way: claim the outputs, open the inputs, then block by block read,
//! compute and write, and at the end put the outputs into place.

mod adapters;
mod advice;
mod args;
mod bench;
mod blocks;
mod check;
mod completions;
mod cross_entropy;
mod doctor;
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
mod tune;
mod tuning;

use args::{Cli, Command, Compute, Inspect, Install, Measure, Verify};
use failure::Failure;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command that the arguments ask for.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::of(std::env::args_os().map(input));
    failure::set_quiet(cli.quiet);
    match run(&cli.command) {
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

fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Compute(command) => compute(command),
        Command::Verify(Verify::Check(args)) => check::run(args),
        Command::Measure(Measure::Bench(args)) => bench::run(args),
        Command::Measure(Measure::Report(args)) => bench::side_by_side::run(args),
        Command::Measure(Measure::Tune(args)) => tune::run(args),
        Command::Inspect(Inspect::Devices(args)) => adapters::list(args),
        Command::Inspect(Inspect::Doctor(args)) => doctor::run(args),
        Command::Inspect(Inspect::Kernel(args)) => kernel::run(args),
        Command::Install(Install::Completions(args)) => completions::print(args),
        Command::Install(Install::Man(args)) => completions::pages(args),
    }
}

fn compute(command: &Compute) -> Result<(), Failure> {
    match command {
        Compute::Softmax(args) => operations::softmax(args),
        Compute::LogSoftmax(args) => operations::log_softmax(args),
        Compute::Logsumexp(args) => operations::logsumexp(args),
        Compute::SoftmaxBackward(args) => operations::softmax_backward(args),
        Compute::LogSoftmaxBackward(args) => operations::log_softmax_backward(args),
        Compute::LogsumexpBackward(args) => operations::logsumexp_backward(args),
        Compute::CrossEntropy(args) => cross_entropy::run(args),
        Compute::LinearCrossEntropy(args) => cross_entropy::linear::run(args),
        Compute::Jacobian(args) => operations::jacobian(args),
    }
}
