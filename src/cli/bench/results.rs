//! Results as they are written to JSON and CSV.

use crate::cli::report::{Adapter, Number};
use serde::Serialize;
use wgpu_softmax::bench::{Measurement, Shape, Sweep};

/// The results of one adapter.
#[derive(Debug, Serialize)]
pub(crate) struct Timed {
    #[serde(flatten)]
    pub(crate) adapter: Adapter,
    pub(crate) results: Vec<Timing>,
    #[serde(skip)]
    pub(crate) sweeps: Vec<Sweep>,
}

impl Timed {
    pub(crate) const fn new(adapter: Adapter) -> Self {
        Self {
            adapter,
            results: Vec::new(),
            sweeps: Vec::new(),
        }
    }
}

/// One operation at one shape.
#[derive(Debug, Serialize)]
pub(crate) struct Timing {
    pub(crate) op: &'static str,
    pub(crate) rows: u64,
    pub(crate) cols: u64,
    /// Number of elements from one column of a row to the next; left out if it is 1, where rows are not on a strided axis.
    #[serde(skip_serializing_if = "is_one")]
    pub(crate) inner: u64,
    pub(crate) dtype: &'static str,
    pub(crate) kernel: String,
    pub(crate) time_ns: Number<f64>,
    pub(crate) bytes: u64,
    pub(crate) gb_per_s: Number<f64>,
    pub(crate) ceiling: &'static str,
    pub(crate) ceiling_gb_per_s: Number<f64>,
    pub(crate) fraction: Number<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exp_fraction: Option<Number<f64>>,
    #[serde(skip)]
    pub(crate) measurement: Measurement,
}

impl From<Measurement> for Timing {
    fn from(measurement: Measurement) -> Self {
        let subject = measurement.subject;
        Self {
            op: subject.operation.name(),
            rows: subject.rows,
            cols: subject.cols,
            inner: subject.inner,
            dtype: subject.dtype.name(),
            kernel: measurement.kernel.clone(),
            time_ns: Number(measurement.time_ns.median),
            bytes: measurement.bytes,
            gb_per_s: Number(measurement.gb_per_s()),
            ceiling: measurement.ceiling.name(),
            ceiling_gb_per_s: Number(measurement.ceiling_gb_per_s.median),
            fraction: Number(measurement.fraction.median),
            exp_fraction: measurement.exp_fraction.map(|spread| Number(spread.median)),
            measurement,
        }
    }
}

/// A line of the CSV file.
#[derive(Debug, Serialize)]
struct Line<'a> {
    adapter: &'a str,
    backend: &'a str,
    driver: &'a str,
    device_type: &'a str,
    op: &'a str,
    rows: u64,
    cols: u64,
    inner: u64,
    dtype: &'a str,
    kernel: &'a str,
    time_ns: f64,
    time_lower_ns: f64,
    time_upper_ns: f64,
    bytes: u64,
    gb_per_s: f64,
    ceiling: &'a str,
    ceiling_kernel: &'a str,
    ceiling_gb_per_s: f64,
    fraction: f64,
    fraction_lower: f64,
    fraction_upper: f64,
    exp_fraction: Option<f64>,
    rounds: usize,
    memory: &'a str,
    clock: &'a str,
}

/// Returns every result with its quartiles as CSV, a line each.
pub(crate) fn csv(adapters: &[Timed]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for Timed {
        adapter, results, ..
    } in adapters
    {
        for timing in results {
            writer
                .serialize(line(adapter, timing))
                .expect("writing to memory cannot fail");
        }
    }
    let bytes = writer.into_inner().expect("writing to memory cannot fail");
    String::from_utf8(bytes).expect("text in, text out")
}

fn line<'a>(adapter: &'a Adapter, timing: &'a Timing) -> Line<'a> {
    let measurement = &timing.measurement;
    Line {
        adapter: &adapter.name,
        backend: &adapter.backend,
        driver: &adapter.driver,
        device_type: adapter.device_type,
        op: timing.op,
        rows: timing.rows,
        cols: timing.cols,
        inner: timing.inner,
        dtype: timing.dtype,
        kernel: &timing.kernel,
        time_ns: measurement.time_ns.median,
        time_lower_ns: measurement.time_ns.lower,
        time_upper_ns: measurement.time_ns.upper,
        bytes: timing.bytes,
        gb_per_s: timing.gb_per_s.0,
        ceiling: timing.ceiling,
        ceiling_kernel: &measurement.ceiling_kernel,
        ceiling_gb_per_s: timing.ceiling_gb_per_s.0,
        fraction: timing.fraction.0,
        fraction_lower: measurement.fraction.lower,
        fraction_upper: measurement.fraction.upper,
        exp_fraction: timing.exp_fraction.map(|number| number.0),
        rounds: measurement.rounds,
        memory: memory(measurement),
        clock: measurement.clock.name(),
    }
}

/// Returns `cold` or `warm`.
pub(crate) const fn memory(measurement: &Measurement) -> &'static str {
    if measurement.cold { "cold" } else { "warm" }
}

impl Timing {
    pub(crate) const fn shape(&self) -> Shape {
        Shape {
            rows: self.rows,
            cols: self.cols,
            inner: self.inner,
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes what it asks about"
)]
const fn is_one(inner: &u64) -> bool {
    *inner == 1
}
