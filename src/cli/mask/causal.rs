//! `--causal`: no query looks at a later key.

use super::given::Given;
use crate::cli::failure::Failure;
use crate::cli::files::Shape;
use crate::cli::rows::Rows;
use std::ops::Range;

/// Causal mask: the last two axes as (query, key).
#[derive(Debug, Clone, Copy)]
pub(super) struct Causal {
    pub(super) queries: usize,
    keys: usize,
    /// True if the columns of a row are the keys of one query.
    pub(super) along_rows: bool,
}

impl Causal {
    pub(super) fn of(x: &Rows) -> Result<Self, Failure> {
        match x.shape[..] {
            [.., queries, keys] => Ok(Self {
                queries,
                keys,
                along_rows: x.inner == 1 && x.axis + 1 == x.shape.len(),
            }),
            _ => Err(Failure::expected(
                format!("--causal for {}", x.path().display()),
                "at least two axes, the last ones (query, key)",
                format!("shape {}", Shape(&x.shape)),
            )),
        }
    }

    /// Returns the query of the first of these rows; 0 if a row is not that of a query, where blocks have all queries.
    pub(super) fn first_query(self, rows: &Range<usize>) -> usize {
        match self.along_rows {
            true => rows.start % self.queries.max(1),
            false => 0,
        }
    }

    /// Sets the excluded scores of queries, from `first_query` on, to `excluded`.
    pub(super) fn exclude<T: Copy>(self, scores: &mut [T], first_query: usize, excluded: T) {
        for (query, keys) in scores.chunks_exact_mut(self.keys.max(1)).enumerate() {
            let query = (first_query + query) % self.queries;
            let seen = (query + 1 + self.keys).saturating_sub(self.queries);
            keys[seen.min(self.keys)..].fill(excluded);
        }
    }

    /// Refuses a mask that adds to excluded logits what could undo the exclusion.
    pub(super) fn require_fit(self, given: &Given) -> Result<(), Failure> {
        if self.along_rows || given.keeps_minus_infinity() {
            return Ok(());
        }
        Err(Failure::expected(
            format!("{} with --causal and --axis", given.path.display()),
            "no NaN and no inf, where the axis is not the last one",
            "some",
        ))
    }
}
