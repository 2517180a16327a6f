//! Page of results that needs no other file: who was timed, a tile an operation, and tables.

mod series;
mod tables;
mod tile;

pub(super) use series::{Series, series, subjects};

use super::is_noisy;
use super::table::share;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use tile::Scales;
use wgpu_softmax::bench::Spread;

const STYLE: &str = include_str!("page.css");
const PLOT_STYLE: &str = include_str!("plot.css");

/// What a fraction is.
const MEANING: &str = "1.0 means as fast as copying the same bytes.";
const METHOD: &str = "A fraction is the time of a kernel that only copies as many bytes (or only reads them, where no matrix is \
    written), divided by the operation's. Medians of paired rounds over the columns of a row, with quartiles";

/// Columns of tiles in a plot that stands alone.
const ACROSS: usize = 2;

/// Height of a title there.
const TITLE: f64 = 22.0;

/// Returns the page as HTML.
pub(super) fn page(series: &[Series<'_>]) -> String {
    let scales = Scales::of(series);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "wgpu-softmax bench" }
                style { (PreEscaped(PLOT_STYLE)) (PreEscaped(STYLE)) }
            }
            body {
                h1 { "wgpu-softmax bench" }
                div.cards { @for (index, one) in series.iter().enumerate() { (card(one, index, series.len() > 1)) } }
                p.meaning { (MEANING) }
                p.note { (METHOD) @if has_strided(series) { "; ◇ is an axis that is not the last one" } "." }
                div.tiles {
                    @for op in series::operations(series) {
                        section { h2 { (op) span { " of a " (ceiling(series, op)) } } (tile::plot(series, op, &scales)) }
                    }
                }
                (tables::tables(series))
            }
        }
    };
    page.into_string()
}

/// Returns the name of an operation's ceiling.
fn ceiling<'a>(series: &'a [Series<'_>], op: &str) -> &'a str {
    let mut results = series.iter().flat_map(|one| &one.adapter.results);
    let timed = results.find(|timing| timing.op == op);
    timed.map_or("copy", |timing| &timing.ceiling)
}

fn has_strided(series: &[Series<'_>]) -> bool {
    let mut results = series.iter().flat_map(|one| &one.adapter.results);
    results.any(|timing| timing.inner > 1)
}

/// Returns the tiles of the operations that were timed, as one SVG file.
pub(super) fn svg(series: &[Series<'_>]) -> String {
    let scales = Scales::of(series);
    let mut timed = series::operations(series);
    let results = || series.iter().flat_map(|one| &one.adapter.results);
    timed.retain(|op| results().any(|timing| timing.op == *op));
    let across = timed.len().clamp(1, ACROSS);
    let (wide, high) = (tile::WIDTH + 16.0, tile::HEIGHT + TITLE + 8.0);
    let width = wide * across as f64 + 16.0;
    let height = high * timed.len().div_ceil(across) as f64 + TITLE + 18.0;
    let adapters: Vec<String> = series.iter().map(|one| one.adapter.to_string()).collect();
    let place = |index: usize| {
        let (x, y) = (
            (index % across) as f64 * wide,
            (index / across) as f64 * high,
        );
        format!("translate({} {})", 16.0 + x, y + 10.0)
    };
    let plot = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {width} {height}")) width=(width) height=(height) {
            style { (PreEscaped(PLOT_STYLE)) }
            rect.paper width=(width) height=(height) rx="8" {}
            @for (index, op) in timed.iter().enumerate() {
                g transform=(place(index)) {
                    text.title x="0" y="16" { (op) }
                    g transform=(format!("translate(0 {TITLE})")) {
                        svg width=(tile::WIDTH) height=(tile::HEIGHT) { (tile::plot(series, op, &scales)) }
                    }
                }
            }
            text.tick x="16" y=(height - 26.0) { "1 is as fast as copying (or only reading) the same bytes; over the columns of a row." }
            text.tick x="16" y=(height - 11.0) { (adapters.join("; ")) }
        }
    };
    plot.into_string() + "\n"
}

/// Returns the card of a series: what was timed, with what, on which machine.
fn card(one: &Series<'_>, index: usize, labelled: bool) -> Markup {
    let (run, adapter) = (one.run, one.adapter);
    let version = run.version.as_ref().map(|version| match &run.commit {
        Some(commit) => format!("{version} ({commit})"),
        None => version.clone(),
    });
    let host = run.host.as_ref();
    let host = host.map(|host| format!("{}, {} cores, {}", host.cpu, host.cores, host.os));
    let facts = [
        (
            "adapter",
            Some(format!("{} ({})", adapter.name, adapter.device_type)),
        ),
        (
            "driver",
            Some(format!("{}, {}", adapter.driver, adapter.backend)),
        ),
        ("date", run.date.clone()),
        ("version", version),
        ("host", host),
        ("how much", Some(one.coverage() + &reasons(one))),
        ("how", how(one)),
        ("noise", noise(one)),
    ];
    let facts = facts
        .into_iter()
        .filter_map(|(name, fact)| Some((name, fact?)));
    html! {
        section.card {
            @if labelled { h2 class=(format!("s{}", index % 6)) { (one.label) } }
            dl {
                @for (name, fact) in facts { div { dt { (name) } dd { (fact) } } }
                @if let Some(command) = &run.command { div { dt { "command" } dd { code { (command) } } } }
            }
        }
    }
}

/// Returns the reasons why something has no time, each with how often it holds.
fn reasons(one: &Series<'_>) -> String {
    let left_out = &one.adapter.left_out;
    let short = |reason: &str| reason.len() <= 40;
    let late = left_out.iter().filter(|of| short(&of.reason)).count();
    let wrong = left_out.len() - late;
    let reason = left_out.first().map_or("", |of| &of.reason);
    match (late, wrong) {
        (0, 0) => String::new(),
        (_, 0) => format!(": {reason}"),
        _ => format!(": {wrong} gave wrong results, {late} did not fit in the time"),
    }
}

/// Returns the clocks and the memory of the results.
fn how(one: &Series<'_>) -> Option<String> {
    let first = one
        .adapter
        .results
        .first()
        .filter(|timing| !timing.clock.is_empty())?;
    let all = one.adapter.results.len();
    let cold = one
        .adapter
        .results
        .iter()
        .filter(|timing| timing.memory == "cold")
        .count();
    let memory = match cold {
        0 => "warm memory".to_owned(),
        cold if cold == all => "cold memory".to_owned(),
        cold => format!("cold memory for {cold} of {all}"),
    };
    let rounds = one.adapter.results.iter().map(|timing| timing.rounds);
    let (least, most) = (rounds.clone().min()?, rounds.max()?);
    Some(format!(
        "times by {}, {memory}, {least} to {most} rounds",
        first.clock
    ))
}

/// Returns how far the quartiles of fractions are apart.
fn noise(one: &Series<'_>) -> Option<String> {
    let results = one
        .adapter
        .results
        .iter()
        .filter(|timing| timing.fraction_lower.is_finite());
    let apart: Vec<f64> = results
        .clone()
        .map(|timing| timing.fractions().relative())
        .collect();
    let noisy = results.filter(|timing| is_noisy(timing)).count();
    let median = 100.0 * Spread::of(&apart).median;
    let share = 100.0 * super::NOISY;
    (!apart.is_empty()).then(|| {
        format!(
            "quartiles {median:.0} % apart (median), {noisy} of {} over {share:.0} %",
            apart.len()
        )
    })
}
