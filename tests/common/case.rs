//! Cross-entropy of some rows against the reference: in one call, and as loss and backward pass.

use wgpu_softmax::check::{Inputs, bounds};
use wgpu_softmax::reference::CrossEntropy;
use wgpu_softmax::{
    CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras, CrossEntropyInputs,
    CrossEntropySpec, CrossEntropyWants, Gpu, Reduction,
};

use super::{Output, assert_close, rows_with_targets, upload, wide};

const IGNORED: i32 = -100;

const EVERYTHING: CrossEntropyWants = CrossEntropyWants {
    grad_logits: true,
    lse: true,
};

/// Rows with targets, and the reference of their mean.
#[derive(Debug)]
pub struct Case {
    name: String,
    pub rows: usize,
    pub cols: usize,
    pub logits: Vec<f32>,
    targets: Vec<i32>,
    pub spec: CrossEntropySpec,
    reference: CrossEntropy,
    gradient: Vec<f64>,
    gradient_bound: Vec<f64>,
}

impl Case {
    pub fn new(inputs: Inputs, rows: usize, cols: usize) -> Self {
        let (logits, targets) = rows_with_targets(inputs, (rows, cols), 9, IGNORED);
        let reference = CrossEntropy::new(cols).ignore_index(i64::from(IGNORED));
        Self {
            name: format!("{inputs:?} of {rows} x {cols}"),
            gradient: reference.gradient(&logits, &wide(&targets)),
            gradient_bound: bounds::loss_gradient(&reference, &logits, &wide(&targets)),
            spec: CrossEntropySpec::new(rows as u64, cols as u64).ignore_index(IGNORED.into()),
            rows,
            cols,
            logits,
            targets,
            reference,
        }
    }

    #[track_caller]
    fn assert_gradient(&self, found: &[f32], what: &str) {
        let what = format!("{what} of {}", self.name);
        assert_close(
            &what,
            found,
            &self.gradient,
            &self.gradient_bound,
            self.cols,
        );
    }

    /// Checks loss and gradient in one call.
    #[track_caller]
    pub fn assert_fused(&self, gpu: &Gpu) {
        let targets = wide(&self.targets);
        let found = gpu
            .cross_entropy(
                &self.spec,
                CrossEntropyInputs::new(&self.logits, &self.targets),
                EVERYTHING,
            )
            .expect("cross-entropy");
        let expected = self.reference.losses(&self.logits, &targets);
        let loss = expected.loss.expect("a mean");
        let bound = bounds::loss(&self.reference, &self.logits, &targets).expect("a mean's bound");
        let lse_bound = bounds::lse(&self.logits, self.cols);
        assert_close(
            &format!("mean of {}", self.name),
            &found.losses,
            &[loss],
            &[bound],
            1,
        );
        assert_close(
            &self.name,
            &found.lse.expect("lse"),
            &expected.lse,
            &lse_bound,
            1,
        );
        self.assert_gradient(&found.grad_logits.expect("a gradient"), "fused gradient");
        assert_eq!(
            found.status.valid_rows as usize, expected.valid_rows,
            "{}",
            self.name
        );
    }

    /// Checks the losses only, with the pairs from which a second call computes the gradient.
    #[track_caller]
    pub fn assert_loss_and_backward(&self, gpu: &Gpu) {
        let (logits, targets) = (upload(gpu, &self.logits), upload(gpu, &self.targets));
        let (losses, pairs) = (Output::new(gpu, self.rows), Output::new(gpu, 2 * self.rows));
        let buffers = CrossEntropyBuffers {
            logits: &logits,
            targets: &targets,
            losses: &losses.buffer,
            grad_logits: None,
        };
        let extras = CrossEntropyExtras::default().pairs(&pairs.buffer);
        let plan = gpu
            .planner()
            .cross_entropy(self.spec.reduction(Reduction::None));
        let bound = plan.and_then(|plan| plan.bind_with(self.rows as u64, buffers, extras));
        gpu.run(&bound.expect("bound"), "forward").expect("forward");
        self.assert_row_losses(&losses.floats(gpu));

        let grad = Output::new(gpu, self.logits.len());
        let buffers = CrossEntropyBackwardBuffers {
            logits: &logits,
            targets: &targets,
            pairs: &pairs.buffer,
            grad_logits: &grad.buffer,
        };
        let plan = gpu.planner().cross_entropy_backward(self.spec);
        let bound = plan.and_then(|plan| plan.bind(buffers));
        gpu.run(&bound.expect("bound"), "backward")
            .expect("backward");
        self.assert_gradient(&grad.floats(gpu), "gradient from pairs");
    }

    #[track_caller]
    fn assert_row_losses(&self, found: &[f32]) {
        let targets = wide(&self.targets);
        let expected = self.reference.losses(&self.logits, &targets).row_losses;
        let bound = bounds::row_loss(&self.reference, &self.logits, &targets);
        assert_close(
            &format!("losses of {}", self.name),
            found,
            &expected,
            &bound,
            1,
        );
    }
}
