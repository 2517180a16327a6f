//! Comparison of results with those of an earlier run.

use std::fmt;
use wgpu_softmax::bench::{AdapterResults, Report, Timing, Verdict};

/// A fraction then, and what became of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    pub(super) then: f64,
    times: f64,
    pub(super) verdict: Verdict,
}

/// Numbers of verdicts.
#[derive(Debug, Default)]
pub(super) struct Changes {
    faster: usize,
    slower: usize,
    same: usize,
}

/// Returns the earlier results of the adapter, if there are any.
pub(super) fn of_adapter<'a>(
    baseline: &'a Report,
    adapter: &AdapterResults,
) -> Option<&'a AdapterResults> {
    let same =
        |then: &&AdapterResults| (&then.name, &then.backend) == (&adapter.name, &adapter.backend);
    baseline.adapters.iter().find(same)
}

impl Change {
    /// Compares a result with that of the same operation, shape and storage type, if there is one.
    pub(super) fn of(baseline: &AdapterResults, result: &Timing) -> Option<Self> {
        let then = baseline.results.iter().find(|then| then.is_of(result))?;
        let (verdict, times) = result.since(then);
        Some(Self {
            then: then.fraction,
            times,
            verdict,
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.verdict {
            Verdict::Same => f.write_str("same"),
            change => write!(f, "{} x{:.2}", change.name(), self.times),
        }
    }
}

impl Changes {
    pub(super) fn count(&mut self, change: Change) {
        let counter = match change.verdict {
            Verdict::Faster => &mut self.faster,
            Verdict::Slower => &mut self.slower,
            _ => &mut self.same,
        };
        *counter += 1;
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            faster,
            slower,
            same,
        } = self;
        write!(
            f,
            "against the baseline: {faster} faster, {slower} slower, {same} the same"
        )
    }
}
