//! Results of the forward operations and cross-entropy for some rows, by every family and every way to merge.

use std::mem::discriminant;

use wgpu_softmax::check::bounds;
use wgpu_softmax::variant::{Operation, Variant, variants};
use wgpu_softmax::{Reduction, Status, reference};

use super::expected::Expected;
use super::found::Found;
use super::problem::Problem;
use super::sweep::covering;
use super::{assert_close, assert_probs, forced, gpu, problem, wide};

/// The results of one kernel.
#[derive(Debug)]
pub struct Results<'a> {
    rows: &'a Problem,
    probs: Vec<f32>,
    log_probs: Vec<f32>,
    of_loss: Found,
}

/// Lists variants of each family and each way to merge that serve such rows.
pub fn kernels(rows: usize, cols: usize) -> Vec<Variant> {
    let abilities = gpu().planner().abilities();
    let mut list = variants(problem(Operation::Softmax, rows, cols), abilities);
    let mut seen = Vec::new();
    list.retain(|variant| {
        let kind = (discriminant(&variant.family), variant.reduce);
        let new = !seen.contains(&kind);
        seen.push(kind);
        new
    });
    assert!(list.len() >= 6, "too few kinds of kernels in {list:?}");
    covering(list)
}

/// Runs `check` on the results of every kind of kernel for `rows`, twice: with loss and gradient of one call, and with the
/// gradient computed from saved pairs and the logsumexp by an operation of its own. The reduction is none.
pub fn with_every_kernel(
    rows: &[Vec<f32>],
    targets: &[i32],
    ignored: Option<i32>,
    check: impl Fn(&Results<'_>, &str),
) {
    let (count, cols) = (rows.len(), rows[0].len());
    let rows = Problem::of_ids(cols, rows.concat(), &wide(targets)).reduction(Reduction::None);
    let rows = ignored.map_or(rows.clone(), |id| rows.ignore_index(id.into()));
    for variant in kernels(count, cols) {
        let forced = forced(gpu(), variant);
        let apart = Found {
            lse: forced.logsumexp(&rows.logits, count).expect("lse"),
            ..rows.apart(gpu(), Some(variant))
        };
        for (of_loss, what) in [(rows.by_slices(&forced), "fused"), (apart, "pairs of")] {
            let results = Results {
                rows: &rows,
                probs: forced.softmax(&rows.logits, count).expect("softmax"),
                log_probs: forced
                    .log_softmax(&rows.logits, count)
                    .expect("log-softmax"),
                of_loss,
            };
            check(&results, &format!("{what} {variant}"));
        }
    }
}

impl Results<'_> {
    pub fn probs(&self, row: usize) -> &[f32] {
        self.row(&self.probs, row)
    }

    pub fn log_probs(&self, row: usize) -> &[f32] {
        self.row(&self.log_probs, row)
    }

    pub fn grad(&self, row: usize) -> &[f32] {
        self.row(&self.of_loss.grad, row)
    }

    pub fn losses(&self) -> &[f32] {
        &self.of_loss.losses
    }

    pub fn lse(&self) -> &[f32] {
        &self.of_loss.lse
    }

    pub fn status(&self) -> Status {
        self.of_loss.status
    }

    fn row<'a>(&self, matrix: &'a [f32], row: usize) -> &'a [f32] {
        &matrix[row * self.rows.cols..][..self.rows.cols]
    }

    /// Fails unless every result, NaN and infinity included, agrees with the reference.
    #[track_caller]
    pub fn assert_within_bounds(&self, what: &str) {
        let (logits, cols) = (&self.rows.logits, self.rows.cols);
        assert_probs(&format!("probs of {what}"), &self.probs, logits, cols);
        let expected = reference::log_softmax(logits, cols);
        let allowed = bounds::log_probability(logits, cols);
        let name = format!("log_probs of {what}");
        assert_close(&name, &self.log_probs, &expected, &allowed, cols);
        Expected::of(self.rows).assert(&self.of_loss, what);
    }
}
