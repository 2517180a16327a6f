//! Page of the results that needs no other file: plots, tables, and the sweeps of the ceilings.

use super::plot::{Line, plot};
use super::results::{Timed, Timing, memory};
use super::table::{rate, time};
use crate::cli::report::escape;
use plotters::style::RGBColor;
use std::fmt::Write;
use wgpu_softmax::bench::{Spread, Sweep};
use wgpu_softmax::variant::Operation;

const HEAD: &str = include_str!("page.html");

/// Colours, one an operation: those of Okabe and Ito, and three more.
const COLOURS: [RGBColor; Operation::ALL.len()] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(120, 94, 240),
    RGBColor(148, 103, 65),
    RGBColor(176, 160, 0),
    RGBColor(0, 90, 60),
];

/// Ceilings: their names, labels and colours.
const CEILINGS: [(&str, &str, RGBColor); 2] = [
    ("copy", "ceiling: copy", RGBColor(40, 40, 40)),
    ("read", "ceiling: read", RGBColor(150, 150, 150)),
];

/// Returns the page as HTML.
pub(crate) fn page(adapters: &[Timed]) -> String {
    let mut text = HEAD.to_owned();
    for timed in adapters {
        let _ok = writeln!(text, "<h2>{}</h2>", escape(&timed.adapter.to_string()));
        for dtype in dtypes(timed) {
            text += &plots(timed, dtype);
        }
        text += &results(timed);
        timed.sweeps.iter().for_each(|one| text += &sweep(one));
    }
    text + "</body>\n</html>\n"
}

/// Returns the storage types, in the order in which they were timed.
fn dtypes(timed: &Timed) -> Vec<&'static str> {
    let mut list: Vec<_> = timed.results.iter().map(|timing| timing.dtype).collect();
    list.dedup();
    list
}

fn plots(timed: &Timed, dtype: &str) -> String {
    let fractions = operations(timed, dtype, |timing| timing.fraction.0);
    let mut rates = operations(timed, dtype, |timing| timing.gb_per_s.0);
    rates.extend(CEILINGS.into_iter().map(|(ceiling, name, colour)| Line {
        name,
        colour,
        points: medians(points(timed, |timing| {
            let beside = (timing.dtype, timing.ceiling) == (dtype, ceiling);
            beside.then_some(timing.ceiling_gb_per_s.0)
        })),
    }));
    let fractions = plot("fraction of the ceiling", &fractions, 1.0);
    let rates = plot("GB/s", &rates, 0.0);
    format!("<h3>{dtype}</h3>\n<figure>{fractions}</figure>\n<figure>{rates}</figure>\n")
}

/// Returns a line for each operation that was timed, always of the same colour.
fn operations(timed: &Timed, dtype: &str, value: impl Fn(&Timing) -> f64) -> Vec<Line<'static>> {
    let lines = Operation::ALL
        .into_iter()
        .zip(COLOURS)
        .map(|(operation, colour)| Line {
            name: operation.name(),
            colour,
            points: points(timed, |timing| {
                let same = (timing.op, timing.dtype) == (operation.name(), dtype);
                same.then(|| value(timing))
            }),
        });
    lines.filter(|line| !line.points.is_empty()).collect()
}

/// Returns the points (columns, value) of the results that have a value, in ascending order of the columns.
fn points(timed: &Timed, value: impl Fn(&Timing) -> Option<f64>) -> Vec<(f64, f64)> {
    let point = |timing: &Timing| Some((timing.cols as f64, value(timing)?));
    let mut points: Vec<_> = timed.results.iter().filter_map(point).collect();
    points.retain(|(_, value)| value.is_finite());
    points.sort_by(|one, other| one.0.total_cmp(&other.0));
    points
}

/// Merges the points of the same columns into one, their median.
fn medians(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let median = |same: &[(f64, f64)]| {
        let values: Vec<f64> = same.iter().map(|(_, value)| *value).collect();
        (same[0].0, Spread::of(&values).median)
    };
    points
        .chunk_by(|one, other| one.0 == other.0)
        .map(median)
        .collect()
}

fn results(timed: &Timed) -> String {
    let header = [
        "operation",
        "shape",
        "",
        "time",
        "quartiles",
        "GB/s",
        "of",
        "GB/s",
        "fraction",
        "quartiles",
        "with exp",
        "memory",
        "clock",
        "rounds",
        "kernel",
        "ceiling",
    ];
    table(&header, timed.results.iter().map(result))
}

fn result(timing: &Timing) -> Vec<String> {
    let measurement = &timing.measurement;
    let (times, fractions) = (measurement.time_ns, measurement.fraction);
    vec![
        timing.op.into(),
        timing.shape().to_string(),
        timing.dtype.into(),
        time(times.median),
        format!("{} to {}", time(times.lower), time(times.upper)),
        rate(timing.gb_per_s.0),
        timing.ceiling.into(),
        rate(timing.ceiling_gb_per_s.0),
        format!("{:.3}", fractions.median),
        format!("{:.3} to {:.3}", fractions.lower, fractions.upper),
        timing
            .exp_fraction
            .map(|number| format!("{:.3}", number.0))
            .unwrap_or_default(),
        memory(measurement).into(),
        measurement.clock.name().into(),
        measurement.rounds.to_string(),
        timing.kernel.clone(),
        measurement.ceiling_kernel.clone(),
    ]
}

fn sweep(sweep: &Sweep) -> String {
    let exps = match sweep.exps {
        0 => String::new(),
        exps => format!(", {exps} exp a word"),
    };
    let title = format!(
        "Forms of the {} ceiling at {} bytes{exps}",
        sweep.ceiling.name(),
        sweep.bytes
    );
    let rows = sweep
        .forms
        .iter()
        .map(|(name, rate_of)| vec![name.clone(), rate(*rate_of)]);
    let table = table(&["form", "GB/s"], rows);
    format!("<details><summary>{title}</summary>\n{table}</details>\n")
}

fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |tag: &str, cells: &[String]| {
        let cell = |cell: &String| format!("<{tag}>{}</{tag}>", escape(cell));
        format!("<tr>{}</tr>\n", cells.iter().map(cell).collect::<String>())
    };
    let header: Vec<String> = header.iter().map(|&cell| cell.to_owned()).collect();
    let rows: String = rows.map(|row| line("td", &row)).collect();
    format!("<table>\n{}{rows}</table>\n", line("th", &header))
}
