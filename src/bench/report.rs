//! Results of a bench as data: what `bench --json` writes, and what `report` lays side by side.

use std::fmt;

use wgpu::AdapterInfo;

use super::{LinearMeasurement, Measurement, Shape, Spread, Subject, Sweep, Verdict};
use crate::gpu::AdapterFacts;

/// Results of one run on one host.
///
/// With the feature `serde` it is read and written as it stands. What files of earlier versions lack is `None`, empty, NaN or
/// 0.
///
/// ```
/// use wgpu_softmax::bench::Report;
///
/// let mut report = Report::new();
/// report.date = Some("2026-11-28T21:46:27Z".into());
/// assert_eq!(report.schema, Report::SCHEMA);
/// assert!(report.adapters.is_empty());
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Report {
    /// [`SCHEMA`](Self::SCHEMA) of the version that wrote it; 0 before there were numbers.
    #[cfg_attr(feature = "serde", serde(default))]
    pub schema: u32,
    /// Start of the run in UTC, as `2026-11-28T21:46:27Z`.
    pub date: Option<String>,
    /// Version of this crate.
    pub version: Option<String>,
    /// Commit that it was built from, where that is known.
    pub commit: Option<String>,
    /// Command line.
    pub command: Option<String>,
    /// Machine that ran it.
    pub host: Option<Host>,
    /// Results of each adapter.
    pub adapters: Vec<AdapterResults>,
}

/// Machine to which the adapters belong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Host {
    /// Operating system with its version, and the architecture.
    pub os: String,
    /// Name of the processor.
    pub cpu: String,
    /// Number of logical cores.
    pub cores: usize,
}

/// Results of one adapter.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct AdapterResults {
    /// Name of the adapter.
    pub name: String,
    /// Backend, as `vulkan`.
    pub backend: String,
    /// Driver with its version.
    pub driver: String,
    /// `cpu`, `discrete`, `integrated`, `virtual` or `other`.
    pub device_type: String,
    /// What was timed, in that order.
    pub results: Vec<Timing>,
    /// What was to be timed and was not.
    #[cfg_attr(feature = "serde", serde(default))]
    pub left_out: Vec<LeftOut>,
    /// Rates of the ceilings' tilings.
    #[cfg_attr(feature = "serde", serde(default))]
    pub sweeps: Vec<Sweep>,
    /// Linear layers with their loss that were timed, in that order.
    #[cfg_attr(feature = "serde", serde(default))]
    pub layers: Vec<LayerTiming>,
}

/// Time of a linear layer with its loss and its gradients by hidden and by the weight, beside that of its parts alone.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LayerTiming {
    /// Number of rows.
    pub rows: u64,
    /// Number of features.
    pub features: u64,
    /// Number of classes.
    pub classes: u64,
    /// Name of the storage type of hidden and weight.
    pub dtype: String,
    /// Name of the kernel of the products.
    pub kernel: String,
    /// Rows whose logits are in memory together.
    pub chunk_rows: u64,
    /// Bytes of memory in addition to inputs and outputs.
    pub scratch_bytes: u64,
    /// Additions and multiplications of the three products.
    pub flops: u64,
    /// Median of the device time in nanoseconds.
    pub time_ns: f64,
    /// Its lower quartile.
    pub time_lower_ns: f64,
    /// Its upper quartile.
    pub time_upper_ns: f64,
    /// Rate of the whole in 10^9 operations a second, by the median time.
    pub gflop_per_s: f64,
    /// The ceiling: rate of the products alone, of all rows at once.
    pub products_gflop_per_s: f64,
    /// The same rate of the whole in time of the processor, on software adapters.
    pub gflop_per_cpu_s: Option<f64>,
    /// The time divided by that of the products and the loss, each alone: the median of the ratios of all rounds.
    pub parts_ratio: f64,
    /// The lower quartile of these ratios.
    pub parts_lower: f64,
    /// Their upper quartile.
    pub parts_upper: f64,
    /// The median ratio in processor time, on software adapters.
    pub parts_effort_ratio: Option<f64>,
    /// Number of rounds.
    pub rounds: usize,
    /// `timestamps` of the device, or `wall`.
    pub clock: String,
}

impl From<&LinearMeasurement> for LayerTiming {
    fn from(measured: &LinearMeasurement) -> Self {
        let (spec, time, share) = (&measured.spec, measured.time_ns, measured.share);
        Self {
            rows: spec.rows(),
            features: spec.features(),
            classes: spec.classes(),
            dtype: spec.dtype.name().into(),
            kernel: measured.kernel.clone(),
            chunk_rows: measured.chunk_rows,
            scratch_bytes: measured.scratch_bytes,
            flops: measured.flops,
            time_ns: time.median,
            time_lower_ns: time.lower,
            time_upper_ns: time.upper,
            gflop_per_s: measured.gflops(),
            products_gflop_per_s: measured.products_gflops(),
            gflop_per_cpu_s: measured.effort_gflops(),
            parts_ratio: share.median,
            parts_lower: share.lower,
            parts_upper: share.upper,
            parts_effort_ratio: measured.effort_share.map(|spread| spread.median),
            rounds: measured.rounds,
            clock: measured.clock.name().into(),
        }
    }
}

