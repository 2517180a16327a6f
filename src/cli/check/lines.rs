//! Lines of `check`: a group, a failure, and the summary of an operation on a storage type. Names of any length come last,
//! so that columns hold.

use crate::cli::report;
use wgpu_softmax::DType;
use wgpu_softmax::check::{Group, Selection};
use wgpu_softmax::variant::Operation;

/// Characters of the bar that stand for the whole bound.
const BAR: usize = 20;

/// Returns the line of a group that passed.
pub(super) fn line(group: &Group) -> String {
    let (share, ulp) = (short(group.worst_bound), short(group.worst_ulp));
    let (elements, name) = (group.elements, report::name(group));
    format!("ok {share:>6} of bound {ulp:>9} ulp {elements:>8} values  {name}")
}

/// Returns the lines of a group that failed: what was wrong, and how to see it `again`.
pub(super) fn failure(group: &Group, again: &str) -> String {
    let Group { op, dtype, .. } = group;
    format!(
        "FAILED {}\n  {}\n  again: wgpu-softmax check --op {op} --dtype {dtype}{again}",
        report::name(group),
        group.note.as_deref().unwrap_or_default()
    )
}

fn short(number: f64) -> String {
    match number.abs() < 1e5 {
        true => format!("{number:.3}"),
        false => format!("{number:.0e}"),
    }
}

/// Returns the lines of all operations and storage types, in their order, not in that in which they ran.
pub(super) fn summaries(groups: &[Group]) -> impl Iterator<Item = String> {
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
    let worst = groups.iter().map(|group| group.worst_bound);
    let worst = worst.fold(0.0, f64::max);
    let filled = (worst.min(1.0) * BAR as f64).ceil() as usize;
    let bar = format!("{}{}", "#".repeat(filled), ".".repeat(BAR - filled));
    let verdict = match groups.iter().filter(|group| !group.passed).count() {
        0 => "ok".into(),
        failed => format!("{failed} FAILED"),
    };
    let Group { op, dtype, .. } = groups[0];
    let (count, worst) = (groups.len(), short(worst));
    format!("{op:<24} {dtype:<4} {count:>5} groups {worst:>6} of bound  {bar}  {verdict}")
}

#[cfg(test)]
mod tests {
    use super::{Group, Selection, failure, line, summaries};
    use std::ops::ControlFlow;
    use wgpu_softmax::check;
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
        let failed = failure(&groups[0], " --full -v");
        for word in [
            "FAILED softmax f16 streamed.invocation.words flat",
            "found 1e0, expected 2e0, allowed 3e-3",
            "wgpu-softmax check --op softmax --dtype f16 --full -v",
        ] {
            assert!(failed.contains(word), "{failed}");
        }
        assert!(line(&groups[1]).starts_with("ok  1.000 of bound"));
    }

    #[test]
    fn an_operation_has_one_line_with_the_worst_of_its_groups() {
        let groups = groups(&[("jacobian", 0.5), ("softmax", 0.25), ("softmax", 3.0)]);
        let lines: Vec<_> = summaries(&groups).collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].contains("2 groups  3.000 of bound  ####################  1 FAILED"));
        assert!(lines[1].contains("1 groups  0.500 of bound  ##########..........  ok"));
    }
}
