//! Operands of cross-entropy, read block by block.

use super::targets::{IGNORED, SomeTargets, Targets};
use crate::cli::args::{self, Reduction};
use crate::cli::failure::Failure;
use crate::cli::files::{Floats, Input, Shape, index, narrow};
use crate::cli::rows::Rows;
use std::path::Path;

/// All operands.
pub(super) struct Operands {
    pub(super) logits: Rows,
    pub(super) targets: Targets,
    /// Class weights, one a class.
    pub(super) weight: Option<Vec<f64>>,
    /// Row weights, one a row.
    pub(super) row_weight: Option<Vec<f64>>,
    /// Scales, one a row.
    row_scale: Option<Vec<f32>>,
    /// Number of rows that are done.
    done: usize,
    upstream: Upstream,
}

/// Upstream gradient: that of the result.
pub(super) enum Upstream {
    One,
    /// One value for all rows.
    Same(f64),
    PerRow(Input),
}

/// Some rows of the operands.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) rows: usize,
    pub(super) logits: Floats,
    pub(super) targets: SomeTargets,
    pub(super) row_weight: Option<Vec<f64>>,
    pub(super) row_scale: Option<Vec<f32>>,
    /// Gradient of each row's loss, or of the loss to which the row belongs.
    pub(super) grad_losses: Option<Vec<f64>>,
}

impl Operands {
    /// Opens all files; the values of the large ones stay in them.
    pub(super) fn open(args: &args::CrossEntropy) -> Result<Self, Failure> {
        let logits = Rows::open(&args.logits, &args.common)?;
        let weight = args
            .loss
            .weight
            .as_deref()
            .map(|path| weight(path, &logits));
        let upstream = match &args.grad_losses {
            Some(path) => Upstream::open(path, args.loss.reduction, &logits)?,
            None => Upstream::One,
        };
        let row_weight = args.loss.row_weight.as_deref();
        let row_weight = row_weight
            .map(|path| row_weights(path, &logits))
            .transpose()?;
        let scale = args.common.scale;
        let row_scale = args.loss.row_scale.as_deref();
        let row_scale = row_scale
            .map(|path| row_scales(path, scale, &logits))
            .transpose()?;
        Ok(Self {
            weight: weight.transpose()?,
            upstream,
            targets: Targets::open(args, &logits, row_weight.as_deref().unwrap_or_default())?,
            row_weight,
            row_scale,
            done: 0,
            logits,
        })
    }

    /// Reads the next `rows` rows.
    pub(super) fn next(&mut self, rows: usize) -> Result<Block, Failure> {
        let first = self.done;
        self.done += rows;
        let row_weight = self.row_weight.as_ref();
        let row_scale = self.row_scale.as_ref();
        Ok(Block {
            row_weight: row_weight.map(|weights| weights[first..self.done].to_vec()),
            row_scale: row_scale.map(|scales| scales[first..self.done].to_vec()),
            rows,
            logits: self.logits.next(rows)?,
            targets: self.targets.next(rows, &self.logits)?,
            grad_losses: match &mut self.upstream {
                Upstream::One => None,
                Upstream::Same(grad_loss) => Some(vec![*grad_loss; rows]),
                Upstream::PerRow(input) => Some(input.floats(rows, self.logits.wide)?.into_f64()),
            },
        })
    }
}

impl Block {
    /// Returns for each row true if it counts: unless its class id is ignored or its weight is 0.
    pub(super) fn valid(&self) -> Vec<bool> {
        match (&self.targets, &self.row_weight) {
            (SomeTargets::Ids(ids), _) => ids.iter().map(|&id| id != IGNORED).collect(),
            (SomeTargets::Probs(_), Some(weights)) => weights.iter().map(|&v| v != 0.0).collect(),
            (SomeTargets::Probs(_), None) => vec![true; self.rows],
        }
    }
}

impl Upstream {
    pub(super) fn open(path: &Path, reduction: Reduction, logits: &Rows) -> Result<Self, Failure> {
        let mut input = logits.open_any_floats(path)?;
        if reduction == Reduction::None {
            logits.require_row_shape(path, &input.header().shape)?;
            return Ok(Self::PerRow(input));
        }
        let shape = &input.header().shape;
        if !(shape.is_empty() || *shape == [1]) {
            let wanted = "one value, shape () or (1,), for a loss that is one value";
            let found = format!("shape {}", Shape(shape));
            return Err(Failure::expected(path.display(), wanted, found));
        }
        Ok(Self::Same(input.floats(1, logits.wide)?.into_f64()[0]))
    }
}

/// Reads one weight a row.
pub(super) fn row_weights(path: &Path, rows: &Rows) -> Result<Vec<f64>, Failure> {
    let mut input = rows.open_any_floats(path)?;
    rows.require_row_shape(path, &input.header().shape)?;
    let shape = input.header().shape.clone();
    let weights = input.floats(rows.rows, rows.wide)?.into_f64();
    let is_bad = |weight: &f64| !(weight.is_finite() && *weight >= 0.0);
    if let Some(row) = weights.iter().position(is_bad) {
        let found = format!("{} at index {:?}", weights[row], index(row, &shape));
        let wanted = "weights of rows, finite and at least 0";
        return Err(Failure::expected(path.display(), wanted, found));
    }
    let sum: f64 = weights.iter().sum();
    if !(sum as f32).is_finite() {
        let wanted = "weights of rows with a sum that float32 holds";
        return Err(Failure::expected(path.display(), wanted, sum));
    }
    Ok(weights)
}

/// Reads one scale a row, whose product with the scale of all rows a kernel takes.
pub(super) fn row_scales(path: &Path, scale: f32, rows: &Rows) -> Result<Vec<f32>, Failure> {
    if rows.inner != 1 {
        let wanted = "classes along the last axis, with --row-scale";
        let found = format!("{} elements after an axis of them", rows.inner);
        return Err(Failure::expected(rows.path().display(), wanted, found));
    }
    let mut input = rows.open_any_floats(path)?;
    rows.require_row_shape(path, &input.header().shape)?;
    let shape = input.header().shape.clone();
    let scales = narrow(input.floats(rows.rows, rows.wide)?.into_f64());
    let is_bad = |of_row: &f32| !(7.9e-31..8.5e37).contains(&(scale * of_row));
    match scales.iter().position(is_bad) {
        None => Ok(scales),
        Some(row) => {
            let found = format!("{} at index {:?}", scales[row], index(row, &shape));
            let wanted = "scales of rows, from 7.9e-31 to 8.5e37 times --scale";
            Err(Failure::expected(path.display(), wanted, found))
        }
    }
}

fn weight(path: &Path, logits: &Rows) -> Result<Vec<f64>, Failure> {
    let mut input = logits.open_any_floats(path)?;
    logits.require_shape(path, &[logits.cols], &input.header().shape)?;
    Ok(input.floats(logits.cols, logits.wide)?.into_f64())
}
