//! Comparison of the outcome of a case with its expectations.

use super::case::Case;
use super::compare::step;
use super::execute::{Outcome, execute};
use super::expected::Expected;
use super::kernels::name;
use super::subject::Subject;
use super::{Comparison, Group, Inputs, bounds, compare, compare_as};
use crate::error::Error;
use crate::gpu::Gpu;
use crate::spec::dtype::DType;
use crate::variant::{Operation, Variant};

/// Runs a case by a kernel, and adds its comparisons to the group of both: `inputs` names the distribution.
pub(super) async fn check(
    gpu: &Gpu,
    groups: &mut Vec<Group>,
    variant: Variant,
    inputs: &str,
    case: &Case,
) -> Result<(), Error> {
    let outcome = execute(gpu, variant, case).await?;
    let name = name(variant, case.of.problem().options);
    let same = |group: &Group| group.variant == name && group.inputs == inputs;
    let place = groups.iter().position(same).unwrap_or_else(|| {
        groups.push(Group::new(case.of.operation, case.of.dtype, &name, inputs));
        groups.len() - 1
    });
    judge(&mut groups[place], case, &outcome);
    Ok(())
}

fn judge(group: &mut Group, case: &Case, outcome: &Outcome) {
    let Subject {
        operation,
        rows,
        cols,
        inner,
        dtype,
        inputs,
        options,
        ..
    } = case.of;
    let at = format!("{rows} x {cols}, {inner} side by side, with {options:?}");
    add(group, &case.expected, outcome, &at);
    if operation != Operation::Softmax {
        return;
    }
    let probs = &outcome.outputs[0];
    if dtype == DType::F32 {
        let sums = row_sums(case, probs, outcome.outputs.get(1));
        group.add(&sums, 0.0, &format!("row sums at {rows} x {cols}"));
    }
    let is_masked = options.causal || options.mask.is_some();
    let equal = |row: &[f32]| row.iter().all(|p| p.to_bits() == row[0].to_bits());
    if inputs == Inputs::AllEqual && !is_masked && !probs.chunks_exact(cols).all(equal) {
        group.fail(format!(
            "{rows} x {cols}: equal logits gave unequal probabilities"
        ));
    }
}

/// Adds the comparisons of all outputs to a group.
pub(super) fn add(group: &mut Group, all: &[Expected], outcome: &Outcome, at: &str) {
    for (expected, found) in all.iter().zip(&outcome.outputs) {
        let Expected {
            name,
            values,
            allowed,
            ..
        } = expected;
        let comparison = compare_as(expected.dtype, found, values, allowed, expected.cols);
        group.add(
            &comparison,
            counted(found, expected),
            &format!("{name} at {at}"),
        );
    }
    group.add_digest(outcome.digest);
    if !outcome.kept_within {
        group.fail(format!("{at}: something was written after the last row"));
    }
}

/// Returns the largest error in steps, over values whose allowed error is at most 1024 steps: near 0 far more are allowed, and
/// their number means nothing.
fn counted(found: &[f32], expected: &Expected) -> f64 {
    const TELLING: f64 = 1024.0;
    let elements = found.iter().zip(&expected.values).zip(&expected.allowed);
    elements.fold(0.0, |worst, ((&found, &value), &allowed)| {
        let step = step(expected.dtype, value);
        let steps = (f64::from(found) - value).abs() / step;
        match steps.is_finite() && allowed <= TELLING * step {
            true => worst.max(steps),
            false => worst,
        }
    })
}

/// Compares the sums of rows of probabilities, with those of their sinks, with 1, or with 0 for masked rows that give zeros. Rows
/// without probabilities are all NaN, and so are their sums.
fn row_sums(case: &Case, probs: &[f32], sink_probs: Option<&Vec<f32>>) -> Comparison {
    let sink = |row: usize| sink_probs.map_or(0.0, |probs| f64::from(probs[row]));
    let sum = |(number, row): (usize, &[f32])| {
        row.iter().map(|&p| f64::from(p)).sum::<f64>() + sink(number)
    };
    let found = probs.chunks_exact(case.of.cols).enumerate().map(sum);
    let sums: Vec<f32> = found.map(|sum| (sum - 1.0) as f32).collect();
    let expected = case.expected[0].values.chunks_exact(case.of.cols);
    let expected = expected.enumerate().map(|(number, row)| {
        let sinks = case.expected.get(1);
        row.iter().sum::<f64>() + sinks.map_or(0.0, |sinks| sinks.values[number]) - 1.0
    });
    let expected: Vec<f64> = expected.collect();
    compare(&sums, &expected, &vec![bounds::ROW_SUM; sums.len()], 1)
}
