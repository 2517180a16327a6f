//! `check`: every operation on this machine's adapters against the f64 reference.

use super::adapters;
use super::args;
use super::failure::Failure;
use super::outputs::Outputs;
use super::progress;
use super::report::{self, Adapter, Adapters, Checked, Group, Number};
use std::ops::ControlFlow;
use wgpu_softmax::check::{self, Selection};
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
    let adapters = pairs
        .map(|(gpu, second)| measure(&[gpu, second], args, &outputs))
        .collect::<Result<_, _>>()?;
    let report = Adapters { adapters };
    let (json, junit) = (report::json(&report), report::junit(&report));
    let digests = report::digests(&report);
    let texts = [("json", &*json), ("junit", &junit), ("digests", &digests)];
    outputs.finish([], &texts)?;
    conclude(&report.adapters, &outputs)
}

fn selection(args: &args::Check) -> Selection {
    let mut selection = match args.full {
        true => Selection::full(),
        false => Selection::default(),
    };
    selection.operations.clone_from(&args.op);
    selection.dtypes.clone_from(&args.dtype);
    selection
}

fn measure(gpus: &[Gpu], args: &args::Check, outputs: &Outputs) -> Result<Checked, Failure> {
    let adapter: Adapter = gpus[0].adapter_info().into();
    let mut said = outputs.say(&adapter);
    let what = format!("checking {}", adapter.name);
    let groups = progress::counting(what, "groups", |bar| {
        check::run(gpus, &selection(args), &mut |group| {
            bar.inc(1);
            if said.is_ok() && (args.verbose || !group.passed) {
                said = bar.suspend(|| outputs.say(lines(&group.into(), args.full)));
            }
            // If nobody reads the lines and no file waits for the rest, there is no point in going on.
            if said.is_err() && outputs.is_empty() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
    })?;
    let groups: Vec<_> = groups.groups.iter().map(Group::from).collect();
    let summaries = Summary::all(&groups);
    let said = said.and_then(|()| summaries.iter().try_for_each(|one| outputs.say(one.line())));
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
    let (ulp, bound) = (short(group.worst_ulp.0), short(group.worst_bound.0));
    let measured = format!(
        "{op:<24} {dtype:<4} {variant:<44} {inputs:<21} {elements:>8} values {ulp:>9} ulp {bound:>9} of bound"
    );
    if group.passed {
        return measured + "  ok";
    }
    let full = if full { " --full" } else { "" };
    format!(
        "FAILED {op} {dtype} {variant} {inputs}\n  {}\n  again: wgpu-softmax check --op {op} --dtype {dtype}{full} -v",
        group.note
    )
}

fn short(number: f64) -> String {
    if number.abs() < 1e6 {
        format!("{number:.3}")
    } else {
        format!("{number:.2e}")
    }
}

/// Summary of the groups of one operation on one storage type.
struct Summary<'a> {
    op: &'a str,
    dtype: &'a str,
    groups: usize,
    failed: usize,
    worst_bound: f64,
    worst_ulp: f64,
}

impl<'a> Summary<'a> {
    /// Returns all summaries, in the order of operations and types, not in that in which they ran.
    fn all(groups: &'a [Group]) -> Vec<Self> {
        let mut list: Vec<Self> = Vec::new();
        for group in groups {
            let same = |one: &&mut Self| (one.op, one.dtype) == (&*group.op, &*group.dtype);
            match list.iter_mut().find(same) {
                Some(summary) => summary.add(group),
                None => {
                    let mut summary = Self {
                        op: &group.op,
                        dtype: &group.dtype,
                        groups: 0,
                        failed: 0,
                        worst_bound: 0.0,
                        worst_ulp: 0.0,
                    };
                    summary.add(group);
                    list.push(summary);
                }
            }
        }
        let place = |one: &Self| {
            let operation = |operation: &Operation| operation.name() == one.op;
            let dtype = |dtype: &DType| dtype.name() == one.dtype;
            let operation = Selection::OPERATIONS.iter().position(operation);
            (operation, DType::ALL.iter().position(dtype))
        };
        list.sort_by_key(place);
        list
    }

    fn add(&mut self, group: &Group) {
        self.groups += 1;
        self.failed += usize::from(!group.passed);
        self.worst_bound = self.worst_bound.max(group.worst_bound.0);
        self.worst_ulp = self.worst_ulp.max(group.worst_ulp.0);
    }

    fn line(&self) -> String {
        let verdict = match self.failed {
            0 => "ok".into(),
            failed => format!("{failed} FAILED"),
        };
        let (ulp, bound) = (short(self.worst_ulp), short(self.worst_bound));
        format!(
            "{:<24} {:<4} {:>5} groups {bound:>9} of bound {ulp:>9} ulp  {verdict}",
            self.op, self.dtype, self.groups
        )
    }
}

/// Prints the last line, and returns the verdict: if nothing ran, that is no pass.
fn conclude(adapters: &[Checked], outputs: &Outputs) -> Result<(), Failure> {
    let groups: Vec<&Group> = adapters
        .iter()
        .flat_map(|checked| &checked.groups)
        .collect();
    let (all, passed) = (
        groups.len(),
        groups.iter().filter(|group| group.passed).count(),
    );
    let said = outputs.say(format!(
        "{all} groups: {passed} ok, {} FAILED",
        all - passed
    ));
    if adapters.iter().any(|checked| checked.groups.is_empty()) {
        return Err(Failure::Difference("an adapter ran no group".into()));
    }
    if passed < all {
        return Err(Failure::Difference(format!(
            "{} of {all} groups differ from the reference",
            all - passed
        )));
    }
    said
}

impl From<&check::Group> for Group {
    fn from(group: &check::Group) -> Self {
        Self {
            op: group.op.clone(),
            dtype: group.dtype.clone(),
            variant: group.variant.clone(),
            inputs: group.inputs.clone(),
            elements: group.elements,
            worst_ulp: Number(group.worst_ulp),
            worst_bound: Number(group.worst_bound),
            passed: group.passed,
            digest: group.digest,
            note: group.note.clone().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Group, Number, Summary, lines};

    fn group(op: &str, worst: f64) -> Group {
        Group {
            op: op.into(),
            dtype: "f16".into(),
            variant: "streamed.invocation.words".into(),
            inputs: "flat".into(),
            elements: 12,
            worst_ulp: Number(0.5),
            worst_bound: Number(worst),
            passed: worst <= 1.0,
            digest: 0x12ab,
            note: "probs at 3 x 4: found 1e0, expected 2e0, allowed 3e-3".into(),
        }
    }

    #[test]
    fn a_failure_names_its_numbers_and_the_command_that_repeats_it() {
        let failed = lines(&group("softmax", 2.0), true);
        for word in [
            "FAILED softmax f16 streamed.invocation.words flat",
            "found 1e0, expected 2e0, allowed 3e-3",
            "wgpu-softmax check --op softmax --dtype f16 --full -v",
        ] {
            assert!(failed.contains(word), "{failed}");
        }
        assert!(lines(&group("softmax", 1.0), false).ends_with("  ok"));
    }

    #[test]
    fn an_operation_has_one_line_with_the_worst_of_its_groups() {
        let groups = [
            group("jacobian", 0.5),
            group("softmax", 0.25),
            group("softmax", 3.0),
        ];
        let lines: Vec<_> = Summary::all(&groups).iter().map(Summary::line).collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].contains("2 groups     3.000 of bound") && lines[0].ends_with("1 FAILED"));
        assert!(lines[1].contains("0.500 of bound") && lines[1].ends_with("ok"));
    }
}
