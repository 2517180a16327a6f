//! Page of the results that needs no other file: plots, tables, and the sweeps of the ceilings.

use super::plot::{Line, plot};
use super::results::{Timed, memory};
use super::table::{NUMBERS, numbers, rate};
use crate::cli::report::escape;
use plotters::style::RGBColor;
use std::fmt::Write;
use wgpu_softmax::bench::{Ceiling, Measurement, Spread, Sweep};
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

/// Ceilings: their labels and colours.
const CEILINGS: [(Ceiling, &str, RGBColor); 2] = [
    (Ceiling::Copy, "ceiling: copy", RGBColor(40, 40, 40)),
    (Ceiling::Read, "ceiling: read", RGBColor(150, 150, 150)),
];

/// Returns the page as HTML.
pub(crate) fn page(adapters: &[Timed]) -> String {
    let mut text = HEAD.to_owned();
    for timed in adapters {
        let _ok = writeln!(text, "<h2>{}</h2>", escape(&timed.adapter.to_string()));
        let dtype = |result: &Measurement| result.subject.dtype;
        let of_dtypes = timed
            .results
            .chunk_by(|one, other| dtype(one) == dtype(other));
        of_dtypes.for_each(|of_dtype| text += &plots(of_dtype));
        text += &results(&timed.results);
        timed.sweeps.iter().for_each(|one| text += &sweep(one));
    }
    text + "</body>\n</html>\n"
}

/// Plots the results of one storage type.
fn plots(results: &[Measurement]) -> String {
    let dtype = results[0].subject.dtype;
    let fractions = operations(results, |result| result.fraction.median);
    let mut rates = operations(results, Measurement::gb_per_s);
    rates.extend(CEILINGS.into_iter().map(|(ceiling, name, colour)| Line {
        name,
        colour,
        points: medians(points(results, |result| {
            (result.ceiling == ceiling).then_some(result.ceiling_gb_per_s.median)
        })),
    }));
    let fractions = plot("fraction of the ceiling", &fractions, 1.0);
    let rates = plot("GB/s", &rates, 0.0);
    format!("<h3>{dtype}</h3>\n<figure>{fractions}</figure>\n<figure>{rates}</figure>\n")
}

/// Returns a line for each operation that was timed, always of the same colour.
fn operations(results: &[Measurement], value: fn(&Measurement) -> f64) -> Vec<Line<'static>> {
    let line = |(operation, colour): (Operation, RGBColor)| Line {
        name: operation.name(),
        colour,
        points: points(results, |result| {
            (result.subject.operation == operation).then(|| value(result))
        }),
    };
    let lines = Operation::ALL.into_iter().zip(COLOURS).map(line);
    lines.filter(|line| !line.points.is_empty()).collect()
}

/// Returns the points (columns, value) of the results that have a value, in ascending order of the columns.
fn points(results: &[Measurement], value: impl Fn(&Measurement) -> Option<f64>) -> Vec<(f64, f64)> {
    let point = |result: &Measurement| Some((result.subject.cols as f64, value(result)?));
    let mut points: Vec<_> = results.iter().filter_map(point).collect();
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

fn results(results: &[Measurement]) -> String {
    let header = [
        &["operation", "shape", ""],
        &NUMBERS[..],
        &["memory", "clock", "rounds", "kernel", "ceiling"],
    ];
    let cells = |result: &Measurement| {
        let subject = &result.subject;
        let mut cells = vec![
            subject.operation.to_string(),
            subject.shape().to_string(),
            subject.dtype.to_string(),
        ];
        cells.extend(numbers(result));
        cells.extend([
            memory(result).to_owned(),
            result.clock.name().to_owned(),
            result.rounds.to_string(),
            result.kernel.clone(),
            result.ceiling_kernel.clone(),
        ]);
        cells
    };
    table(&header.concat(), results.iter().map(cells))
}

fn sweep(sweep: &Sweep) -> String {
    let exps = match sweep.exps {
        0 => String::new(),
        exps => format!(", {exps} exp a word"),
    };
    let (ceiling, bytes) = (sweep.ceiling.name(), sweep.bytes);
    let title = format!("Forms of the {ceiling} ceiling at {bytes} bytes{exps}");
    let row = |(name, gb_per_s): &(String, f64)| vec![name.clone(), rate(*gb_per_s)];
    let table = table(&["form", "GB/s"], sweep.forms.iter().map(row));
    format!("<details><summary>{title}</summary>\n{table}</details>\n")
}

fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    fn line(tag: &str, cells: &[impl AsRef<str>]) -> String {
        let cell = |cell: &_| format!("<{tag}>{}</{tag}>", escape(AsRef::as_ref(cell)));
        format!("<tr>{}</tr>\n", cells.iter().map(cell).collect::<String>())
    }
    let rows: String = rows.map(|row| line("td", &row)).collect();
    format!("<table>\n{}{rows}</table>\n", line("th", header))
}
