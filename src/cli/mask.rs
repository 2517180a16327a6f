//! `--mask`, `--causal` and `--masked-rows`: the choice of the logits, or of the classes of a loss, that count, block by block; and
//! `--sinks`, which count without being logits.
//!
//! A mask is read whole and never expanded over all logits. Blocks are boxes, so that the part of the mask for a block is
//! a piece of the mask's file, too, and is broadcast as the whole is.

mod causal;
mod given;
mod sinks;

use super::args;
use super::failure::Failure;
use super::files::{Floats, narrow};
use super::rows::Rows;
use causal::Causal;
use given::{Given, Piece, Values};
use sinks::Sinks;
use std::ops::Range;
use std::path::Path;
use wgpu_softmax::reference::{Columns, Masked, axis_to_rows, broadcast};
use wgpu_softmax::{EmptyRows, Error, Mask, MaskData, SoftmaxSpec};

/// Masking of the logits: those that count, sinks, and the result of a row in which nothing does.
#[derive(Debug, Default)]
pub(super) struct Masking {
    given: Option<Given>,
    causal: Option<Causal>,
    sinks: Option<Sinks>,
    empty_rows: EmptyRows,
}

/// Part of a masking for some rows.
pub(super) struct Part<'a> {
    masking: &'a Masking,
    mask: Option<Piece<'a>>,
    /// Query of the first row.
    first_query: usize,
    /// The sink of each row.
    sinks: Option<Vec<f64>>,
}

impl Masking {
    /// Reads the mask that the command line names.
    pub(super) fn open(args: &args::Masking, x: &Rows) -> Result<Self, Failure> {
        let causal = args.causal.then(|| Causal::of(x)).transpose()?;
        let open = |path| Given::open(path, x, &x.shape, false);
        let given = args.mask.as_deref().map(open).transpose()?;
        let sinks = args.sinks.as_deref().map(|path| Sinks::open(path, x));
        if let (Some(given), Some(causal)) = (&given, &causal) {
            causal.require_fit(given)?;
        }
        Ok(Self {
            given,
            causal,
            sinks: sinks.transpose()?,
            empty_rows: EmptyRows::default(),
        })
    }

    /// Reads the mask of a loss of logits of a shape, which are `x` or made of it.
    pub(super) fn of_loss(
        path: Option<&Path>,
        x: &Rows,
        logits: &[usize],
    ) -> Result<Self, Failure> {
        let open = |path| Given::open(path, x, logits, true);
        Ok(Self {
            given: path.map(open).transpose()?,
            ..Self::default()
        })
    }

    /// Returns the mask of a loss and all of its elements.
    pub(super) fn kept(&self) -> Option<(Mask, &[bool])> {
        self.given.as_ref()?.kept()
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
        let mask = self.given.as_ref().map(|given| given.piece(x, rows));
        Ok(Part {
            masking: self,
            mask: mask.transpose()?,
            first_query: self.causal.map_or(0, |causal| causal.first_query(rows)),
            sinks: self.sinks.as_ref().map(|sinks| sinks.of_rows(rows)),
        })
    }
}

impl Part<'_> {
    /// Adds mask and sinks to the spec of the rows.
    pub(super) fn spec(&self, spec: SoftmaxSpec) -> SoftmaxSpec {
        let mut spec = spec.empty_rows(self.masking.empty_rows);
        if let Some(piece) = &self.mask {
            spec = spec.mask(piece.mask);
        }
        if let Some(sinks) = &self.sinks {
            spec = spec.sinks((sinks.len() as u64).max(1), 1);
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
        let Piece { values, range, .. } = self.mask.as_ref()?;
        Some(match values {
            Values::Additive(added) => MaskData::Additive(&added[range.clone()]),
            Values::Boolean(kept) => MaskData::Boolean(&kept[range.clone()]),
            Values::Wide(_) => unreachable!("f64 has been narrowed"),
        })
    }

    /// Returns the mask of a loss and its elements.
    pub(super) fn kept(&self) -> Option<(Mask, &[bool])> {
        match (self.mask.as_ref()?.mask, self.data()?) {
            (mask, MaskData::Boolean(kept)) => Some((mask, kept)),
            _ => None,
        }
    }

    /// Returns the sink of each row.
    pub(super) fn sinks(&self) -> Option<Vec<f32>> {
        self.sinks.clone().map(narrow)
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
        let (mut additive, mut kept) = (None, None);
        if let Some(piece) = &self.mask {
            let (shape, of_box, range) = (&piece.shape, x.box_shape(rows), piece.range.clone());
            match piece.values {
                Values::Boolean(all) => kept = Some(broadcast(&all[range], shape, &of_box)),
                Values::Wide(added) => additive = Some(broadcast(&added[range], shape, &of_box)),
                Values::Additive(_) => unreachable!("a mask for the reference is wide"),
            }
        }
        if let Some(causal) = self.masking.causal {
            let kept = kept.get_or_insert_with(|| vec![true; rows * x.cols]);
            causal.exclude(kept, self.first_query, false);
        }
        let slices = x.slices(rows);
        Expanded {
            additive: additive.map(|added| axis_to_rows(&added, slices)),
            kept: kept.map(|kept| axis_to_rows(&kept, slices)),
            sinks: self.sinks.clone(),
            empty_rows: self.masking.empty_rows,
        }
    }
}

/// Mask of some rows as the reference takes it, one element a logit, and one sink a row.
pub(super) struct Expanded {
    additive: Option<Vec<f64>>,
    kept: Option<Vec<bool>>,
    sinks: Option<Vec<f64>>,
    empty_rows: EmptyRows,
}

impl Expanded {
    /// Returns true for each logit that is kept, if there is such a mask.
    pub(super) fn into_kept(self) -> Option<Vec<bool>> {
        self.kept
    }

    /// Returns the columns with this mask.
    pub(super) fn on(&self, columns: Columns) -> Masked<'_, f64> {
        let mut masked = Masked::new(columns).empty_rows(self.empty_rows);
        if let Some(additive) = &self.additive {
            masked = masked.additive(additive);
        }
        if let Some(kept) = &self.kept {
            masked = masked.kept(kept);
        }
        if let Some(sinks) = self.sinks.as_deref().filter(|sinks| !sinks.is_empty()) {
            masked = masked.sinks(sinks, 1);
        }
        masked
    }
}
