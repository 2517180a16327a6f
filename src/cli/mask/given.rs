//! Mask of `--mask FILE`.

use crate::cli::failure::Failure;
use crate::cli::files::{Stored, narrow};
use crate::cli::progress;
use crate::cli::rows::{self, Rows};
use std::ops::Range;
use std::path::{Path, PathBuf};
use wgpu_softmax::{Error, Mask, MaskKind};

/// Mask for all logits.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) path: PathBuf,
    mask: Mask,
    /// Shape of the mask, with as many axes as the logits have.
    shape: Vec<usize>,
    values: Values,
}

#[derive(Debug)]
pub(super) enum Values {
    Additive(Vec<f32>),
    /// Added values for the reference.
    Wide(Vec<f64>),
    Boolean(Vec<bool>),
}

/// Piece of a mask for a box of logits.
pub(super) struct Piece<'a> {
    pub(super) mask: Mask,
    pub(super) shape: Vec<usize>,
    /// All values of the mask, of which the piece has those in this range.
    pub(super) values: &'a Values,
    pub(super) range: Range<usize>,
}

impl Given {
    /// Reads a mask that fits logits of a shape, which are `x` or made of it. That of a loss is of bool.
    pub(super) fn open(
        path: &Path,
        x: &Rows,
        logits: &[usize],
        is_of_loss: bool,
    ) -> Result<Self, Failure> {
        let mut input = x.open_another(path)?;
        let kind = match input.header().stored {
            Stored::Float(float) if !is_of_loss => {
                rows::tell_of_f64(path, float, x.wide);
                MaskKind::Additive
            }
            Stored::Bool => MaskKind::Boolean,
            other => {
                let wanted = match is_of_loss {
                    true => "a mask of bool, for a loss",
                    false => "a mask of floats: float16, bfloat16, float32 or float64, or of bool",
                };
                return Err(Failure::expected(path.display(), wanted, other));
            }
        };
        let shape = &input.header().shape;
        let mask = mask_of(kind, logits, x.axis, shape).map_err(|error| Failure::Library {
            at: format!("{} for {}", path.display(), x.describe()),
            error,
        })?;
        let mut padded = vec![1; logits.len() - shape.len()];
        padded.extend(shape);
        let count = input.header().count();
        let values = progress::during(format!("reading {}", path.display()), |_| match kind {
            MaskKind::Boolean => input.bools(count).map(Values::Boolean),
            _ => {
                let added = input.floats(count, x.wide)?.into_f64();
                Ok(match x.wide {
                    true => Values::Wide(added),
                    false => Values::Additive(narrow(added)),
                })
            }
        })?;
        Ok(Self {
            path: path.to_owned(),
            mask,
            shape: padded,
            values,
        })
    }

    /// Returns the piece of the mask for a box of rows: all of the axes along which it is broadcast.
    pub(super) fn piece(&self, x: &Rows, rows: &Range<usize>) -> Result<Piece<'_>, Error> {
        let of_box = x.box_shape(rows.len());
        let extents = self.shape.iter().zip(&of_box);
        let shape: Vec<usize> = extents.map(|(&own, &of_box)| own.min(of_box)).collect();
        let mask = mask_of(self.mask.kind(), &of_box, x.axis, &shape)?;
        let first = self.mask.element(rows.start as u64, 0) as usize;
        Ok(Piece {
            shape,
            values: &self.values,
            range: first..first + mask.elements() as usize,
            mask,
        })
    }

    /// Returns a boolean mask and all of its elements.
    pub(super) fn kept(&self) -> Option<(Mask, &[bool])> {
        match &self.values {
            Values::Boolean(kept) => Some((self.mask, kept)),
            Values::Additive(_) | Values::Wide(_) => None,
        }
    }

    /// Returns true if a logit of `-inf` stays excluded whatever is added to it.
    pub(super) fn keeps_minus_infinity(&self) -> bool {
        match &self.values {
            Values::Additive(values) => values.iter().all(|value| *value < f32::INFINITY),
            Values::Wide(values) => values.iter().all(|value| *value < f64::INFINITY),
            Values::Boolean(_) => true,
        }
    }
}

fn mask_of(kind: MaskKind, logits: &[usize], axis: usize, mask: &[usize]) -> Result<Mask, Error> {
    let wide = |shape: &[usize]| -> Vec<u64> { shape.iter().map(|&n| n as u64).collect() };
    Mask::new(kind, &wide(logits), axis, &wide(mask))
}
