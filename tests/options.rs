//! Every option of cross-entropy on the device: random combinations against the reference, in one call and from pairs.

mod common;

use common::{Output, assert_close, gpu, upload};
use proptest::prelude::*;
use wgpu_softmax::check::{Inputs, bounds, inputs};
use wgpu_softmax::reference::CrossEntropy;
use wgpu_softmax::{
    CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras, CrossEntropyInputs,
    CrossEntropySpec, CrossEntropyWants, Gpu, Reduction, Targets, ZeroValid,
};

const EVERYTHING: CrossEntropyWants = CrossEntropyWants {
    grad_logits: true,
    lse: true,
};

/// One combination.
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
}

fn options() -> impl Strategy<Value = Options> {
    let reductions = [Reduction::None, Reduction::Mean, Reduction::Sum];
    let shape = (1..40_usize, prop_oneof![1..70_usize, 500..600_usize]);
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
        ),
    )
        .prop_map(|((shape, inputs, seed), (what, numbers), rest)| {
            let ((rows, cols), (soft, ignored, weighted)) = (shape, what);
            let (smoothing, z_loss, softcap, scale) = numbers;
            let (reduction, upstream, zero) = rest;
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
            }
        })
}

/// What is computed from.
struct Values {
    logits: Vec<f32>,
    ids: Vec<i64>,
    probs: Vec<f32>,
    weight: Vec<f32>,
    grad_losses: Vec<f32>,
}

impl Options {
    fn values(&self) -> Values {
        let (rows, cols) = (self.rows, self.cols);
        let losses = if self.reduction == Reduction::None {
            rows
        } else {
            1
        };
        let mut weight: Vec<f32> = inputs::upstream(cols, self.seed)
            .iter()
            .map(|g| g.abs())
            .collect();
        weight[cols / 2] = 0.0;
        Values {
            logits: self.inputs.logits(rows, cols, self.seed),
            ids: inputs::targets(rows, cols, self.seed, self.ignored)
                .into_iter()
                .map(i64::from)
                .collect(),
            probs: inputs::probs(&Inputs::Masked.logits(rows, cols, self.seed + 1), cols)
                .into_iter()
                .map(|p| if p.is_nan() { 0.0 } else { p })
                .collect(),
            weight,
            grad_losses: inputs::upstream(losses, self.seed + 2),
        }
    }

    fn spec(&self) -> CrossEntropySpec {
        let mut spec = CrossEntropySpec::new(self.rows as u64, self.cols as u64)
            .reduction(self.reduction)
            .label_smoothing(self.smoothing)
            .z_loss(self.z_loss)
            .scale(self.scale)
            .zero_valid(self.zero_valid);
        if let Some(ignored) = self.ignored {
            spec = spec.ignore_index(ignored);
        }
        if let Some(softcap) = self.softcap {
            spec = spec.softcap(softcap);
        }
        spec
    }

    fn reference(&self, values: &Values) -> CrossEntropy {
        let mut of = CrossEntropy::new(self.cols)
            .reduction(self.reduction)
            .label_smoothing(self.smoothing)
            .z_loss(self.z_loss)
            .scale(self.scale)
            .zero_valid(self.zero_valid);
        if let Some(ignored) = self.ignored {
            of = of.ignore_index(ignored);
        }
        if let Some(softcap) = self.softcap {
            of = of.softcap(softcap);
        }
        if self.weighted {
            of = of.weight(values.weight.clone());
        }
        match (self.upstream, self.reduction) {
            (false, _) => of,
            (true, Reduction::None) => of.grad_losses(values.grad_losses.clone()),
            (true, _) => of.grad_loss(f64::from(values.grad_losses[0])),
        }
    }
}

/// What the reference says, and the bounds.
struct Expected {
    losses: (Vec<f64>, Vec<f64>),
    lse: (Vec<f64>, Vec<f64>),
    gradient: (Vec<f64>, Vec<f64>),
    weight_sum: f64,
}

