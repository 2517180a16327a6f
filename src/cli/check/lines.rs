//! Lines of `check`: a group, a failure, and the summary of an operation. Names of any length come last, so that columns
//! hold.

use crate::cli::report;
use std::collections::HashSet;
use std::iter::once;
use wgpu_softmax::DType;
use wgpu_softmax::check::{Group, Selection};
use wgpu_softmax::variant::Operation;

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

/// Returns the lines of all operations, in their order, not in that in which they ran, under a head.
pub(super) fn summaries(groups: &[Group]) -> impl Iterator<Item = String> {
    let of = |operation: Operation| -> Vec<&Group> {
        let is_of = |group: &&Group| group.op == operation.name();
        groups.iter().filter(is_of).collect()
    };
    let types = DType::ALL
        .map(|dtype| format!("{:>7}", dtype.name()))
        .concat();
    let head = format!("{:<25}{types}", "worst share of its bound");
    let all = Selection::OPERATIONS.into_iter().map(of);
    let ran = all.filter(|groups| !groups.is_empty());
    once(head).chain(ran.map(|groups| summary(&groups)))
}

/// Returns the line of the groups of one operation, with the worst of each storage type.
fn summary(groups: &[&Group]) -> String {
    let worst = |dtype: DType| {
        let of = groups.iter().filter(|group| group.dtype == dtype.name());
        let worst = of.map(|group| group.worst_bound).reduce(f64::max);
        format!("{:>7}", worst.map_or("-".into(), short))
    };
    let shares = DType::ALL.map(worst).concat();
    let verdict = match groups.iter().filter(|group| !group.passed).count() {
        0 => "ok".into(),
        failed => format!("{failed} FAILED"),
    };
    let (op, count) = (&groups[0].op, groups.len());
    format!("{op:<25}{shares} {count:>6} groups  {verdict}")
}
