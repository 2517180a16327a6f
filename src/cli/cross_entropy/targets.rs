//! The class ids of `cross-entropy`, checked before any work.

use crate::cli::args;
use crate::cli::failure::Failure;
use crate::cli::files::{Input, Stored};
use crate::cli::progress;
use crate::cli::rows::{self, Rows};

/// Stands for every ignored target once the targets have been checked: no class has this id.
pub(super) const IGNORED: i32 = -1;

/// Class ids that are in memory as they were read, at most.
const READ_AT_ONCE: usize = 1 << 16;

/// One class id a row, each of a class there is or [`IGNORED`].
pub(super) fn read(args: &args::CrossEntropy, logits: &Rows) -> Result<Vec<i32>, Failure> {
    let path = &args.targets;
    let input = rows::open(path)?;
    if let stored @ (Stored::Float(_) | Stored::Bool) = input.header().stored {
        return Err(Failure::expected(
            path.display(),
            "class ids, integers",
            stored,
        ));
    }
    logits.require_partner(path, logits.outer_shape(), &input.header().shape)?;
    progress::during(format!("reading {}", path.display()), |_| {
        class_ids(input, logits.cols, args.ignore_index)
    })
}

fn class_ids(mut input: Input, classes: usize, ignored: Option<i64>) -> Result<Vec<i32>, Failure> {
    let all = input.header().count();
    let mut targets = Vec::new();
    while targets.len() < all {
        for id in input.integers(READ_AT_ONCE.min(all - targets.len()))? {
            let target = target(id, classes, ignored)
                .ok_or_else(|| bad(&input, targets.len(), id, classes, ignored))?;
            targets.push(target);
        }
    }
    Ok(targets)
}

/// The id as the kernels take it, if there is such a class or it is ignored.
fn target(id: i128, classes: usize, ignored: Option<i64>) -> Option<i32> {
    if ignored.is_some_and(|ignored| id == ignored.into()) {
        return Some(IGNORED);
    }
    let known = usize::try_from(id).is_ok_and(|id| id < classes);
    i32::try_from(id).ok().filter(|_| known)
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

/// The place of a flat index in an array of this shape.
fn index(flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut rest = flat;
    let mut index = vec![0; shape.len()];
    for (place, axis) in index.iter_mut().zip(shape).rev() {
        *place = rest % axis;
        rest /= axis;
    }
    index
}
