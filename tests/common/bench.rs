//! Inputs on a device, outputs for every result, and the operations bound to them.

use wgpu_softmax::check::Inputs;
use wgpu_softmax::{Bound, Gpu, SoftmaxBuffers, SoftmaxSpec};

use super::expected::Expected;
use super::found::Buffers;
use super::problem::Problem;
use super::{Output, assert_probs};

pub const ROWS: usize = 37;
pub const COLS: usize = 45;

/// Inputs on a device, and outputs for every result.
#[derive(Debug)]
pub struct Bench {
    pub problem: Problem,
    buffers: Buffers,
    probs: Output,
}

impl Bench {
    pub fn new(gpu: &Gpu) -> Self {
        let problem = Problem::drawn(Inputs::Peaked, (ROWS, COLS), [3, 3]);
        Self {
            buffers: Buffers::new(&problem, gpu),
            probs: Output::new(gpu, ROWS * COLS),
            problem,
        }
    }

    pub fn gpu(&self) -> &Gpu {
        &self.buffers.gpu
    }

    pub fn softmax(&self) -> Bound {
        let spec = SoftmaxSpec::new(ROWS as u64, COLS as u64);
        let buffers = SoftmaxBuffers {
            logits: &self.buffers.logits,
            probs: &self.probs.buffer,
        };
        let plan = self.gpu().planner().softmax(spec).expect("a plan");
        plan.bind(buffers).expect("bound")
    }

    /// Binds the mean loss, with its gradient or without.
    pub fn cross_entropy(&self, fused: bool) -> Bound {
        self.buffers.loss(self.gpu().planner(), fused)
    }

    pub fn backward(&self) -> Bound {
        self.buffers.backward(self.gpu().planner())
    }

    /// Reads the bits of every result.
    pub fn results(&self) -> [Vec<u32>; 2] {
        [self.probs.words(self.gpu()), self.buffers.found().bits()]
    }

    #[track_caller]
    pub fn assert_results(&self) {
        let logits = &self.problem.logits;
        let found = self.probs.floats(self.gpu());
        assert_probs("probs", &found, logits, COLS);
        Expected::of(&self.problem).assert(&self.buffers.found(), "of the bench");
    }
}