/// Time of one operation at one shape, beside its ceiling.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Timing {
    /// Name of the operation.
    pub op: String,
    /// Number of rows.
    pub rows: u64,
    /// Number of columns of a row.
    pub cols: u64,
    /// Extent of the strided axis, 1 for contiguous rows.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub inner: u64,
    /// Name of the storage type.
    pub dtype: String,
    /// Name of the kernel that ran.
    pub kernel: String,
    /// Median of the device time in nanoseconds.
    #[cfg_attr(feature = "serde", serde(with = "number"))]
    pub time_ns: f64,
    /// Its lower quartile.
    #[cfg_attr(feature = "serde", serde(with = "number", default = "nan"))]
    pub time_lower_ns: f64,
    /// Its upper quartile.
    #[cfg_attr(feature = "serde", serde(with = "number", default = "nan"))]
    pub time_upper_ns: f64,
    /// Fewest bytes that the operation must move.
    pub bytes: u64,
    /// Rate in 10^9 bytes a second, by the median time.
    #[cfg_attr(feature = "serde", serde(with = "number"))]
    pub gb_per_s: f64,
    /// `copy` or `read`.
    pub ceiling: String,
    /// Name of the ceiling's form that was the best.
    #[cfg_attr(feature = "serde", serde(default))]
    pub ceiling_kernel: String,
    /// Median rate of the ceiling in 10^9 bytes a second.
    #[cfg_attr(feature = "serde", serde(with = "number"))]
    pub ceiling_gb_per_s: f64,
    /// Time of the ceiling for the same bytes, divided by the operation's: the median of the ratios of all rounds.
    #[cfg_attr(feature = "serde", serde(with = "number"))]
    pub fraction: f64,
    /// The lower quartile of these ratios.
    #[cfg_attr(feature = "serde", serde(with = "number", default = "nan"))]
    pub fraction_lower: f64,
    /// Their upper quartile.
    #[cfg_attr(feature = "serde", serde(with = "number", default = "nan"))]
    pub fraction_upper: f64,
    /// The median fraction in processor time, on software adapters: what other programs do changes it little.
    pub effort_fraction: Option<f64>,
    /// Its lower quartile.
    pub effort_lower: Option<f64>,
    /// Its upper quartile.
    pub effort_upper: Option<f64>,
    /// The median fraction of a ceiling that takes an exponential of every element, too, where one was timed.
    pub exp_fraction: Option<f64>,
    /// Number of rounds.
    #[cfg_attr(feature = "serde", serde(default))]
    pub rounds: usize,
    /// `cold` where no cache had kept the data, else `warm`.
    #[cfg_attr(feature = "serde", serde(default))]
    pub memory: String,
    /// `timestamps` of the device, or `wall`.
    #[cfg_attr(feature = "serde", serde(default))]
    pub clock: String,
}

/// Operation at a shape that has no time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LeftOut {
    /// Name of the operation.
    pub op: String,
    /// Number of rows.
    pub rows: u64,
    /// Number of columns of a row.
    pub cols: u64,
    /// Extent of the strided axis, 1 for contiguous rows.
    pub inner: u64,
    /// Name of the storage type.
    pub dtype: String,
    /// Reason why there is no time.
    pub reason: String,
}

impl Report {
    /// Number of this form of the results. Fields may come without a new number; none goes or changes its meaning.
    pub const SCHEMA: u32 = 1;

    /// Creates a report of this version of the crate, with no results yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            schema: Self::SCHEMA,
            date: None,
            version: Some(env!("CARGO_PKG_VERSION").into()),
            commit: None,
            command: None,
            host: None,
            adapters: Vec::new(),
        }
    }
}

impl Default for Report {
    fn default() -> Self {
        Self::new()
    }
}

impl AdapterResults {
    /// Reason of [`LeftOut`] for what the budget did not reach.
    pub const TIME: &str = "the time was up";

    /// Creates the results of an adapter on which nothing of `subjects` is timed yet.
    pub fn new(info: &AdapterInfo, subjects: &[Subject]) -> Self {
        let facts = AdapterFacts::from(info.clone());
        Self {
            name: facts.name,
            backend: facts.backend,
            driver: facts.driver,
            device_type: facts.device_type,
            results: Vec::new(),
            left_out: subjects.iter().map(LeftOut::of).collect(),
            sweeps: Vec::new(),
            layers: Vec::new(),
        }
    }

    /// Adds a measurement, in place of an earlier one of the same subject.
    pub fn add(&mut self, measured: &Measurement) {
        let timing = Timing::from(measured);
        let waits = |other: &LeftOut| *other != LeftOut::of(&measured.subject);
        self.left_out.retain(waits);
        match self.results.iter_mut().find(|other| other.is_of(&timing)) {
            Some(earlier) => *earlier = timing,
            None => self.results.push(timing),
        }
    }

