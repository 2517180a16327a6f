//! Planted faults: plants faults in the shaders, one after the other, such as a tired person makes. The check has to see each of
//! them. The lists in this folder hold the faults.
//!
//! ```text
//! cargo test --release --features planted-faults --test faults [-- FILE...]
//! ```

mod list;

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Instant;

use list::{Listed, listed};
use wgpu_softmax::check::{self, Group, Selection};
use wgpu_softmax::shader::faults::{Fault, plant};
use wgpu_softmax::variant::Operation;
use wgpu_softmax::{Error, Gpu};

/// Returns the first group that a check finds wrong.
fn first_failure(fault: Option<Fault>) -> Result<Option<Group>, Error> {
    // Products are of one operation.
    let is_of_product =
        |fault: &Fault| fault.file == "kernel/gemm.wgsl" || fault.file.starts_with("tile/");
    let selection = match fault.as_ref().is_some_and(is_of_product) {
        true => Selection::default().operation(Operation::LinearCrossEntropy),
        false => Selection::default(),
    };
    plant(fault);
    let gpus = [Gpu::open()?, Gpu::open()?];
    let mut failure = None;
    check::run(&gpus, &selection, &mut |group| {
        if group.passed {
            return ControlFlow::Continue(());
        }
        failure.get_or_insert_with(|| group.clone());
        ControlFlow::Break(())
    })?;
    Ok(failure)
}

/// Returns the verdict of the check on the fault, in words.
fn verdict(Listed { fault, what }: &Listed) -> Result<String, String> {
    let started = Instant::now();
    let found = first_failure(Some(fault.clone()));
    let seconds = started.elapsed().as_secs_f64();
    let named = format!("{:<28} {what:<52} {seconds:>5.1} s", fault.file);
    match found {
        Ok(Some(group)) => Ok(format!(
            "{named}  {} {} {} {}",
            group.op, group.dtype, group.variant, group.inputs
        )),
        Ok(None) => Err(format!("{named}  NOT SEEN")),
        // A shader that does not compile is seen without a check.
        Err(error) => Err(format!("{named}  NO SHADER: {error}")),
    }
}

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let is_wanted =
        |one: &Listed| wanted.is_empty() || wanted.iter().any(|part| one.fault.file.contains(part));
    let faults = match listed() {
        Ok(faults) => faults,
        Err(reason) => {
            eprintln!("{reason}");
            return ExitCode::FAILURE;
        }
    };
    match first_failure(None) {
        Ok(None) => {}
        Ok(Some(group)) => {
            eprintln!("without a fault, the check fails: {group:?}");
            return ExitCode::FAILURE;
        }
        Err(error) => {
            eprintln!("the check does not run: {error}");
            return ExitCode::FAILURE;
        }
    }
    let (mut seen, mut failed) = (0, 0);
    for one in faults.iter().filter(|one| is_wanted(one)) {
        match verdict(one) {
            Ok(line) => {
                seen += 1;
                println!("{line}");
            }
            Err(line) => {
                failed += 1;
                println!("{line}");
            }
        }
    }
    println!("{seen} faults seen, {failed} not");
    match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
