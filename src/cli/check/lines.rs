//! Lines of `check`: a group, a failure, and the summary of an operation on a storage type. Names of any length come last,
//! so that columns hold.

use crate::cli::report;
use std::collections::HashSet;
use wgpu_softmax::DType;
use wgpu_softmax::check::{Group, Selection};
use wgpu_softmax::variant::Operation;

/// Characters of the bar that stand for the whole bound.
const BAR: usize = 20;

/// Choice of the groups that are shown as they come: all, or the first failure of each operation and type.
pub(super) struct Shown {
    all: bool,
    /// Flags that repeat the check, but for the operation and the type.
    again: String,
    failed: HashSet<(String, String)>,
}

impl Shown {
    pub(super) fn new(all: bool, again: String) -> Self {
        Self {
            all,
            again,
            failed: HashSet::new(),
        }
    }

    /// Returns the lines of a group, if it is one to be shown.
    pub(super) fn text(&mut self, group: &Group) -> Option<String> {
        if group.passed {
            return self.all.then(|| line(group));
        }
        let is_first = self.failed.insert((group.op.clone(), group.dtype.clone()));
        (self.all || is_first).then(|| failure(group, &self.again))
    }
}

/// Returns the line of a group that passed.
fn line(group: &Group) -> String {
    let (share, ulp) = (short(group.worst_bound), short(group.worst_ulp));
    let (elements, name) = (group.elements, report::name(group));
    format!("ok {share:>6} of bound {ulp:>9} ulp {elements:>8} values  {name}")
}

/// Returns the lines of a group that failed: what was wrong, and how to see it `again`.
fn failure(group: &Group, again: &str) -> String {
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
