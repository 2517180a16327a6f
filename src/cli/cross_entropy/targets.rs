//! Targets of the rows. Class ids are read and checked before any work, probabilities with their rows.

use crate::cli::args;
use crate::cli::failure::Failure;
use crate::cli::files::{Floats, Input, Shape, Stored, index};
use crate::cli::progress;
use crate::cli::rows::Rows;

/// Class id of every ignored target once the targets have been checked: no class has it.
pub(super) const IGNORED: i32 = -1;

/// Number of class ids that are in memory as they were read, at most.
const READ_AT_ONCE: usize = 1 << 16;

/// Targets of all rows.
pub(super) enum Targets {
    /// One class id a row, each of an existing class or [`IGNORED`], and the number of rows that are done.
    Ids { ids: Vec<i32>, done: usize },
    /// One probability a logit, in its type.
    Probs(Input),
}

/// Targets of some rows.
#[derive(Debug)]
pub(super) enum SomeTargets {
    Ids(Vec<i32>),
    Probs(Floats),
}

impl Targets {
    /// Distinguishes class ids from probabilities by type and shape, and reads the former. Those of rows of weight 0 are ignored.
    pub(super) fn open(
        args: &args::CrossEntropy,
        logits: &Rows,
        row_weight: &[f64],
    ) -> Result<Self, Failure> {
        let path = &args.targets;
        let input = logits.open_another(path)?;
        let (stored, shape) = (input.header().stored, &input.header().shape);
        let is_integer = !matches!(stored, Stored::Float(_) | Stored::Bool);
        if is_integer && logits.fits_row_shape(shape) {
            let ids = progress::during(format!("reading {}", path.display()), |_| {
                class_ids(input, logits.cols, args.loss.ignore_index, row_weight)
            })?;
            return Ok(Self::Ids { ids, done: 0 });
        }
        if stored == Stored::Float(logits.float) && *shape == logits.shape {
            return match args.loss.ignore_index {
                None => Ok(Self::Probs(input)),
                Some(index) => Err(Failure::expected(
                    path.display(),
                    format!("class ids, integers, with --ignore-index {index}"),
                    format!("probabilities, {stored}"),
                )),
            };
        }
        let wanted = format!(
            "class ids, integers of shape {}, or probabilities, {} of shape {}, to match {}",
            Shape(&logits.row_shape),
            logits.float,
            Shape(&logits.shape),
            logits.path().display(),
        );
        let found = format!("{stored} of shape {}", Shape(shape));
        Err(Failure::expected(path.display(), wanted, found))
    }

    /// Reads the targets of the next `rows` rows of the logits.
    pub(super) fn next(&mut self, rows: usize, logits: &Rows) -> Result<SomeTargets, Failure> {
        match self {
            Self::Ids { ids, done } => {
                let first = *done;
                *done += rows;
                Ok(SomeTargets::Ids(ids[first..*done].to_vec()))
            }
            Self::Probs(input) => input
                .floats(rows * logits.cols, logits.wide)
                .map(SomeTargets::Probs),
        }
    }
}

/// Reads one class id a row, each of an existing class or [`IGNORED`], as are those of rows of weight 0.
pub(super) fn class_ids(
    mut input: Input,
    classes: usize,
    ignored: Option<i64>,
    row_weight: &[f64],
) -> Result<Vec<i32>, Failure> {
    let all = input.header().count();
    let mut targets = input.room(all)?;
    while targets.len() < all {
        for id in input.integers(READ_AT_ONCE.min(all - targets.len()))? {
            let is_class = usize::try_from(id).is_ok_and(|id| id < classes);
            targets.push(match i32::try_from(id) {
                _ if ignored.is_some_and(|ignored| id == ignored.into()) => IGNORED,
                _ if row_weight.get(targets.len()) == Some(&0.0) => IGNORED,
                // The classes of a row that can be read are few enough for i32.
                Ok(target) if is_class => target,
                _ => return Err(bad(&input, targets.len(), id, classes, ignored)),
            });
        }
    }
    Ok(targets)
}

fn bad(input: &Input, row: usize, id: i128, classes: usize, ignored: Option<i64>) -> Failure {
    let ignored = ignored.map_or(String::new(), |index| format!(" or the ignored {index}"));
    let index = index(row, &input.header().shape);
    Failure::expected(
        input.path.display(),
        format!("class ids from 0 to {}{ignored}", classes - 1),
        format!("{id} at index {index:?}, row {row}"),
    )
}
