//! `check`: every operation on this machine's adapters against the f64 reference.

mod lines;

use super::adapters;
use super::args;
use super::failure::{Failure, is_quiet};
use super::outputs::Outputs;
use super::progress;
use super::report::{self, Adapter, Adapters, Checked};
use lines::{failure, line, summaries};
use std::collections::HashSet;
use std::ops::ControlFlow;
use wgpu_softmax::Gpu;
use wgpu_softmax::check::{self, Selection};

pub(crate) fn run(args: &args::Check) -> Result<(), Failure> {
    let outputs = Outputs::default()
        .text("json", args.json.path.as_deref())?
        .text("junit", args.junit.as_deref())?
        .text("digests", args.digests.as_deref())?;
    // Two devices of each adapter: on a software adapter compiling takes long, and each compiles for itself.
    let gpus = adapters::open_each(&args.adapter)?;
    let seconds = adapters::open_each(&args.adapter)?;
    let pairs = gpus.into_iter().zip(seconds);
    let measured = pairs.map(|(gpu, second)| measure(&[gpu, second], args, &outputs));
    let report = Adapters {
        adapters: measured.collect::<Result<_, _>>()?,
    };
    let (json, junit) = (report::json(&report), report::junit(&report));
    let digests = report::digests(&report);
    let texts = [("json", &*json), ("junit", &junit), ("digests", &digests)];
    outputs.finish([], &texts)?;
    conclude(&report.adapters, &outputs)
}

fn measure(gpus: &[Gpu], args: &args::Check, outputs: &Outputs) -> Result<Checked, Failure> {
    let mut selection = match args.full {
        true => Selection::full(),
        false => Selection::default(),
    };
    selection.operations.clone_from(&args.op);
    selection.dtypes.clone_from(&args.dtype);
    let adapter: Adapter = gpus[0].adapter_info().into();
    let mut said = match is_quiet() {
        true => Ok(()),
        false => outputs.say(&adapter),
    };
    let again = again(args, &adapter);
    // One failure an operation and type is shown, with the command that shows the others.
    let mut failed = HashSet::new();
    let what = format!("checking {}", adapter.name);
    let count = selection.groups(&gpus[0]);
    let report = progress::over(what, count, "groups", |bar| {
        check::run(gpus, &selection, &mut |group| {
            bar.inc(1);
            let text = match group.passed {
                true => args.verbose.then(|| line(group)),
                false => {
                    let is_first = failed.insert((group.op.clone(), group.dtype.clone()));
                    (is_first || args.verbose).then(|| failure(group, &again))
                }
            };
            if let Some(text) = text.filter(|_| said.is_ok()) {
                said = bar.suspend(|| outputs.say(text));
            }
            // If nobody reads the lines and no file waits for the rest, there is no point in going on.
            if said.is_err() && outputs.is_empty() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
    })?;
    let groups = report.groups;
    if !is_quiet() {
        said = said.and_then(|()| summaries(&groups).try_for_each(|line| outputs.say(line)));
    }
    if outputs.is_empty() {
        said?;
    }
    Ok(Checked { adapter, groups })
}

/// Returns the flags that repeat a check on this adapter, but for the operation and the type.
fn again(args: &args::Check, adapter: &Adapter) -> String {
    let Adapter { name, backend, .. } = adapter;
    let adapter = match args.adapter.as_slice() {
        [] => String::new(),
        [one] if one != "all" => format!(" --adapter '{one}'"),
        _ => format!(" --adapter '{name}@{backend}'"),
    };
    let full = if args.full { " --full" } else { "" };
    format!("{adapter}{full} -v")
}

/// Prints the last line, and returns the verdict: if nothing ran, that is no pass.
fn conclude(adapters: &[Checked], outputs: &Outputs) -> Result<(), Failure> {
    let groups = || adapters.iter().flat_map(|checked| &checked.groups);
    let passed = groups().filter(|group| group.passed).count();
    let (all, failed) = (groups().count(), groups().count() - passed);
    let said = match is_quiet() {
        true => Ok(()),
        false => outputs.say(format!("{all} groups: {passed} ok, {failed} FAILED")),
    };
    if adapters.iter().any(|checked| checked.groups.is_empty()) {
        return Err(Failure::Difference("an adapter ran no group".into()));
    }
    if failed > 0 {
        let words = format!("{failed} of {all} groups differ from the reference");
        return Err(Failure::Difference(words));
    }
    said
}
