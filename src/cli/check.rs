//! `check`: every operation on this machine's adapters against the f64 reference.

use super::adapters;
use super::args;
use super::failure::Failure;
use super::outputs::Outputs;
use super::progress;
use super::report::{self, Adapter, Adapters, Checked, Group, Number};
use std::ops::ControlFlow;
use wgpu_softmax::Gpu;
use wgpu_softmax::check::{self, Depth};

pub(crate) fn run(args: &args::Check) -> Result<(), Failure> {
    let outputs = Outputs::default()
        .text("json", args.json.path.as_deref())?
        .text("junit", args.junit.as_deref())?;
    let gpus = adapters::open_each(&args.adapter)?;
    let adapters = gpus
        .iter()
        .map(|gpu| measure(gpu, depth(args), &outputs))
        .collect::<Result<_, _>>()?;
    let report = Adapters { adapters };
    let (json, junit) = (report::json(&report), report::junit(&report));
    outputs.finish([], &[("json", &json), ("junit", &junit)])?;
    conclude(&report.adapters, &outputs)
}

fn depth(args: &args::Check) -> Depth {
    match args {
        args::Check { quick: true, .. } => Depth::Quick,
        args::Check { full: true, .. } => Depth::Full,
        _ => Depth::Default,
    }
}

fn measure(gpu: &Gpu, depth: Depth, outputs: &Outputs) -> Result<Checked, Failure> {
    let adapter: Adapter = gpu.adapter_info().into();
    let mut said = outputs.say(&adapter);
    let groups = progress::during(format!("checking {}", adapter.name), |bar| {
        check::run(gpu, depth, &mut |group| {
            if said.is_ok() {
                said = bar.suspend(|| outputs.say(line(&group.into())));
            }
            // When nobody reads the lines and no file waits for the rest, there is no point in going on.
            if said.is_err() && outputs.is_empty() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
    })?;
    if outputs.is_empty() {
        said?;
    }
    Ok(Checked {
        adapter,
        groups: groups.groups.iter().map(Group::from).collect(),
    })
}

/// The line of one group.
fn line(group: &Group) -> String {
    let Group {
        op,
        dtype,
        variant,
        inputs,
        elements,
        ..
    } = group;
    let (ulp, bound) = (short(group.worst_ulp.0), short(group.worst_bound.0));
    let verdict = if group.passed {
        "ok".into()
    } else {
        format!("FAILED: {}", group.note)
    };
    format!(
        "{op:<20} {dtype:<4} {variant:<28} {inputs:<14} {elements:>10} values {ulp:>9} ulp {bound:>9} of bound  {verdict}"
    )
}

fn short(number: f64) -> String {
    if number.abs() < 1e6 {
        format!("{number:.3}")
    } else {
        format!("{number:.2e}")
    }
}

/// The last line, and the verdict: that nothing ran is no pass.
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
            note: group.note.clone().unwrap_or_default(),
        }
    }
}
