//! Results of the forward operations and cross-entropy for some rows, by every family and every way to merge.

use std::mem::discriminant;

use wgpu_softmax::check::bounds;
use wgpu_softmax::reference::{self, CrossEntropy};
use wgpu_softmax::variant::{Operation, Variant, variants};
use wgpu_softmax::{
    CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras, CrossEntropyInputs,
    CrossEntropySpec, CrossEntropyWants, Gpu, Reduction, Status,
};

use super::sweep::covering;
use super::{Output, assert_close, forced, gpu, problem, upload, wide};

/// Rows of logits with their targets.
#[derive(Debug)]
struct Rows<'a> {
    logits: Vec<f32>,
    targets: &'a [i32],
    cols: usize,
    ignored: Option<i32>,
}

/// Row losses of a cross-entropy with its other outputs.
#[derive(Debug)]
struct Losses {
    losses: Vec<f32>,
    grad: Vec<f32>,
    lse: Vec<f32>,
    status: Status,
}

/// The results of one kernel.
#[derive(Debug)]
pub struct Results<'a> {
    rows: &'a Rows<'a>,
    probs: Vec<f32>,
    log_probs: Vec<f32>,
    of_loss: Losses,
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
/// gradient computed from saved pairs. The reduction is none.
pub fn with_every_kernel(
    rows: &[Vec<f32>],
    targets: &[i32],
    ignored: Option<i32>,
    check: impl Fn(&Results<'_>, &str),
) {
    let cols = rows[0].len();
    let rows = Rows {
        logits: rows.concat(),
        targets,
        cols,
        ignored,
    };
    for variant in kernels(targets.len(), cols) {
        let gpu = forced(gpu(), variant);
        check(
            &rows.results(&gpu, Rows::fused),
            &format!("fused {variant}"),
        );
        check(
            &rows.results(&gpu, Rows::by_pairs),
            &format!("pairs of {variant}"),
        );
    }
}

impl Rows<'_> {
    fn results<'a>(&'a self, gpu: &Gpu, of_loss: fn(&Self, &Gpu) -> Losses) -> Results<'a> {
        let rows = self.targets.len();
        Results {
            rows: self,
            probs: gpu.softmax(&self.logits, rows).expect("softmax"),
            log_probs: gpu.log_softmax(&self.logits, rows).expect("log-softmax"),
            of_loss: of_loss(self, gpu),
        }
    }

    fn spec(&self) -> CrossEntropySpec {
        let spec = CrossEntropySpec::new(self.targets.len() as u64, self.cols as u64)
            .reduction(Reduction::None);
        self.ignored.map_or(spec, |id| spec.ignore_index(id.into()))
    }

    /// Computes loss and gradient in one call; the logsumexp is that of cross-entropy.
    fn fused(&self, gpu: &Gpu) -> Losses {
        let wants = CrossEntropyWants {
            grad_logits: true,
            lse: true,
        };
        let found = gpu.cross_entropy(
            &self.spec(),
            CrossEntropyInputs::new(&self.logits, self.targets),
            wants,
        );
        let found = found.expect("cross-entropy");
        Losses {
            losses: found.losses,
            grad: found.grad_logits.expect("a gradient"),
            lse: found.lse.expect("lse"),
            status: found.status,
        }
    }

    /// Computes the loss only, and the gradient from its pairs; the logsumexp is an operation of its own.
    fn by_pairs(&self, gpu: &Gpu) -> Losses {
        let rows = self.targets.len();
        let (logits, targets) = (upload(gpu, &self.logits), upload(gpu, self.targets));
        let (losses, pairs) = (Output::new(gpu, rows), Output::new(gpu, 2 * rows));
        let status = Output::new(gpu, size_of::<Status>() / 4);
        let buffers = CrossEntropyBuffers {
            logits: &logits,
            targets: &targets,
            losses: &losses.buffer,
            grad_logits: None,
        };
        let extras = CrossEntropyExtras::default()
            .pairs(&pairs.buffer)
            .status(&status.buffer);
        let plan = gpu.planner().cross_entropy(self.spec()).expect("a plan");
        let bound = plan.bind_with(rows as u64, buffers, extras).expect("bound");
        gpu.run(&bound, "loss").expect("the loss");

        let grad = Output::new(gpu, self.logits.len());
        let buffers = CrossEntropyBackwardBuffers {
            logits: &logits,
            targets: &targets,
            pairs: &pairs.buffer,
            grad_logits: &grad.buffer,
        };
        let plan = super::gpu().planner().cross_entropy_backward(self.spec());
        let bound = plan.and_then(|plan| plan.bind(buffers)).expect("bound");
        gpu.run(&bound, "backward").expect("the gradient");
        Losses {
            losses: losses.floats(gpu),
            grad: grad.floats(gpu),
            lse: gpu.logsumexp(&self.logits, rows).expect("lse"),
            status: *bytemuck::from_bytes(bytemuck::cast_slice(&status.words(gpu))),
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
        let targets = wide(self.rows.targets);
        let mut of = CrossEntropy::new(cols).reduction(Reduction::None);
        if let Some(id) = self.rows.ignored {
            of = of.ignore_index(i64::from(id));
        }
        let close = |name: &str, found: &[f32], expected: &[f64], allowed: &[f64], cols| {
            assert_close(&format!("{name} of {what}"), found, expected, allowed, cols);
        };
        let (p, w) = (
            reference::softmax(logits, cols),
            reference::log_softmax(logits, cols),
        );
        close(
            "probs",
            &self.probs,
            &p,
            &bounds::probability(logits, cols),
            cols,
        );
        close(
            "log_probs",
            &self.log_probs,
            &w,
            &bounds::log_probability(logits, cols),
            cols,
        );
        let expected = of.losses(logits, &targets);
        close(
            "lse",
            self.lse(),
            &expected.lse,
            &bounds::lse(logits, cols),
            1,
        );
        let allowed = bounds::row_loss(&of, logits, &targets);
        close("losses", self.losses(), &expected.row_losses, &allowed, 1);
        let (grad, allowed) = (
            of.gradient(logits, &targets),
            bounds::loss_gradient(&of, logits, &targets),
        );
        close("grad_logits", &self.of_loss.grad, &grad, &allowed, cols);
    }
}
