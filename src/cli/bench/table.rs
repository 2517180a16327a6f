//! Results as a table on a terminal, and the cells that the page has too.

use super::baseline::Change;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, Table};
use wgpu_softmax::bench::{Spread, Timing};

/// Header of [`numbers`].
pub(super) const NUMBERS: [&str; 8] = [
    "time",
    "quartiles",
    "GB/s",
    "of",
    "GB/s",
    "fraction",
    "quartiles",
    "with exp",
];

/// Indices of the columns that a table may do without.
const WITH_EXP: usize = NUMBERS.len();
const BASELINE: [usize; 2] = [WITH_EXP + 1, WITH_EXP + 2];

/// A result, and its change against a baseline.
type Entry<'a> = (&'a Timing, Option<Change>);

/// Returns the table of the results of one shape and storage type, of which there is at least one.
pub(super) fn table(entries: &[Entry<'_>]) -> String {
    let header = [&[""], &NUMBERS[..], &["baseline", "change", "kernel"]].concat();
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(&header);
    table.add_rows(entries.iter().map(row));
    for column in table.column_iter_mut().skip(1).take(header.len() - 2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut hide = |index| {
        if let Some(column) = table.column_mut(index) {
            column.set_constraint(ColumnConstraint::Hidden);
        }
    };
    if entries.iter().all(|(of, _)| of.exp_fraction.is_none()) {
        hide(WITH_EXP);
    }
    if entries.iter().all(|(_, change)| change.is_none()) {
        BASELINE.into_iter().for_each(hide);
    }
    let (first, _) = entries[0];
    let (shape, dtype, memory) = (first.shape(), &first.dtype, &first.memory);
    format!("{shape} {dtype}, {memory}\n{}", table.trim_fmt())
}

fn row((result, change): &Entry<'_>) -> Vec<String> {
    let change = change.map(|change| [format!("{:.3}", change.then), change.to_string()]);
    let mut row = vec![result.op.clone()];
    row.extend(numbers(result));
    row.extend(change.unwrap_or_default());
    row.push(kernel(result).to_owned());
    row
}

/// Returns the cells of times, rates and fractions.
pub(super) fn numbers(result: &Timing) -> [String; NUMBERS.len()] {
    let times = Spread {
        lower: result.time_lower_ns,
        median: result.time_ns,
        upper: result.time_upper_ns,
    };
    [
        time(result.time_ns),
        quartiles(times, time),
        rate(result.gb_per_s),
        result.ceiling.clone(),
        rate(result.ceiling_gb_per_s),
        share(result.fraction),
        quartiles(result.fractions(), share),
        result.exp_fraction.map(share).unwrap_or_default(),
    ]
}

/// Formats a fraction.
pub(super) fn share(fraction: f64) -> String {
    format!("{fraction:.3}")
}

/// Formats quartiles, which files of earlier versions lack.
pub(super) fn quartiles(spread: Spread, word: impl Fn(f64) -> String) -> String {
    if spread.lower.is_nan() {
        return String::new();
    }
    format!("{} to {}", word(spread.lower), word(spread.upper))
}

/// Returns the kernel's name without the operation and the storage type, which the table shows apart from it.
pub(super) fn kernel(result: &Timing) -> &str {
    let name = result.kernel.as_str();
    let name = name.strip_prefix(&*result.op).unwrap_or(name);
    let name = name.strip_suffix(&*result.dtype).unwrap_or(name);
    name.trim_matches('.')
}

/// Formats a rate with three digits.
pub(super) fn rate(gb_per_s: f64) -> String {
    match gb_per_s {
        ..10.0 => format!("{gb_per_s:.2}"),
        ..100.0 => format!("{gb_per_s:.1}"),
        _ => format!("{gb_per_s:.0}"),
    }
}

/// Formats a time in the unit that suits it, with three digits.
pub(super) fn time(nanoseconds: f64) -> String {
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
