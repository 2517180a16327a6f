//! `report`: the results of several runs of `bench` side by side.

use super::file;
use super::page::{self, Series};
use super::table::share;
use crate::cli::args;
use crate::cli::failure::Failure;
use crate::cli::outputs::Outputs;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use std::path::Path;

pub(crate) fn run(args: &args::Report) -> Result<(), Failure> {
    let outputs = Outputs::default()
        .text("html", args.html.as_deref())?
        .text("svg", args.svg.as_deref())?;
    let runs = args.files.iter().map(|path| file::read(path));
    let runs = runs.collect::<Result<Vec<_>, _>>()?;
    let stem = |path: &Path| {
        path.file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let stems: Vec<String> = args.files.iter().map(|path| stem(path)).collect();
    let named: Vec<_> = stems.iter().map(String::as_str).zip(&runs).collect();
    let series = page::series(&named);
    if series.iter().all(|one| one.adapter.results.is_empty()) {
        let (files, expected) = (stems.join(", "), "at least one result");
        return Err(Failure::expected(files, expected, "none"));
    }
    let (html, svg) = (page::page(&series), page::svg(&series));
    outputs.finish([], &[("html", &html), ("svg", &svg)])?;
    outputs.say(text(&series))
}

/// Returns who was timed, and a table of the fractions: a line an operation and shape, a column a series.
fn text(series: &[Series<'_>]) -> String {
    let about = series.iter().map(|one| {
        let (label, adapter, coverage) = (&one.label, one.adapter, one.coverage());
        let date = one.run.date.as_deref().unwrap_or("no date");
        format!("{label}: {adapter}, {date}, {coverage}\n")
    });
    let mut table = Table::new();
    let labels = series.iter().map(|one| one.label.as_str());
    table
        .load_style(NOTHING)
        .set_header(["fraction", ""].into_iter().chain(labels));
    for timing in page::subjects(series) {
        let fraction = |one: &Series<'_>| one.find(timing).map(|timing| share(timing.fraction));
        let fractions = series
            .iter()
            .map(|one| fraction(one).unwrap_or_else(|| "-".into()));
        let subject = [
            timing.op.clone(),
            format!("{} {}", timing.shape(), timing.dtype),
        ];
        table.add_row(subject.into_iter().chain(fractions));
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    about.collect::<String>() + "\n" + &table.trim_fmt()
}
