//! `--mask`, `--causal` and `--masked-rows`: the choice of the logits that count, block by block.
//!
//! A mask is read whole and never expanded over all logits. Blocks are boxes, so that the part of the mask for a block is
//! a piece of the mask's file, too, and is broadcast as the whole is.

mod causal;
mod expanded;
mod given;

pub(super) use expanded::Expanded;

use super::args;
use super::failure::Failure;
use super::files::Floats;
use super::rows::Rows;
use causal::Causal;
use given::{Elements, Given, Piece};
use std::ops::Range;
use wgpu_softmax::{EmptyRows, Error, MaskData, SoftmaxSpec};

/// Masking of the logits: those that count, and the result of a row in which none does.
#[derive(Debug, Default)]
pub(super) struct Masking {
    given: Option<Given>,
    causal: Option<Causal>,
    empty_rows: EmptyRows,
}

/// Part of a masking for some rows.
#[derive(Debug)]
pub(super) struct Part<'a> {
    masking: &'a Masking,
    mask: Option<Piece<'a>>,
    /// Query of the first row.
    first_query: usize,
}

impl Masking {
    /// Reads the mask that the command line names.
    pub(super) fn open(args: &args::Masking, x: &Rows) -> Result<Self, Failure> {
        let causal = args.causal.then(|| Causal::of(x)).transpose()?;
        let given = args.mask.as_deref().map(|path| Given::open(path, x));
        let given = given.transpose()?;
        if let (Some(given), Some(causal)) = (&given, &causal) {
            causal.require_fit(given)?;
        }
        let empty_rows = EmptyRows::default();
        Ok(Self {
            given,
            causal,
            empty_rows,
        })
    }

    /// Sets the result of rows in which no logit counts to the one that the command line asks for.
    pub(super) fn rows_are(self, args: &args::MaskedRows) -> Self {
        Self {
            empty_rows: args.are,
            ..self
        }
    }

    /// Returns true if the masking differs from row to row, so that blocks are boxes.
    pub(super) fn follows_rows(&self) -> bool {
        self.given.is_some() || self.causal.is_some()
    }

    /// Returns the part of the masking for a box of rows.
    pub(super) fn part(&self, x: &Rows, rows: &Range<usize>) -> Result<Part<'_>, Error> {
        let first_query = self.causal.map(|causal| causal.first_query(rows));
        Ok(Part {
            masking: self,
            mask: self
                .given
                .as_ref()
                .map(|given| given.piece(x, rows))
                .transpose()?,
            first_query: first_query.unwrap_or(0),
        })
    }
}

impl Part<'_> {
    /// Adds the mask to the spec of the rows.
    pub(super) fn spec(&self, spec: SoftmaxSpec) -> SoftmaxSpec {
        let mut spec = spec.empty_rows(self.masking.empty_rows);
        if let Some(piece) = &self.mask {
            spec = spec.mask(piece.mask);
        }
        match self.masking.causal {
            Some(causal) if causal.along_rows => {
                spec.causal((causal.queries - self.first_query) as u64)
            }
            _ => spec,
        }
    }

    /// Returns the elements of the mask.
    pub(super) fn data(&self) -> Option<MaskData<'_>> {
        self.mask.as_ref().map(|piece| match piece.elements {
            Elements::Additive(added) => MaskData::Additive(added),
            Elements::Boolean(kept) => MaskData::Boolean(kept),
            Elements::Wide(_) => unreachable!("f64 has been narrowed"),
        })
    }

    /// Excludes by `-inf` for the logits what no spec can express: later keys where the keys are not the columns.
    pub(super) fn exclude_in(&self, x: &mut Floats) {
        if let Some(causal) = self.masking.causal.filter(|causal| !causal.along_rows) {
            match x {
                Floats::F16(bits) => causal.exclude(bits, 0, 0xfc00),
                Floats::Bf16(bits) => causal.exclude(bits, 0, 0xff80),
                Floats::F32(values) => causal.exclude(values, 0, f32::NEG_INFINITY),
                Floats::F64(values) => causal.exclude(values, 0, f64::NEG_INFINITY),
            }
        }
    }

    /// Returns the mask of each logit of the rows, with the columns of a row one after the other.
    pub(super) fn expanded(&self, x: &Rows, rows: usize) -> Expanded {
        let Masking {
            causal, empty_rows, ..
        } = *self.masking;
        let mut expanded = Expanded::of(self.mask.as_ref(), x, rows);
        if let Some(causal) = causal {
            let kept = expanded
                .kept
                .get_or_insert_with(|| vec![true; rows * x.cols]);
            causal.exclude(kept, self.first_query, false);
        }
        expanded.in_rows(x.slices(rows), empty_rows)
    }
}
