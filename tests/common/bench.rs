//! Inputs on a device, outputs for every result, and the operations bound to them.

use wgpu_softmax::check::{Inputs, bounds};
use wgpu_softmax::reference::{self, CrossEntropy};
use wgpu_softmax::wgpu::Buffer;
use wgpu_softmax::{
    Bound, CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras, CrossEntropySpec,
    Gpu, SoftmaxBuffers, SoftmaxSpec,
};

use super::{Output, assert_close, rows_with_targets, upload, wide};

pub const ROWS: usize = 37;
pub const COLS: usize = 45;
const IGNORED: i32 = -100;

/// Inputs on a device, and outputs for every result.
#[derive(Debug)]
pub struct Bench {
    pub gpu: Gpu,
    pub logits: Vec<f32>,
    pub targets: Vec<i32>,
    pub logits_buffer: Buffer,
    pub targets_buffer: Buffer,
    pub probs: Output,
    pub loss: Output,
    pub pairs: Output,
    pub grad: Output,
}

impl Bench {
    pub fn new(gpu: &Gpu) -> Self {
        let (logits, targets) = rows_with_targets(Inputs::Peaked, (ROWS, COLS), 3, IGNORED);
        Self {
            logits_buffer: upload(gpu, &logits),
            targets_buffer: upload(gpu, &targets),
            probs: Output::new(gpu, ROWS * COLS),
            loss: Output::new(gpu, 1),
            pairs: Output::new(gpu, 2 * ROWS),
            grad: Output::new(gpu, ROWS * COLS),
            gpu: gpu.clone(),
            logits,
            targets,
        }
    }

    pub fn softmax(&self) -> Bound {
        let plan = self
            .gpu
            .planner()
            .softmax(SoftmaxSpec::new(ROWS as u64, COLS as u64));
        let buffers = SoftmaxBuffers {
            logits: &self.logits_buffer,
            probs: &self.probs.buffer,
        };
        plan.expect("a plan").bind(buffers).expect("bound")
    }

    pub fn spec() -> CrossEntropySpec {
        CrossEntropySpec::new(ROWS as u64, COLS as u64).ignore_index(IGNORED.into())
    }

    /// Binds the mean loss, with its gradient or with the pairs.
    pub fn cross_entropy(&self, fused: bool) -> Bound {
        let plan = self
            .gpu
            .planner()
            .cross_entropy(Self::spec())
            .expect("a plan");
        let buffers = CrossEntropyBuffers {
            logits: &self.logits_buffer,
            targets: &self.targets_buffer,
            losses: &self.loss.buffer,
            grad_logits: fused.then_some(&self.grad.buffer),
        };
        let extras = CrossEntropyExtras::default().pairs(&self.pairs.buffer);
        plan.bind_with(ROWS as u64, buffers, extras).expect("bound")
    }

    pub fn backward(&self) -> Bound {
        let plan = self
            .gpu
            .planner()
            .cross_entropy_backward(Self::spec())
            .expect("a plan");
        let buffers = CrossEntropyBackwardBuffers {
            logits: &self.logits_buffer,
            targets: &self.targets_buffer,
            pairs: &self.pairs.buffer,
            grad_logits: &self.grad.buffer,
        };
        plan.bind(buffers).expect("bound")
    }

    /// Reads the bits of every result.
    pub fn results(&self) -> Vec<Vec<u32>> {
        let outputs = [&self.probs, &self.loss, &self.pairs, &self.grad];
        outputs.map(|output| output.words(&self.gpu)).to_vec()
    }

    #[track_caller]
    pub fn assert_results(&self) {
        let of = CrossEntropy::new(COLS).ignore_index(i64::from(IGNORED));
        let (logits, targets) = (&self.logits, wide(&self.targets));
        let expected = reference::softmax(logits, COLS);
        let allowed = bounds::probability(logits, COLS);
        assert_close(
            "probs",
            &self.probs.floats(&self.gpu),
            &expected,
            &allowed,
            COLS,
        );
        let loss = of.losses(logits, &targets).loss.expect("a mean");
        let allowed = bounds::loss(&of, logits, &targets).expect("a bound");
        assert_close("loss", &self.loss.floats(&self.gpu), &[loss], &[allowed], 1);
        let expected = of.gradient(logits, &targets);
        let allowed = bounds::loss_gradient(&of, logits, &targets);
        assert_close(
            "gradient",
            &self.grad.floats(&self.gpu),
            &expected,
            &allowed,
            COLS,
        );
    }
}
