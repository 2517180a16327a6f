//! `check`: every operation on this machine's adapters against the f64 reference.

use super::adapters;
use super::args;
use super::failure::Failure;
use super::outputs::Outputs;
use super::progress;
use super::report::{self, Adapter, Adapters, Checked};
use std::ops::ControlFlow;
use wgpu_softmax::check::{self, Group, Selection};
use wgpu_softmax::variant::Operation;
use wgpu_softmax::{DType, Gpu};

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
    let mut said = outputs.say(&adapter);
    let what = format!("checking {}", adapter.name);
    let report = progress::counting(what, "groups", |bar| {
        check::run(gpus, &selection, &mut |group| {
            bar.inc(1);
            if said.is_ok() && (args.verbose || !group.passed) {
                said = bar.suspend(|| outputs.say(lines(group, args.full)));
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
    let said = said.and_then(|()| summaries(&groups).try_for_each(|line| outputs.say(line)));
    if outputs.is_empty() {
        said?;
    }
    Ok(Checked { adapter, groups })
}

/// Returns the line of one group; for one that failed, also what was wrong and how to see it again.
fn lines(group: &Group, full: bool) -> String {
    let Group {
        op,
        dtype,
        variant,
        inputs,
        elements,
        ..
    } = group;
    let (ulp, bound) = (short(group.worst_ulp), short(group.worst_bound));
    if group.passed {
        return format!(
            "{op:<24} {dtype:<4} {variant:<44} {inputs:<21} {elements:>8} values {ulp:>9} ulp {bound:>9} of bound  ok"
        );
    }
    let full = if full { " --full" } else { "" };
    format!(
        "FAILED {}\n  {}\n  again: wgpu-softmax check --op {op} --dtype {dtype}{full} -v",
        report::name(group),
        group.note.as_deref().unwrap_or_default()
    )
}

fn short(number: f64) -> String {
    if number.abs() < 1e6 {
        format!("{number:.3}")
    } else {
        format!("{number:.2e}")
    }
}

/// Returns the lines of all operations and storage types, in their order, not in that in which they ran.
fn summaries(groups: &[Group]) -> impl Iterator<Item = String> {
    let of_both = |operation: Operation, dtype: DType| -> Vec<&Group> {
        let names = (operation.name(), dtype.name());
        let is_of_both = |group: &&Group| (&*group.op, &*group.dtype) == names;
        groups.iter().filter(is_of_both).collect()
    };
    Selection::OPERATIONS
        .into_iter()
        .flat_map(move |operation| DType::ALL.map(|dtype| of_both(operation, dtype)))
        .filter(|of_both| !of_both.is_empty())
        .map(|of_both| summary(&of_both))
}

/// Returns the line of the groups of one operation on one storage type, with the worst of them.
fn summary(groups: &[&Group]) -> String {
    let worst =
        |of: fn(&Group) -> f64| short(groups.iter().map(|group| of(group)).fold(0.0, f64::max));
    let (ulp, bound) = (
        worst(|group| group.worst_ulp),
        worst(|group| group.worst_bound),
    );
    let verdict = match groups.iter().filter(|group| !group.passed).count() {
        0 => "ok".into(),
        failed => format!("{failed} FAILED"),
    };
    let Group { op, dtype, .. } = groups[0];
    let count = groups.len();
    format!("{op:<24} {dtype:<4} {count:>5} groups {bound:>9} of bound {ulp:>9} ulp  {verdict}")
}

/// Prints the last line, and returns the verdict: if nothing ran, that is no pass.
fn conclude(adapters: &[Checked], outputs: &Outputs) -> Result<(), Failure> {
    let groups = || adapters.iter().flat_map(|checked| &checked.groups);
    let passed = groups().filter(|group| group.passed).count();
    let (all, failed) = (groups().count(), groups().count() - passed);
    let said = outputs.say(format!("{all} groups: {passed} ok, {failed} FAILED"));
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
    use super::{Group, Selection, check, lines, summaries};
    use std::ops::ControlFlow;
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
        let failed = lines(&groups[0], true);
        for word in [
            "FAILED softmax f16 streamed.invocation.words flat",
            "found 1e0, expected 2e0, allowed 3e-3",
            "wgpu-softmax check --op softmax --dtype f16 --full -v",
        ] {
            assert!(failed.contains(word), "{failed}");
        }
        assert!(lines(&groups[1], false).ends_with("  ok"));
    }

    #[test]
    fn an_operation_has_one_line_with_the_worst_of_its_groups() {
        let groups = groups(&[("jacobian", 0.5), ("softmax", 0.25), ("softmax", 3.0)]);
        let lines: Vec<_> = summaries(&groups).collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].contains("2 groups     3.000 of bound") && lines[0].ends_with("1 FAILED"));
        assert!(lines[1].contains("0.500 of bound") && lines[1].ends_with("ok"));
    }
}
