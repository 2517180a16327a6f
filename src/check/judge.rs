//! Comparison of the outcome of a case with its expectations.

use super::case::{Case, Expected};
use super::compare::step;
use super::execute::Outcome;
use super::subject::Subject;
use super::{Comparison, Group, Inputs, bounds, compare, compare_as};
use crate::spec::dtype::DType;
use crate::variant::Operation;

pub(super) fn judge(group: &mut Group, case: &Case, outcome: &Outcome) {
    for (expected, found) in case.expected.iter().zip(&outcome.outputs) {
        let Subject {
            rows,
            cols,
            inner,
            options,
            ..
        } = case.of;
        let place = format!(
            "{} at {rows} x {cols}, {inner} side by side, with {options:?}",
            expected.name
        );
        let Expected {
            values,
            allowed,
            cols,
            dtype,
            ..
        } = expected;
        let comparison = compare_as(*dtype, found, values, allowed, *cols);
        let counted = counted(*dtype, found, expected);
        group.add(
            &comparison,
            counted,
            allowed[comparison.worst_index],
            &place,
        );
    }
    group.add_digest(outcome.digest);
    let shape = format!("{} x {}", case.of.rows, case.of.cols);
    if !outcome.kept_within {
        group.fail(format!("{shape}: something was written after the last row"));
    }
    if case.of.operation == Operation::Softmax && case.of.dtype == DType::F32 {
        let sums = row_sums(case, &outcome.outputs[0]);
        group.add(&sums, 0.0, bounds::ROW_SUM, &format!("row sums at {shape}"));
    }
    if case.of.inputs == Inputs::AllEqual
        && case.of.operation == Operation::Softmax
        && !case.of.options.causal
        && case.of.options.mask.is_none()
        && !equal_rows(case, &outcome.outputs[0])
    {
        group.fail(format!("{shape}: equal logits gave unequal probabilities"));
    }
}

/// Returns the largest error in steps, over values whose allowed error is at most 1024 steps: near 0 far more are allowed, and
/// their number means nothing.
fn counted(dtype: DType, found: &[f32], expected: &Expected) -> f64 {
    const TELLING: f64 = 1024.0;
    let Expected {
        values, allowed, ..
    } = expected;
    let elements = found.iter().zip(values).zip(allowed);
    elements.fold(0.0, |worst, ((&found, &value), &allowed)| {
        let step = step(dtype, value);
        let steps = (f64::from(found) - value).abs() / step;
        match steps.is_finite() && allowed <= TELLING * step {
            true => worst.max(steps),
            false => worst,
        }
    })
}

/// Compares the sums of rows of probabilities with 1, or with 0 for masked rows that give zeros. Rows without probabilities are
/// all NaN, and so are their sums.
fn row_sums(case: &Case, probs: &[f32]) -> Comparison {
    let sum = |row: &[f32]| row.iter().map(|&p| f64::from(p)).sum::<f64>();
    let sums: Vec<f32> = probs
        .chunks_exact(case.of.cols)
        .map(|row| (sum(row) - 1.0) as f32)
        .collect();
    let wanted = |row: &[f64]| row.iter().sum::<f64>() - 1.0;
    let expected: Vec<f64> = case.expected[0]
        .values
        .chunks_exact(case.of.cols)
        .map(wanted)
        .collect();
    compare(&sums, &expected, &vec![bounds::ROW_SUM; sums.len()], 1)
}

fn equal_rows(case: &Case, probs: &[f32]) -> bool {
    probs
        .chunks_exact(case.of.cols)
        .all(|row| row.iter().all(|p| p.to_bits() == row[0].to_bits()))
}
