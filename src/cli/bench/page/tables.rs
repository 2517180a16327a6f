//! Tables of a page: the fractions of all series side by side, and all numbers of each.

use super::series::{Series, subjects};
use crate::cli::bench::table::{kernel, quartiles, rate, share, time};
use maud::{Markup, html};
use wgpu_softmax::bench::{AdapterResults, LeftOut, Sweep, Timing};

/// Returns the tables of a page.
pub(super) fn tables(series: &[Series<'_>]) -> Markup {
    html! {
        @if series.len() > 1 { h2 { "Side by side" } (side_by_side(series)) }
        @for one in series {
            details open[series.len() == 1] {
                summary { "All numbers" @if series.len() > 1 { " of " (one.label) } }
                (numbers(one))
                (kernels(one.adapter))
                (left_out(&one.adapter.left_out))
                @for sweep in &one.adapter.sweeps { (forms(sweep)) }
            }
        }
    }
}

/// Returns the fractions, a table an operation, a column a series.
fn side_by_side(series: &[Series<'_>]) -> Markup {
    let subjects = subjects(series);
    html! {
        div.tiles.pairs style=(format!("--least: {}px", 130 + 85 * series.len())) { @for of_op in subjects.chunk_by(|one, other| one.op == other.op) {
            @let has = |one: &&Series<'_>| one.adapter.results.iter().any(|timing| timing.op == of_op[0].op);
            div.wide { table {
                thead { tr { th { (of_op[0].op) } @for one in series.iter().filter(has) { th { (one.label) } } } }
                tbody { @for timing in of_op { tr {
                    th { (shape(timing)) }
                    @for one in series.iter().filter(has) { td { @if let Some(timing) = one.find(timing) { (share(timing.fraction)) } } }
                } } }
            } }
        } }
    }
}

/// Returns all numbers of a series; of files of earlier versions those that they have.
fn numbers(one: &Series<'_>) -> Markup {
    let series = std::slice::from_ref(one);
    let subjects = subjects(series);
    let exps = subjects.iter().any(|timing| timing.exp_fraction.is_some());
    let rounds = subjects.iter().any(|timing| timing.rounds > 0);
    html! {
        div.wide { table {
            thead { tr {
                th { "rows x columns" } th { "fraction" }
                @if rounds { th { "quartiles" } }
                @if exps { th { "with exp" } }
                th { "GB/s" } th { "of its ceiling's" } th { "time" }
                @if rounds { th { "rounds" } th { "memory" } }
            } }
            @for of_op in subjects.chunk_by(|one, other| one.op == other.op) {
                tbody {
                    tr.op { th { (of_op[0].op) } td colspan="8" {} }
                    @for timing in of_op { tr {
                        th { (shape(timing)) }
                        td { (share(timing.fraction)) }
                        @if rounds { td { (quartiles(timing.fractions(), share)) } }
                        @if exps { td { (timing.exp_fraction.map(share).unwrap_or_default()) } }
                        td { (rate(timing.gb_per_s)) }
                        td { (rate(timing.ceiling_gb_per_s)) " (" (timing.ceiling) ")" }
                        td { (time(timing.time_ns)) }
                        @if rounds { td { (timing.rounds) } td { (timing.memory) } }
                    } }
                }
            }
        } }
    }
}

fn kernels(adapter: &AdapterResults) -> Markup {
    html! {
        details {
            summary { "Kernels" }
            ul { @for timing in &adapter.results {
                li { (timing.op) " " (shape(timing)) ": " code { (kernel(timing)) } @if !timing.ceiling_kernel.is_empty() { " beside " code { (timing.ceiling_kernel) } } }
            } }
        }
    }
}

fn left_out(left_out: &[LeftOut]) -> Markup {
    html! {
        @if !left_out.is_empty() {
            details {
                summary { "Left out: " (left_out.len()) }
                ul { @for of in left_out { li { (of.op) " " (of.shape()) " " (of.dtype) ": " (of.reason) } } }
            }
        }
    }
}

fn forms(sweep: &Sweep) -> Markup {
    html! {
        details {
            summary {
                "Forms of the " (sweep.ceiling.name()) " ceiling at " (sweep.bytes) " bytes"
                @if sweep.exps > 0 { ", " (sweep.exps) " exp a word" }
            }
            ul { @for (name, gb_per_s) in &sweep.forms { li { code { (name) } " " (rate(*gb_per_s)) " GB/s" } } }
        }
    }
}

/// Returns rows and columns, with the storage type where it is not f32.
fn shape(timing: &Timing) -> String {
    match &*timing.dtype {
        "f32" => timing.shape().to_string(),
        dtype => format!("{} {dtype}", timing.shape()),
    }
}
