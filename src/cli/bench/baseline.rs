//! Comparison of results with an earlier JSON report.

use crate::cli::failure::Failure;
use crate::cli::report::Adapter;
use serde::Deserialize;
use std::fmt;
use std::fs;
use std::path::Path;
use wgpu_softmax::bench::Measurement;

/// Largest relative change that is noise on a machine that does other work too.
const NOISE: f64 = 0.15;

/// Results of an earlier run.
#[derive(Debug, Deserialize)]
pub(crate) struct Baseline {
    adapters: Vec<EarlierAdapter>,
}

#[derive(Debug, Deserialize)]
struct EarlierAdapter {
    name: String,
    backend: String,
    results: Vec<Earlier>,
}

#[derive(Debug, Deserialize)]
struct Earlier {
    op: String,
    rows: u64,
    cols: u64,
    #[serde(default = "one")]
    inner: u64,
    dtype: String,
    fraction: f64,
}

/// Returns the `inner` of reports without one: they have no rows on a strided axis.
const fn one() -> u64 {
    1
}

/// A fraction then and now. Times of two runs do not compare, their fractions do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    pub(crate) then: f64,
    now: f64,
}

/// Numbers of changes for the better, for the worse, and within the noise.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    better: usize,
    worse: usize,
    noise: usize,
}

impl Baseline {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text =
            fs::read_to_string(path).map_err(|error| Failure::system("read", path, &error))?;
        serde_json::from_str(&text)
            .map_err(|error| Failure::expected(path.display(), "what bench --json writes", error))
    }

    /// Compares a result with that of the same adapter, operation, shape and storage type, if there is one.
    pub(crate) fn change(&self, adapter: &Adapter, result: &Measurement) -> Option<Change> {
        let subject = &result.subject;
        let same_adapter = |then: &&EarlierAdapter| {
            (&then.name, &then.backend) == (&adapter.name, &adapter.backend)
        };
        let same_subject = |then: &&Earlier| {
            (&*then.op, &*then.dtype) == (subject.operation.name(), subject.dtype.name())
                && (then.rows, then.cols, then.inner) == (subject.rows, subject.cols, subject.inner)
        };
        let earlier = self.adapters.iter().filter(same_adapter);
        let mut earlier = earlier.flat_map(|adapter| &adapter.results);
        earlier.find(same_subject).map(|then| Change {
            then: then.fraction,
            now: result.fraction.median,
        })
    }
}

impl Change {
    /// Returns the relative change, above 0 where the fraction has grown.
    fn relative(self) -> f64 {
        self.now / self.then - 1.0
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:+.0} %", 100.0 * self.relative())
    }
}

impl Changes {
    pub(crate) fn count(&mut self, change: Change) {
        let counter = match change.relative() {
            relative if relative > NOISE => &mut self.better,
            relative if relative < -NOISE => &mut self.worse,
            _ => &mut self.noise,
        };
        *counter += 1;
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "against the baseline: {} better and {} worse by more than {:.0} %, {} within",
            self.better,
            self.worse,
            100.0 * NOISE,
            self.noise
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Changes};

    #[test]
    fn a_change_is_relative_and_small_ones_are_noise() {
        let change = |then, now| Change { then, now };
        assert_eq!(change(0.8, 0.6).to_string(), "-25 %");
        assert_eq!(change(0.5, 0.6).to_string(), "+20 %");
        let mut changes = Changes::default();
        for (then, now) in [(0.8, 0.6), (0.5, 0.6), (0.8, 0.72), (0.8, 0.88), (0.4, 0.3)] {
            changes.count(change(then, now));
        }
        assert_eq!((changes.better, changes.worse, changes.noise), (1, 2, 2));
    }
}
