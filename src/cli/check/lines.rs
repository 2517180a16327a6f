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
