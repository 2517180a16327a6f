//! Operands of cross-entropy, read block by block.

use super::targets::{SomeTargets, Targets};
use crate::cli::args::{self, Reduction};
use crate::cli::failure::Failure;
use crate::cli::files::{Floats, Input, Shape};
use crate::cli::rows::Rows;
use std::path::Path;

/// All operands.
pub(super) struct Operands {
    pub(super) logits: Rows,
    pub(super) targets: Targets,
    /// Class weights, one a class.
    pub(super) weight: Option<Vec<f64>>,
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
        Ok(Self {
            weight: weight.transpose()?,
            upstream,
            targets: Targets::open(args, &logits)?,
            logits,
        })
    }

    /// Reads the next `rows` rows.
    pub(super) fn next(&mut self, rows: usize) -> Result<Block, Failure> {
        Ok(Block {
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

fn weight(path: &Path, logits: &Rows) -> Result<Vec<f64>, Failure> {
    let mut input = logits.open_any_floats(path)?;
    logits.require_shape(path, &[logits.cols], &input.header().shape)?;
    Ok(input.floats(logits.cols, logits.wide)?.into_f64())
}
