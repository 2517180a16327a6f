//! Every option of cross-entropy on the device: random combinations against the reference, in one call, by slices of f32, and in
//! two calls.

use proptest::prelude::*;
use wgpu_softmax::check::{Inputs, inputs};
use wgpu_softmax::{DType, Reduction, TargetType, ZeroValid};

use crate::common::expected::Expected;
use crate::common::problem::Problem;
use crate::common::sweep::cases;
use crate::common::{gpu, wide};

/// Combination of options.
#[derive(Debug, Clone)]
struct Options {
    rows: usize,
    cols: usize,
    inputs: Inputs,
    seed: u64,
    reduction: Reduction,
    soft: bool,
    ignored: Option<i64>,
    weighted: bool,
    smoothing: f32,
    z_loss: f32,
    softcap: Option<f32>,
    scale: f32,
    upstream: bool,
    zero_valid: ZeroValid,
    mean_over: Option<(f32, u32)>,
    dtype: DType,
}

fn options() -> impl Strategy<Value = Options> {
    let reductions = [Reduction::None, Reduction::Mean, Reduction::Sum];
    // Each length of rows has a kernel of its own, and compiling takes most of the time.
    let cols = prop::sample::select(vec![1_usize, 2, 3, 10, 32, 45, 70, 515]);
    let shape = (1..40_usize, cols);
    let what = (any::<bool>(), prop::option::of(-3..3_i64), any::<bool>());
    let smoothing = prop_oneof![3 => Just(0.0), 2 => 0.01..0.3_f32, 1 => Just(1.0)];
    let z_loss = prop_oneof![1 => Just(0.0_f32), 1 => -0.1..0.2_f32];
    let softcap = prop::option::of(0.5..60.0_f32);
    let scale = prop_oneof![1 => Just(1.0_f32), 1 => 0.05..4.0_f32];
    let numbers = (smoothing, z_loss, softcap, scale);
    (
        (
            shape,
            prop::sample::select(Inputs::ALL.to_vec()),
            0..1000_u64,
        ),
        (what, numbers),
        (
            prop::sample::select(reductions.to_vec()),
            any::<bool>(),
            any::<bool>(),
            prop::option::of((0.5..90.0_f32, 1..90_u32)),
            prop::sample::select(DType::ALL.to_vec()),
        ),
    )
        .prop_map(|((shape, inputs, seed), (what, numbers), rest)| {
            let ((rows, cols), (soft, ignored, weighted)) = (shape, what);
            let (smoothing, z_loss, softcap, scale) = numbers;
            let (reduction, upstream, zero, mean_over, dtype) = rest;
            Options {
                rows,
                cols,
                inputs,
                seed,
                reduction,
                soft,
                ignored: ignored.filter(|_| !soft),
                weighted,
                smoothing,
                z_loss,
                softcap,
                scale,
                upstream,
                zero_valid: if zero {
                    ZeroValid::Zero
                } else {
                    ZeroValid::Nan
                },
                mean_over,
                dtype,
            }
        })
}

impl Options {
    fn problem(&self) -> Problem {
        let (rows, cols) = (self.rows, self.cols);
        let logits = self.inputs.logits(rows, cols, self.seed);
        let mut problem = match self.soft {
            true => Problem::of_probs(cols, logits, self.probs()),
            false => Problem::of_ids(cols, logits, &self.ids()).ids_as(TargetType::I64),
        };
        problem = problem
            .reduction(self.reduction)
            .label_smoothing(self.smoothing)
            .z_loss(self.z_loss)
            .scale(self.scale)
            .zero_valid(self.zero_valid)
            .dtype(self.dtype);
        if let Some(ignored) = self.ignored {
            problem = problem.ignore_index(ignored);
        }
        if let Some(softcap) = self.softcap {
            problem = problem.softcap(softcap);
        }
        if let Some((weight_sum, valid_rows)) = self.mean_over {
            problem = problem.mean_over(weight_sum, valid_rows);
        }
        if self.weighted {
            problem = problem.weight(self.weight());
        }
        if self.upstream {
            let losses = problem.spec.losses() as usize;
            problem = problem.upstream(inputs::upstream(losses, self.seed + 2));
        }
        problem
    }

    fn ids(&self) -> Vec<i64> {
        wide(&inputs::targets(
            self.rows,
            self.cols,
            self.seed,
            self.ignored,
        ))
    }

    /// Draws probabilities, some of them 0, and some of them negative where the seed is odd.
    fn probs(&self) -> Vec<f32> {
        let mut probs = inputs::sparse_probs(self.rows, self.cols, self.seed + 1);
        self.negate_some(&mut probs);
        probs
    }

    fn weight(&self) -> Vec<f32> {
        let mut weight = inputs::weights(self.cols, self.seed);
        self.negate_some(&mut weight);
        weight
    }

    /// Negates some values, unless losses overflow: losses of either sign add up to no number.
    fn negate_some(&self, values: &mut [f32]) {
        if self.seed % 2 == 1 && self.inputs != Inputs::Extremes {
            values
                .iter_mut()
                .skip(2)
                .step_by(5)
                .for_each(|value| *value = -*value);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(40, 300), failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_combination_agrees_with_the_reference(options in options()) {
        let problem = options.problem();
        let expected = Expected::of(&problem);
        let one_call = match options.dtype {
            DType::F32 => problem.by_slices(gpu()),
            _ => problem.fused(gpu(), None),
        };
        expected.assert(&one_call, &format!("one call, {options:?}"));
        expected.assert(&problem.apart(gpu(), None), &format!("apart, {options:?}"));
    }
}
