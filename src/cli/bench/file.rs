//! Files of results: JSON that `bench --json` has written, and CSV.

use crate::cli::failure::Failure;
use serde::Serialize;
use serde_json::{Map, Value};
use std::fs;
use std::path::Path;
use wgpu_softmax::bench::Report;

/// Columns of the CSV file, by the names of the fields. What was left out has no numbers, and a reason.
const COLUMNS: [&str; 29] = [
    "name",
    "backend",
    "driver",
    "device_type",
    "op",
    "rows",
    "cols",
    "inner",
    "dtype",
    "kernel",
    "time_ns",
    "time_lower_ns",
    "time_upper_ns",
    "bytes",
    "gb_per_s",
    "ceiling",
    "ceiling_kernel",
    "ceiling_gb_per_s",
    "fraction",
    "fraction_lower",
    "fraction_upper",
    "effort_fraction",
    "effort_lower",
    "effort_upper",
    "exp_fraction",
    "rounds",
    "memory",
    "clock",
    "reason",
];

/// Reads what `bench --json` has written, in this version or an earlier one.
pub(super) fn read(path: &Path) -> Result<Report, Failure> {
    let refused = |found: String| {
        let expected = "results as bench --json writes them";
        Failure::expected(path.display(), expected, found)
    };
    let text = fs::read_to_string(path).map_err(|error| Failure::system("read", path, &error))?;
    let report: Report = serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
    let (schema, known) = (report.schema, Report::SCHEMA);
    match schema > known {
        true => Err(refused(format!(
            "schema {schema}, of a later version; this one reads up to {known}"
        ))),
        false => Ok(report),
    }
}

/// Returns the results as CSV, a line each, and then what was left out.
pub(super) fn csv(report: &Report) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = COLUMNS.map(|column| match column {
        "name" => "adapter",
        "reason" => "left_out",
        column => column,
    });
    writer.write_record(header).expect(IN_MEMORY);
    for adapter in &report.adapters {
        let results = adapter.results.iter().map(fields);
        let left_out = adapter.left_out.iter().map(fields);
        for mut line in results.chain(left_out) {
            line.extend(fields(adapter));
            let values = COLUMNS.map(|column| line.remove(column).unwrap_or_default());
            writer.serialize(values.as_slice()).expect(IN_MEMORY);
        }
    }
    let bytes = writer.into_inner().expect(IN_MEMORY);
    String::from_utf8(bytes).expect("text in, text out")
}

fn fields(of: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(of) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

const IN_MEMORY: &str = "writing to memory cannot fail";
