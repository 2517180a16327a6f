//! Bins of causal rows by the number of columns that they count: the kernel of a bin of queries holds only those columns
//! of a row.

use std::sync::Arc;

use crate::device::planner::Planner;
use crate::device::runnable::Runnable;
use crate::device::window::Window;
use crate::error::Error;
use crate::shader::Program;
use crate::shader::params::Grid;
use crate::variant::problem::Geometry;
use crate::variant::{Family, Variant};

/// Bins of a group of queries.
const BINS: u32 = 4;

/// Quads of a row that a lane has to hold, at least, for bins to pay.
const MANY_QUADS: u32 = 2 * BINS;

/// A range of queries, the same in each group of queries, and its kernel.
#[derive(Debug, Clone)]
pub(crate) struct Bin {
    first: u32,
    queries: u32,
    pub(crate) runnable: Arc<Runnable>,
}

impl Bin {
    /// Plans bins for causal rows in registers; no bins for others.
    pub(crate) fn plan(
        planner: &Planner,
        geometry: &Geometry,
        variant: Variant,
    ) -> Result<Vec<Self>, Error> {
        let is_causal = geometry.problem.options.causal && geometry.problem.rows > 0;
        let quads = match variant.family {
            Family::Registers { quads } if is_causal => quads,
            _ => 0,
        };
        if quads < MANY_QUADS || geometry.queries < BINS {
            return Ok(Vec::new());
        }
        let whole = Program::of(geometry, variant).remove(0);
        let (mut bins, mut first) = (Vec::new(), 0);
        let mut counted = 0;
        for bin in 1..=BINS {
            // A whole number of blocks of four quads, except in the last bin, which has the longest rows.
            let held = match bin {
                BINS => quads,
                _ => (quads * bin / BINS).next_multiple_of(4),
            };
            let end = match bin {
                BINS => geometry.queries,
                _ => queries_within(geometry, variant, held),
            };
            if end > first {
                bins.push(Self {
                    first,
                    queries: end - first,
                    runnable: planner.checked(whole.narrowed(counted, held))?,
                });
                first = end;
            }
            // The last quads of a shifted row may hold one column fewer.
            counted = held - u32::from(variant.access.most_shifted() > 0);
        }
        Ok(bins)
    }

    /// Returns true if a window consists of whole groups of queries.
    pub(crate) fn divide(geometry: &Geometry, window: Window) -> bool {
        let queries = u64::from(geometry.queries.max(1));
        window.first.is_multiple_of(queries) && window.rows.is_multiple_of(queries)
    }

    /// Restricts a dispatch over all rows to this bin.
    pub(crate) const fn narrow(&self, grid: &mut Grid) {
        grid.bin_first = self.first;
        grid.bin_queries = self.queries;
        grid.bin_rows = grid.rows / grid.queries * self.queries;
    }
}

/// Number of queries, from the first one on, that count no more columns than `quads` quads a lane hold.
fn queries_within(geometry: &Geometry, variant: Variant, quads: u32) -> u32 {
    let held = 4 * quads * variant.lanes - variant.access.most_shifted();
    // The last query counts every column, and each one before it one less.
    let more = geometry.problem.cols.saturating_sub(held);
    geometry.queries.saturating_sub(more)
}
