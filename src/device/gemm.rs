//! Dispatches of a product of matrices, and of sums of columns.

use std::iter::once;
use std::ops::Range;
use std::sync::Arc;

use crate::device::kernel::{Span, Step};
use crate::device::runnable::Runnable;
use crate::device::window::ranges;
use crate::error::Error;
use crate::shader::params::{Grid, Params, word};
use crate::shader::{Binding, Stage};
use crate::variant::{Abilities, Product, Tile};

/// A matrix in a binding.
#[derive(Debug, Clone)]
pub(crate) struct Factor {
    /// None for one without elements.
    pub(crate) span: Option<Span>,
    /// Elements before its first one.
    pub(crate) offset: u64,
    /// Elements from a row to the next.
    pub(crate) stride: u64,
}

impl Factor {
    /// The same matrix from `elements` elements on.
    fn from(self, elements: u64) -> Self {
        Self {
            offset: self.offset + elements,
            ..self
        }
    }
}

/// A product, `rows` x `cols`, or sums of `cols` columns.
#[derive(Debug, Clone)]
pub(crate) struct Gemm {
    pub(crate) rows: u64,
    pub(crate) cols: u64,
    /// Terms of an element. Where they do not begin at 0, they are added to what the result holds.
    pub(crate) terms: Range<u64>,
    pub(crate) a: Factor,
    /// None for sums of columns.
    pub(crate) b: Option<Factor>,
    pub(crate) result: Factor,
    /// The bias of the columns, and the first of them in it.
    pub(crate) bias: Option<(Span, u32)>,
}

/// Terms that one dispatch adds: in loops over 256, over 16, and over one, an invocation makes 273 trips for 256 terms.
fn terms_at_once(abilities: &Abilities) -> u32 {
    (abilities.max_trips() / 273).max(1) * 256
}

impl Gemm {
    /// Returns the dispatches by a kernel, in the order of the terms.
    pub(crate) fn steps(
        &self,
        runnable: &Arc<Runnable>,
        abilities: &Abilities,
        base: Params,
    ) -> Vec<Step> {
        let count = word(self.terms.end - self.terms.start);
        let pieces: Vec<_> = match count {
            // The result of no terms is 0, and has to be written.
            0 => once(0..0).collect(),
            _ => ranges(count, terms_at_once(abilities)).collect(),
        };
        let step = |piece| self.step(runnable, piece, base);
        pieces.into_iter().map(step).collect()
    }

    fn step(&self, runnable: &Arc<Runnable>, piece: Range<u32>, base: Params) -> Step {
        let first = u64::from(piece.start);
        let stage = runnable.program.stage;
        let by_rows = first * self.a.stride;
        let (a, b, parts, slots) = match stage {
            Stage::Gemm(product, tile) => {
                let b = self.b.clone().map(|b| {
                    let passed = match product {
                        Product::Logits => first,
                        Product::GradHidden | Product::GradWeight => first * b.stride,
                    };
                    b.from(passed)
                });
                let passed = match product {
                    Product::GradWeight => by_rows,
                    Product::Logits | Product::GradHidden => first,
                };
                let (parts, slots) = tiles(tile, self.rows, self.cols);
                (self.a.clone().from(passed), b, parts, slots)
            }
            _ => (self.a.clone().from(by_rows), None, 1, self.cols),
        };
        let grid = Grid {
            rows: word(self.rows),
            cols: word(self.cols),
            parts: word(parts),
            first_part: word(self.terms.start + first),
            inner: piece.end - piece.start,
            source_offset: word(a.offset),
            source_stride: word(a.stride),
            upstream_offset: word(b.as_ref().map_or(0, |b| b.offset)),
            upstream_stride: word(b.as_ref().map_or(0, |b| b.stride)),
            result_offset: word(self.result.offset),
            result_stride: word(self.result.stride),
            bound_row: self.bias.as_ref().map_or(0, |(_, first)| *first),
            ..base.grid
        };
        let spans = [
            (Binding::Source, a.span),
            (Binding::Upstream, b.and_then(|b| b.span)),
            (Binding::Result, self.result.span.clone()),
            (Binding::Bias, self.bias.clone().map(|(span, _)| span)),
        ];
        let given = |(binding, span): (_, Option<Span>)| span.map(|span| (binding, span));
        Step {
            runnable: Arc::clone(runnable),
            spans: spans.into_iter().filter_map(given).collect(),
            params: Params { grid, ..base },
            slots,
        }
    }
}

/// Returns the dispatch that rounds the first `count` elements of `from` to 16 bits, two in a word.
pub(crate) fn narrow(
    runnable: &Arc<Runnable>,
    from: Factor,
    to: Factor,
    count: u64,
    base: Params,
) -> Step {
    let grid = Grid {
        cols: word(count),
        result_offset: word(to.offset),
        ..base.grid
    };
    let spans = [(Binding::Source, from.span), (Binding::Result, to.span)];
    let given = |(binding, span): (_, Option<Span>)| span.map(|span| (binding, span));
    Step {
        runnable: Arc::clone(runnable),
        spans: spans.into_iter().filter_map(given).collect(),
        params: Params { grid, ..base },
        slots: (to.offset + count).div_ceil(2),
    }
}

/// Number of dispatches that add `terms` terms.
pub(crate) fn dispatches_of(terms: u64, abilities: &Abilities) -> u64 {
    terms.div_ceil(terms_at_once(abilities).into()).max(1)
}

/// Returns the tiles beside each other in a product of `rows` x `cols`, and all of them.
pub(crate) fn tiles(tile: Tile, rows: u64, cols: u64) -> (u64, u64) {
    let across = cols.div_ceil(tile.width().into());
    (across, across * rows.div_ceil(tile.height().into()))
}

/// Checks that the elements of a matrix can be counted by 32 bits.
pub(crate) fn check_extent(what: &'static str, extent: u64) -> Result<(), Error> {
    match extent {
        1..=0x4000_0000 => Ok(()),
        _ => Err(Error::value(what, "1 to 1,073,741,824", extent)),
    }
}
