//! `check`: every operation on this machine's adapters against the f64 reference.

mod lines;

use super::adapters;
use super::args;
use super::failure::{Failure, is_quiet};
use super::outputs::Outputs;
use super::progress;
use super::report::{self, Adapter, Adapters, Checked};
use lines::{Shown, summaries};
use std::ops::ControlFlow;
use wgpu_softmax::Gpu;
use wgpu_softmax::check::{self, Selection};

pub(crate) fn run(args: &args::Check) -> Result<(), Failure> {
    let outputs = Outputs::default()
        .text("json", args.json.path.as_deref())?
        .text("junit", args.junit.as_deref())?
        .text("digests", args.digests.as_deref())?;
    // Two devices of each adapter: on a software adapter compiling takes long, and each compiles for itself.
    let open = || args.tuned.apply_each(adapters::open_each(&args.adapter)?);
    let gpus = open()?;
    let seconds = open()?;
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
    let mut shown = Shown::new(args.verbose, again(args, &adapter));
    let what = format!("checking {}", adapter.name);
    // Counting takes a moment.
    let count = progress::is_shown().then(|| selection.groups(&gpus[0]));
    let report = progress::over(what, count.flatten(), "groups", |bar| {
        check::run(gpus, &selection, &mut |group| {
            bar.inc(1);
            if let Some(text) = shown.text(group).filter(|_| said.is_ok()) {
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
    let tuning = args.tuned.tuning.as_ref();
    let tuning = tuning.map_or(String::new(), |file| {
        format!(" --tuning '{}'", file.display())
    });
    format!("{adapter}{tuning}{full} -v")
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

#[cfg(test)]
mod tests {
    use super::{Selection, Shown, check, summaries};
    use std::ops::ControlFlow;
    use wgpu_softmax::check::Group;
    use wgpu_softmax::variant::Operation;
    use wgpu_softmax::{DType, Gpu};

    /// Returns groups of f16 by operation and worst share of their bounds, made from one that has run.
    fn groups(of: &[(&str, f64)]) -> Vec<Group> {
        let selection = Selection::default().operation(Operation::LogSumExp);
        let gpu = Gpu::open().expect("an adapter");
        let report = check::run(&[gpu], &selection.dtype(DType::F16), &mut |_| {
            ControlFlow::Break(())
        });
        let ran = report.expect("a device that works").groups.remove(0);
        let group = |&(op, worst_bound): &(&str, f64)| {
            let mut group = ran.clone();
            group.op = op.into();
            group.variant = "streamed.invocation.words".into();
            group.inputs = "flat".into();
            group.worst_bound = worst_bound;
            group.passed = worst_bound <= 1.0;
            group.note = Some("probs at 3 x 4: found 1e0, expected 2e0, allowed 3e-3".into());
            group
        };
        of.iter().map(group).collect()
    }

    #[test]
    fn a_failure_names_its_numbers_and_the_command_that_repeats_it() {
        let groups = groups(&[("softmax", 2.0), ("softmax", 1.0)]);
        let mut shown = Shown::new(false, " --full -v".into());
        let failed = shown.text(&groups[0]).expect("the first failure");
        for word in [
            "FAILED softmax f16 streamed.invocation.words flat",
            "found 1e0, expected 2e0, allowed 3e-3",
            "wgpu-softmax check --op softmax --dtype f16 --full -v",
        ] {
            assert!(failed.contains(word), "{failed}");
        }
        // One of an operation and type will do, and none that passed.
        assert_eq!(
            [&groups[0], &groups[1]].map(|group| shown.text(group)),
            [None, None]
        );
        let mut shown = Shown::new(true, String::new());
        let passed = shown.text(&groups[1]).expect("every group");
        assert!(passed.starts_with("ok  1.000 of bound"), "{passed}");
        for _ in 0..2 {
            assert!(
                shown
                    .text(&groups[0])
                    .is_some_and(|text| text.starts_with("FAILED"))
            );
        }
    }

    #[test]
    fn an_operation_has_one_line_with_the_worst_of_each_type() {
        let mut groups = groups(&[("jacobian", 0.5), ("softmax", 0.25), ("softmax", 3.0)]);
        groups[1].dtype = "bf16".into();
        let lines: Vec<_> = summaries(&groups).collect();
        assert_eq!(
            lines,
            [
                "worst share of its bound     f32    f16   bf16",
                "softmax                        -  3.000  0.250      2 groups  1 FAILED",
                "jacobian                       -  0.500      -      1 groups  ok",
            ]
        );
    }

    #[test]
    fn the_lines_of_an_adapter_fit_a_screen() {
        let summaries = Selection::OPERATIONS.len();
        assert!(summaries + 3 < 24, "{summaries} and three more");
    }
}
