//! Results as a table on a terminal.

use super::baseline::Change;
use super::results::{Timing, memory};
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, Table};
use wgpu_softmax::bench::Spread;

const HEADER: [&str; 12] = [
    "",
    "time",
    "quartiles",
    "GB/s",
    "of",
    "GB/s",
    "fraction",
    "quartiles",
    "with exp",
    "baseline",
    "change",
    "kernel",
];

/// Indices of the columns that a table may do without.
const WITH_EXP: usize = 8;
const BASELINE: [usize; 2] = [9, 10];

/// A result, and its change against a baseline.
type Entry<'a> = (&'a Timing, Option<Change>);

/// Returns the table of the results of one shape and storage type.
pub(crate) fn table(entries: &[Entry<'_>]) -> String {
    let Some((first, _)) = entries.first() else {
        return String::new();
    };
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(HEADER);
    table.add_rows(entries.iter().map(row));
    for column in table.column_iter_mut().skip(1).take(HEADER.len() - 2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let hide = |table: &mut Table, index| {
        if let Some(column) = table.column_mut(index) {
            column.set_constraint(ColumnConstraint::Hidden);
        }
    };
    if entries
        .iter()
        .all(|(timing, _)| timing.exp_fraction.is_none())
    {
        hide(&mut table, WITH_EXP);
    }
    if entries.iter().all(|(_, change)| change.is_none()) {
        BASELINE
            .into_iter()
            .for_each(|index| hide(&mut table, index));
    }
    let memory = memory(&first.measurement);
    format!(
        "{} {}, {memory}\n{}",
        first.shape(),
        first.dtype,
        table.trim_fmt()
    )
}

fn row((timing, change): &Entry<'_>) -> [String; HEADER.len()] {
    let measurement = &timing.measurement;
    let change = change.map(|change| (format!("{:.3}", change.then), change.to_string()));
    let (then, change) = change.unwrap_or_default();
    [
        timing.op.to_owned(),
        time(measurement.time_ns.median),
        quartiles(measurement.time_ns, time),
        rate(timing.gb_per_s.0),
        timing.ceiling.to_owned(),
        rate(timing.ceiling_gb_per_s.0),
        format!("{:.3}", timing.fraction.0),
        quartiles(measurement.fraction, |fraction| format!("{fraction:.3}")),
        timing
            .exp_fraction
            .map(|fraction| format!("{:.3}", fraction.0))
            .unwrap_or_default(),
        then,
        change,
        kernel(timing).to_owned(),
    ]
}

fn quartiles(spread: Spread, word: impl Fn(f64) -> String) -> String {
    format!("{} to {}", word(spread.lower), word(spread.upper))
}

/// Returns the kernel's name without the operation and the storage type, which the table shows apart from it.
fn kernel(timing: &Timing) -> &str {
    let name = timing.kernel.as_str();
    let name = name.strip_prefix(timing.op).unwrap_or(name);
    name.strip_suffix(timing.dtype)
        .unwrap_or(name)
        .trim_matches('.')
}

/// Formats a rate with three digits.
pub(crate) fn rate(gb_per_s: f64) -> String {
    match gb_per_s {
        ..10.0 => format!("{gb_per_s:.2}"),
        ..100.0 => format!("{gb_per_s:.1}"),
        _ => format!("{gb_per_s:.0}"),
    }
}

/// Formats a time in the unit that suits it, with three digits.
pub(crate) fn time(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        ..1e3 => (nanoseconds, "ns"),
        ..1e6 => (nanoseconds / 1e3, "us"),
        ..1e9 => (nanoseconds / 1e6, "ms"),
        _ => (nanoseconds / 1e9, "s"),
    };
    format!("{} {unit}", rate(value))
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        let words = [1.0, 45_678.0, 1.5e6, 2.5e7, 1.234e9].map(time);
        assert_eq!(
            words,
            ["1.00 ns", "45.7 us", "1.50 ms", "25.0 ms", "1.23 s"]
        );
    }
}
