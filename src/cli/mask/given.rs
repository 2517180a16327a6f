//! `--mask FILE`.

use crate::cli::failure::Failure;
use crate::cli::files::{Input, Stored};
use crate::cli::progress;
use crate::cli::rows::{self, Rows};
use std::ops::Range;
use std::path::{Path, PathBuf};
use wgpu_softmax::{Error, Mask, MaskData, MaskKind};

/// A mask for all logits.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) path: PathBuf,
    mask: Mask,
    /// Its shape, with as many axes as the logits have.
    shape: Vec<usize>,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Additive(Vec<f32>),
    Boolean(Vec<bool>),
}

/// What a box of logits has of a mask.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    pub(super) mask: Mask,
    pub(super) shape: Vec<usize>,
    pub(super) data: MaskData<'a>,
}

impl Given {
    /// Reads a mask that fits the logits.
    pub(super) fn open(path: &Path, x: &Rows) -> Result<Self, Failure> {
        let input = x.open_another(path)?;
        let kind = match input.header().stored {
            Stored::Float(float) => {
                rows::tell_of_f64(path, float);
                MaskKind::Additive
            }
            Stored::Bool => MaskKind::Boolean,
            other => {
                let wanted = "a mask of floats: float16, bfloat16, float32 or float64, or of bool";
                return Err(Failure::expected(path.display(), wanted, other));
            }
        };
        let shape = &input.header().shape;
        let mask = mask_of(kind, &x.shape, x.axis, shape).map_err(|error| Failure::Library {
            at: format!("{} for {}", path.display(), x.describe()),
            error,
        })?;
        let mut padded = vec![1; x.shape.len() - shape.len()];
        padded.extend(shape);
        Ok(Self {
            path: path.to_owned(),
            mask,
            shape: padded,
            values: progress::during(format!("reading {}", path.display()), |_| read(kind, input))?,
        })
    }

    /// What a box of rows has of it: all of the axes along which it is broadcast.
    pub(super) fn piece(&self, x: &Rows, rows: &Range<usize>) -> Result<Piece<'_>, Error> {
        let of_box = x.box_shape(rows.len());
        let extents = self.shape.iter().zip(&of_box);
        let shape: Vec<usize> = extents.map(|(&own, &of_box)| own.min(of_box)).collect();
        let mask = mask_of(self.mask.kind(), &of_box, x.axis, &shape)?;
        let first = self.mask.element(rows.start as u64, 0) as usize;
        let elements = first..first + mask.elements() as usize;
        let data = match &self.values {
            Values::Additive(values) => MaskData::Additive(&values[elements]),
            Values::Boolean(values) => MaskData::Boolean(&values[elements]),
        };
        Ok(Piece { mask, shape, data })
    }

    /// Whether a logit of `-inf` stays excluded whatever is added to it.
    pub(super) fn keeps_minus_infinity(&self) -> bool {
        match &self.values {
            Values::Additive(values) => values.iter().all(|value| *value < f32::INFINITY),
            Values::Boolean(_) => true,
        }
    }
}

fn read(kind: MaskKind, mut input: Input) -> Result<Values, Failure> {
    let count = input.header().count();
    match kind {
        MaskKind::Boolean => input.bools(count).map(Values::Boolean),
        _ => Ok(Values::Additive(input.floats(count)?.into_f32())),
    }
}

fn mask_of(kind: MaskKind, logits: &[usize], axis: usize, mask: &[usize]) -> Result<Mask, Error> {
    let wide = |shape: &[usize]| -> Vec<u64> { shape.iter().map(|&n| n as u64).collect() };
    Mask::new(kind, &wide(logits), axis, &wide(mask))
}