fn expected(options: &Options, values: &Values) -> Expected {
    let of = options.reference(values);
    macro_rules! with {
        ($targets:expr) => {{
            let result = of.losses(&values.logits, $targets);
            let bound = bounds::loss(&of, &values.logits, $targets);
            Expected {
                losses: match (result.loss, bound) {
                    (Some(loss), Some(bound)) => (vec![loss], vec![bound]),
                    _ => (
                        result.row_losses,
                        bounds::row_loss(&of, &values.logits, $targets),
                    ),
                },
                lse: (result.lse, bounds::row_lse(&of, &values.logits)),
                gradient: (
                    of.gradient(&values.logits, $targets),
                    bounds::loss_gradient(&of, &values.logits, $targets),
                ),
                weight_sum: result.weight_sum,
            }
        }};
    }
    if options.soft {
        with!(&values.probs)
    } else {
        with!(&values.ids)
    }
}

fn assert_fused(gpu: &Gpu, options: &Options, values: &Values, expected: &Expected) -> Vec<f32> {
    let targets: Targets<'_> = if options.soft {
        (&values.probs).into()
    } else {
        (&values.ids).into()
    };
    let mut given = CrossEntropyInputs::new(&values.logits, targets);
    if options.weighted {
        given = given.weight(&values.weight);
    }
    if options.upstream {
        given = given.grad_losses(&values.grad_losses);
    }
    let found = gpu
        .cross_entropy(&options.spec(), given, EVERYTHING)
        .expect("runs");
    let close = |name: &str, found: &[f32], expected: &(Vec<f64>, Vec<f64>), cols| {
        let what = format!("{name} of {options:?}");
        assert_close(&what, found, &expected.0, &expected.1, cols);
    };
    close("losses", &found.losses, &expected.losses, 1);
    close("lse", &found.lse.expect("lse"), &expected.lse, 1);
    let gradient = found.grad_logits.expect("a gradient");
    close("gradient", &gradient, &expected.gradient, options.cols);
    let sum = f64::from(found.status.weight_sum);
    assert!(
        (sum - expected.weight_sum).abs() <= 1e-6 * expected.weight_sum.abs(),
        "{options:?}"
    );
    gradient
}

/// The gradient from saved pairs, in a second call.
fn gradient_from_pairs(gpu: &Gpu, options: &Options, values: &Values) -> Vec<f32> {
    let targets: Targets<'_> = if options.soft {
        (&values.probs).into()
    } else {
        (&values.ids).into()
    };
    let spec = options.spec().targets(targets.target_type());
    let logits = upload(gpu, &values.logits);
    let targets = if options.soft {
        upload(gpu, &values.probs)
    } else {
        upload(gpu, &values.ids)
    };
    let (weight, upstream) = (
        upload(gpu, &values.weight),
        upload(gpu, &values.grad_losses),
    );
    let mut extras = CrossEntropyExtras::default();
    if options.weighted {
        extras = extras.weight(&weight);
    }
    let (losses, pairs) = (
        Output::new(gpu, options.rows),
        Output::new(gpu, 2 * options.rows),
    );
    let buffers = CrossEntropyBuffers {
        logits: &logits,
        targets: &targets,
        losses: &losses.buffer,
        grad_logits: None,
    };
    let rows = options.rows as u64;
    let plan = gpu.planner().cross_entropy(spec).expect("a plan");
    let forward = plan
        .bind_with(rows, buffers, extras.pairs(&pairs.buffer))
        .expect("bound");
    gpu.run(&forward, "forward").expect("runs");
    let saved = pairs.words(gpu);

    if options.upstream {
        extras = extras.grad_losses(&upstream);
    }
    let grad = Output::new(gpu, values.logits.len());
    let buffers = CrossEntropyBackwardBuffers {
        logits: &logits,
        targets: &targets,
        pairs: &pairs.buffer,
        grad_logits: &grad.buffer,
    };
    let plan = gpu.planner().cross_entropy_backward(spec).expect("a plan");
    let backward = plan.bind_with(rows, buffers, extras).expect("bound");
    gpu.run(&backward, "backward").expect("runs");
    assert_eq!(
        pairs.words(gpu),
        saved,
        "the pairs have changed: {options:?}"
    );
    grad.floats(gpu)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_combination_agrees_with_the_reference(options in options()) {
        let values = options.values();
        let expected = expected(&options, &values);
        assert_fused(gpu(), &options, &values, &expected);
        let gradient = gradient_from_pairs(gpu(), &options, &values);
        let (wanted, allowed) = &expected.gradient;
        assert_close(&format!("from pairs: {options:?}"), &gradient, wanted, allowed, options.cols);
    }
}