    /// Gives the reason why a subject stays without a time.
    pub fn leave_out(&mut self, subject: &Subject, reason: impl fmt::Display) {
        let waiting = LeftOut::of(subject);
        let left_out = self.left_out.iter_mut();
        for of_subject in left_out.filter(|other| **other == waiting) {
            of_subject.reason = reason.to_string();
        }
    }

    /// Returns how many were to be timed.
    pub fn planned(&self) -> usize {
        self.results.len() + self.left_out.len()
    }
}

impl fmt::Display for AdapterResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {})", self.name, self.backend, self.driver)
    }
}

impl Timing {
    /// Returns the fraction with its quartiles.
    pub const fn fractions(&self) -> Spread {
        Spread {
            lower: self.fraction_lower,
            median: self.fraction,
            upper: self.fraction_upper,
        }
    }

    /// Returns what became of an earlier fraction, and how many times the earlier one this is: in processor time where both
    /// have it, else in device time.
    pub fn since(&self, earlier: &Self) -> (Verdict, f64) {
        let (then, now) = match (earlier.efforts(), self.efforts()) {
            (Some(then), Some(now)) => (then, now),
            _ => (earlier.fractions(), self.fractions()),
        };
        (Verdict::of(then, now), now.median / then.median)
    }

    fn efforts(&self) -> Option<Spread> {
        Some(Spread {
            lower: self.effort_lower?,
            median: self.effort_fraction?,
            upper: self.effort_upper?,
        })
    }

    /// True if the other is of the same operation, shape and storage type.
    pub fn is_of(&self, other: &Self) -> bool {
        self.op == other.op && self.dtype == other.dtype && self.shape() == other.shape()
    }

    /// True if it is of this subject.
    pub fn is_of_subject(&self, subject: &Subject) -> bool {
        let names = (subject.operation.name(), subject.dtype.name());
        (&*self.op, &*self.dtype) == names && self.shape() == subject.shape()
    }

    /// Returns the rows, the columns and the extent of the strided axis.
    pub const fn shape(&self) -> Shape {
        Shape {
            rows: self.rows,
            cols: self.cols,
            inner: self.inner,
        }
    }
}

impl From<&Measurement> for Timing {
    fn from(measured: &Measurement) -> Self {
        let (subject, time, fraction) = (&measured.subject, measured.time_ns, measured.fraction);
        Self {
            op: subject.operation.name().into(),
            rows: subject.rows,
            cols: subject.cols,
            inner: subject.inner,
            dtype: subject.dtype.name().into(),
            kernel: measured.kernel.clone(),
            time_ns: time.median,
            time_lower_ns: time.lower,
            time_upper_ns: time.upper,
            bytes: measured.bytes,
            gb_per_s: measured.gb_per_s(),
            ceiling: measured.ceiling.name().into(),
            ceiling_kernel: measured.ceiling_kernel.clone(),
            ceiling_gb_per_s: measured.ceiling_gb_per_s.median,
            fraction: fraction.median,
            fraction_lower: fraction.lower,
            fraction_upper: fraction.upper,
            effort_fraction: measured.effort_fraction.map(|spread| spread.median),
            effort_lower: measured.effort_fraction.map(|spread| spread.lower),
            effort_upper: measured.effort_fraction.map(|spread| spread.upper),
            exp_fraction: measured.exp_fraction.map(|spread| spread.median),
            rounds: measured.rounds,
            memory: if measured.cold { "cold" } else { "warm" }.into(),
            clock: measured.clock.name().into(),
        }
    }
}

impl LeftOut {
    fn of(subject: &Subject) -> Self {
        Self {
            op: subject.operation.name().into(),
            rows: subject.rows,
            cols: subject.cols,
            inner: subject.inner,
            dtype: subject.dtype.name().into(),
            reason: AdapterResults::TIME.into(),
        }
    }

    /// Returns the rows, the columns and the extent of the strided axis.
    pub const fn shape(&self) -> Shape {
        Shape {
            rows: self.rows,
            cols: self.cols,
            inner: self.inner,
        }
    }
}

#[cfg(feature = "serde")]
const fn one() -> u64 {
    1
}

#[cfg(feature = "serde")]
const fn nan() -> f64 {
    f64::NAN
}

/// A number, or the name of one that JSON lacks: "NaN", "inf", "-inf".
#[cfg(feature = "serde")]
mod number {
    use serde::{Deserialize, Deserializer, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Finite(f64),
        Named(String),
    }

    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        match value.is_finite() {
            true => serializer.serialize_f64(*value),
            false => serializer.collect_str(value),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        match Number::deserialize(deserializer)? {
            Number::Finite(value) => Ok(value),
            Number::Named(name) => name.parse().map_err(serde::de::Error::custom),
        }
    }
}
