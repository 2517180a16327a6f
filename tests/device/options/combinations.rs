//! Every option of cross-entropy on the device, with row outputs and without: random combinations against the reference, in one
//! call, by slices of f32, and in two calls.

use proptest::prelude::*;
use proptest::sample::select;
use wgpu_softmax::check::{Inputs, inputs};
use wgpu_softmax::{DType, Reduction, RowOutputs, TargetType, ZeroValid};

use crate::common::expected::Expected;
use crate::common::problem::{CANDIDATES, Problem};
use crate::common::sweep::cases;
use crate::common::{gpu, wide};

/// Combination of options.
#[derive(Debug, Clone)]
struct Options {
    slices: usize,
    cols: usize,
    inputs: Inputs,
    seed: u64,
    targets: TargetType,
    ignored: Option<i64>,
    reduction: Reduction,
    weighted: bool,
    smoothing: f32,
    z_loss: f32,
    softcap: Option<f32>,
    scale: f32,
    upstream: bool,
    zero_valid: ZeroValid,
    mean_over: Option<(f32, u32)>,
    dtype: DType,
    /// Number of rows side by side in a slice.
    inner: usize,
    /// Requested outputs, by bits.
    outputs: u32,
    with_gradient: bool,
}

/// Draws options without row outputs, for rows on the last axis.
fn options() -> impl Strategy<Value = Options> {
    use TargetType::{I32, I64, Probs, U32};
    // Each length of rows has a kernel of its own, and compiling takes most of the time.
    let cols = select(vec![1_usize, 2, 3, 10, 32, 45, 70, 515]);
    let targets = select(vec![Probs, I32, Probs, U32, Probs, I64]);
    let smoothing = prop_oneof![3 => Just(0.0), 2 => 0.01..0.3_f32, 1 => Just(1.0)];
    let z_loss = prop_oneof![1 => Just(0.0_f32), 1 => -0.1..0.2_f32];
    let softcap = prop::option::of(0.5..60.0_f32);
    let scale = prop_oneof![1 => Just(1.0_f32), 1 => 0.05..4.0_f32];
    let mean_over = prop::option::of((0.5..90.0_f32, 1..90_u32));
    (
        (1..40_usize, cols, select(Inputs::ALL.to_vec()), 0..1000_u64),
        (targets, prop::option::of(-3..3_i64)),
        (smoothing, z_loss, softcap, scale),
        select(vec![Reduction::None, Reduction::Mean, Reduction::Sum]),
        select(vec![ZeroValid::Nan, ZeroValid::Zero]),
        (any::<[bool; 2]>(), mean_over, select(DType::ALL.to_vec())),
    )
        .prop_map(|(shape, targets, numbers, reduction, zero_valid, rest)| {
            let (slices, cols, inputs, seed) = shape;
            let (targets, ignored) = targets;
            let (smoothing, z_loss, softcap, scale) = numbers;
            let ([weighted, upstream], mean_over, dtype) = rest;
            Options {
                slices,
                cols,
                inputs,
                seed,
                targets,
                ignored: match targets {
                    Probs => None,
                    U32 => ignored.map(i64::abs),
                    _ => ignored,
                },
                reduction,
                weighted,
                smoothing,
                z_loss,
                softcap,
                scale,
                upstream,
                zero_valid,
                mean_over,
                dtype,
                inner: 1,
                outputs: 0,
                with_gradient: true,
            }
        })
}

/// Draws options with row outputs, at least one.
fn options_with_row_outputs() -> impl Strategy<Value = Options> {
    let inner = select(vec![1_usize, 1, 2, 4]);
    (options(), inner, 1..128_u32, any::<bool>()).prop_map(
        |(options, inner, outputs, with_gradient)| Options {
            slices: options.slices.div_ceil(4),
            inner,
            outputs,
            with_gradient,
            ..options
        },
    )
}

impl Options {
    fn problem(&self) -> Problem {
        let (rows, cols) = (self.slices * self.inner, self.cols);
        let logits = self.inputs.logits(rows, cols, self.seed);
        let mut problem = match self.targets {
            TargetType::Probs => {
                let probs = inputs::sparse_probs(rows, cols, self.seed + 1);
                Problem::of_probs(cols, logits, self.some_negated(probs))
            }
            ids => {
                let targets = inputs::targets(rows, cols, self.seed, self.ignored);
                Problem::of_ids(cols, logits, &wide(&targets)).ids_as(ids)
            }
        };
        problem = problem
            .reduction(self.reduction)
            .label_smoothing(self.smoothing)
            .z_loss(self.z_loss)
            .scale(self.scale)
            .zero_valid(self.zero_valid)
            .dtype(self.dtype)
            .inner(self.inner)
            .giving(self.row_outputs());
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
            problem = problem.weight(self.some_negated(inputs::weights(cols, self.seed)));
        }
        if self.upstream {
            let losses = problem.spec.losses() as usize;
            problem = problem.upstream(inputs::upstream(losses, self.seed + 2));
        }
        problem
    }

    /// Negates some values where the seed is odd, unless losses overflow: losses of either sign add up to no number.
    fn some_negated(&self, mut values: Vec<f32>) -> Vec<f32> {
        if self.seed % 2 == 1 && self.inputs != Inputs::Extremes {
            let some = values.iter_mut().skip(2).step_by(5);
            some.for_each(|value| *value = -*value);
        }
        values
    }

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
        outputs.z_loss = is_wanted(6) || (1..4).contains(&self.outputs);
        outputs
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

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(30, 250), failure_persistence: None, ..Default::default() })]

    #[test]
    fn row_outputs_of_every_combination_agree_with_the_reference(options in options_with_row_outputs()) {
        let problem = options.problem();
        let found = problem.run(gpu(), None, options.with_gradient);
        Expected::of(&problem).assert(&found, &format!("{options:?}"));
    }
}
