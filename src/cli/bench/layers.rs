//! Linear layers with their loss, as tables on a terminal.

use super::table::{quartiles, rate, share, time};
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use wgpu_softmax::LinearCrossEntropySpec;
use wgpu_softmax::bench::{LayerTiming, Spread};

const HEADER: [&str; 9] = [
    "time",
    "quartiles",
    "GFLOP/s",
    "of the products",
    "GFLOP/CPU s",
    "of its parts",
    "quartiles",
    "by effort",
    "kernel",
];

/// Names a layer in words.
pub(super) fn named(spec: &LinearCrossEntropySpec) -> String {
    let (rows, features, classes) = (spec.rows(), spec.features(), spec.classes());
    format!("a layer of {rows}x{features}x{classes}")
}

/// Returns the table of a layer.
pub(super) fn table(of: &LayerTiming) -> String {
    let times = Spread {
        lower: of.time_lower_ns,
        median: of.time_ns,
        upper: of.time_upper_ns,
    };
    let ratios = Spread {
        lower: of.parts_lower,
        median: of.parts_ratio,
        upper: of.parts_upper,
    };
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(HEADER);
    table.add_row([
        time(of.time_ns),
        quartiles(times, time),
        rate(of.gflop_per_s),
        rate(of.products_gflop_per_s),
        of.gflop_per_cpu_s.map(rate).unwrap_or_default(),
        share(of.parts_ratio),
        quartiles(ratios, share),
        of.parts_effort_ratio.map(share).unwrap_or_default(),
        of.kernel.clone(),
    ]);
    for column in table.column_iter_mut().take(HEADER.len() - 1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let LayerTiming {
        rows,
        features,
        classes,
        dtype,
        chunk_rows,
        ..
    } = of;
    let layer = format!(
        "linear-cross-entropy {rows}x{features}x{classes} {dtype}, chunks of {chunk_rows} rows"
    );
    format!("{layer}\n{}", table.trim_fmt())
}
