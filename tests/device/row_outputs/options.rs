//! Row outputs with every option of a cross-entropy: random combinations against the reference.

use proptest::prelude::*;
use wgpu_softmax::check::{Inputs, inputs};
use wgpu_softmax::{DType, Reduction, RowOutputs, TargetType};

use crate::common::expected::Expected;
use crate::common::problem::{CANDIDATES, Problem};
use crate::common::sweep::cases;
use crate::common::wide;
use crate::row_outputs::problem::{of_ids, of_probs};

#[derive(Debug, Clone)]
struct Options {
    rows: usize,
    cols: usize,
    inner: usize,
    inputs: Inputs,
    seed: u64,
    targets: TargetType,
    reduction: Reduction,
    weighted: bool,
    smoothing: f32,
    z_loss: f32,
    softcap: Option<f32>,
    scale: f32,
    dtype: DType,
    /// Requested outputs, by bits.
    outputs: u32,
    with_gradient: bool,
}

fn options() -> impl Strategy<Value = Options> {
    use TargetType::{I32, I64, Probs, U32};
    let cols = prop::sample::select(vec![1_usize, 2, 3, 10, 32, 45, 515]);
    let inner = prop::sample::select(vec![1_usize, 1, 2, 4]);
    let smoothing = prop_oneof![3 => Just(0.0), 2 => 0.01..0.3_f32, 1 => Just(1.0)];
    let z_loss = prop_oneof![1 => Just(0.0_f32), 1 => -0.1..0.2_f32];
    let scale = prop_oneof![1 => Just(1.0_f32), 1 => 0.05..4.0_f32];
    let reductions = [Reduction::None, Reduction::Mean, Reduction::Sum];
    (
        (
            1..10_usize,
            cols,
            inner,
            prop::sample::select(Inputs::ALL.to_vec()),
            0..1000_u64,
        ),
        prop::sample::select(vec![I32, U32, I64, Probs]),
        prop::sample::select(reductions.to_vec()),
        (
            any::<bool>(),
            smoothing,
            z_loss,
            prop::option::of(0.5..60.0_f32),
            scale,
        ),
        prop::sample::select(DType::ALL.to_vec()),
        (1..128_u32, any::<bool>()),
    )
        .prop_map(|(shape, targets, reduction, numbers, dtype, rest)| {
            let (slices, cols, inner, inputs, seed) = shape;
            let (weighted, smoothing, z_loss, softcap, scale) = numbers;
            Options {
                rows: slices * inner,
                cols,
                inner,
                inputs,
                seed,
                targets,
                reduction,
                weighted,
                smoothing,
                z_loss,
                softcap,
                scale,
                dtype,
                outputs: rest.0,
                with_gradient: rest.1,
            }
        })
}

impl Options {
    /// Returns the requested row outputs, at least one.
    fn row_outputs(&self) -> RowOutputs {
        let is_wanted = |bit: u32| self.outputs >> bit & 1 == 1;
        let of_ids = self.targets != TargetType::Probs;
        let mut outputs = RowOutputs::default();
        outputs.target_log_prob = is_wanted(0) && of_ids;
        outputs.hit = is_wanted(1) && of_ids;
        outputs.log_probs_of = if is_wanted(2) { CANDIDATES as u32 } else { 0 };
        outputs.entropy = is_wanted(3);
        outputs.argmax = is_wanted(4);
        outputs.max_prob = is_wanted(5);
        outputs.z_loss = is_wanted(6) || self.outputs < 4;
        outputs
    }

    fn problem(&self) -> Problem {
        let (rows, cols) = (self.rows, self.cols);
        let logits = self.inputs.logits(rows, cols, self.seed);
        let problem = match self.targets {
            TargetType::Probs => {
                of_probs(cols, logits, inputs::sparse_probs(rows, cols, self.seed))
            }
            ids => {
                let ignored = if ids == TargetType::U32 { 1 } else { -7 };
                let targets = wide(&inputs::targets(rows, cols, self.seed, Some(ignored)));
                let problem = of_ids(cols, logits, &targets);
                problem.ids_as(ids).ignore_index(ignored)
            }
        };
        let problem = problem
            .reduction(self.reduction)
            .label_smoothing(self.smoothing)
            .z_loss(self.z_loss)
            .scale(self.scale)
            .dtype(self.dtype)
            .inner(self.inner)
            .giving(self.row_outputs());
        let problem = match self.softcap {
            Some(softcap) => problem.softcap(softcap),
            None => problem,
        };
        match self.weighted {
            true => problem.weight(inputs::weights(cols, self.seed)),
            false => problem,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(30, 250), failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_combination_agrees_with_the_reference(options in options()) {
        let problem = options.problem();
        let found = problem.by(None, options.with_gradient);
        Expected::of(&problem).assert(&found, &format!("{options:?}"));
    }
}
