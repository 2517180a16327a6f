//! Logits as `C tanh(S x / C)`: infinities, saturation, and the accuracy of the capped value itself.

use wgpu_softmax::Reduction;
use wgpu_softmax::check::{Inputs, inputs};

use crate::common::expected::Expected;
use crate::common::found::Found;
use crate::common::problem::{Problem, class_of};
use crate::common::{bits, gpu, wide};

const INF: f32 = f32::INFINITY;
const CAPS: [f32; 5] = [1e-3, 1.0, 30.0, 1e4, 1e6];
const SCALES: [f32; 3] = [1.0, 0.37, 5.0];

/// Steps of f32 that a capped value may be off: six roundings, and the errors that WGSL allows a division and an exponential.
const STEPS: f64 = 8.0;

/// Returns logits as kernels read them: the logsumexp of rows of one column is that, to the bit.
fn capped(values: &[f32], scale: f32, cap: f32) -> Vec<f32> {
    let problem = Problem::of_ids(1, values.to_vec(), &vec![0; values.len()]);
    let found = problem.scale(scale).softcap(cap).fused(gpu(), None);
    found.lse
}

/// Returns magnitudes from far below the cap to far above it, across the boundary of the two formulas of tanh.
fn magnitudes(scale: f32, cap: f32) -> Vec<f32> {
    let quotient = |i: i32| 10_f64.powf(f64::from(i) / 50.0 - 6.0);
    let near_seam = |i: i32| 0.625 + f64::from(i) * 3e-8;
    let quotients = (0..400).map(quotient).chain((-20..20).map(near_seam));
    let magnitudes = quotients.map(|y| (y * f64::from(cap) / f64::from(scale)) as f32);
    magnitudes.filter(|x| *x > 1e-30 && x.is_finite()).collect()
}

/// Errors are relative to the capped value, not to the cap, also near 0, where it is nearly the logit.
#[test]
fn a_capped_value_is_accurate_relative_to_itself() {
    for cap in CAPS {
        for scale in SCALES {
            let values = magnitudes(scale, cap);
            let negative: Vec<f32> = values.iter().map(|x| -x).collect();
            let (found, mirrored) = (capped(&values, scale, cap), capped(&negative, scale, cap));
            for ((&x, u), mirrored) in values.iter().zip(found).zip(mirrored) {
                let expected =
                    f64::from(cap) * (f64::from(scale) * f64::from(x) / f64::from(cap)).tanh();
                let step = f64::from((expected as f32).next_up()) - f64::from(expected as f32);
                let steps = (f64::from(u) - expected).abs() / step;
                assert!(
                    steps <= STEPS,
                    "{cap} tanh({scale} {x:e} / {cap}): {u:e} is off by {steps} steps"
                );
                assert!(u <= cap, "{u} is beyond {cap}");
                assert_eq!(mirrored.to_bits(), (-u).to_bits(), "of {x}");
            }
        }
    }
}

#[test]
fn zero_and_the_smallest_logits_stay_what_they_are() {
    for cap in CAPS {
        assert_eq!(capped(&[0.0], 1.0, cap)[0], 0.0);
        // Far below the cap, tanh is the identity to the last bit but one.
        let tiny = 1e-6 * cap.min(1.0);
        let u = capped(&[tiny], 1.0, cap)[0];
        assert!(
            (f64::from(u) / f64::from(tiny) - 1.0).abs() < 4e-7,
            "{tiny:e} became {u:e}"
        );
    }
}

#[test]
fn infinite_logits_become_the_cap() {
    for cap in CAPS {
        for scale in SCALES {
            let beyond = 25.0 * cap / scale;
            let found = capped(
                &[INF, -INF, f32::MAX, f32::MIN, beyond, -beyond],
                scale,
                cap,
            );
            assert_eq!(
                found,
                [cap, -cap, cap, -cap, cap, -cap],
                "cap {cap}, scale {scale}"
            );
        }
        assert!(capped(&[f32::NAN], 1.0, cap)[0].is_nan());
    }
}

/// A cap so large that no number reaches it, and that quotients by it are almost 0.
#[test]
fn a_cap_beyond_all_logits_leaves_them() {
    let cap = 8e37;
    assert_eq!(capped(&[INF, -INF], 1.0, cap), [cap, -cap]);
    for x in [1e-3, 0.5, 7.25, 1e20] {
        let u = capped(&[x], 1.0, cap)[0];
        assert!((u / x - 1.0).abs() < 4e-7, "{x:e} became {u:e}");
    }
}

/// Returns rows with infinities in them, as targets and at other classes.
fn rows(cols: usize) -> Problem {
    let mut logits = Inputs::Flat.logits(5, cols, 7);
    logits[0] = INF;
    logits[cols + cols / 2] = -INF;
    (logits[2 * cols + 1], logits[2 * cols + cols - 1]) = (-INF, INF);
    logits[3 * cols..4 * cols].fill(-INF);
    logits[4 * cols + 2] = f32::NAN;
    Problem::of_ids(cols, logits, &[0, class_of(cols / 2), 3, 1, 1]).reduction(Reduction::None)
}

/// The slope is 0 at infinite logits, and so is the gradient: exactly, whatever the target weight. NaN stays NaN.
#[test]
fn infinite_logits_have_no_gradient() {
    for cols in [45, 48] {
        let probs = inputs::probs(&Inputs::Flat.logits(5, cols, 6), cols);
        let soft = Problem::of_probs(cols, rows(cols).logits, probs).reduction(Reduction::None);
        for problem in [rows(cols), rows(cols).label_smoothing(0.2), soft] {
            for (cap, scale) in [(3.0, 1.0), (30.0, 0.37), (0.5, 5.0)] {
                let problem = problem.clone().softcap(cap).scale(scale).z_loss(0.01);
                let expected = Expected::of(&problem);
                problem.on_every_kernel(|found, kernel| {
                    expected.assert(found, kernel);
                    assert_flat_at_infinities(&problem, found, kernel);
                });
            }
        }
    }
}

#[track_caller]
fn assert_flat_at_infinities(problem: &Problem, found: &Found, kernel: &str) {
    let nan_row = 4 * problem.cols;
    let infinite = |i: &usize| problem.logits[*i].is_infinite();
    for i in (0..nan_row).filter(infinite) {
        assert_eq!(found.grad[i], 0.0, "{kernel}: element {i}");
    }
    assert!(
        (0..nan_row).any(|i| found.grad[i] != 0.0),
        "{kernel}: nothing is steep"
    );
    assert!(
        found.losses[..4]
            .iter()
            .chain(&found.lse[..4])
            .all(|x| x.is_finite()),
        "{kernel}"
    );
    assert!(found.grad[nan_row..].iter().all(|g| g.is_nan()), "{kernel}");
    assert!(
        found.losses[4].is_nan() && found.lse[4].is_nan(),
        "{kernel}"
    );
}

#[test]
fn every_cap_and_scale_keeps_the_bounds() {
    for distribution in Inputs::ALL {
        let of_ids = Problem::drawn(distribution, (9, 61), [5, 3]);
        let of_probs = Problem::drawn_probs(distribution, (9, 61), [5, 5]);
        for cap in CAPS {
            for scale in SCALES {
                let smoothed = of_ids.clone().label_smoothing(0.1);
                for problem in [of_ids.clone(), smoothed, of_probs.clone()] {
                    let problem = problem.softcap(cap).scale(scale).reduction(Reduction::None);
                    let expected = Expected::of(&problem);
                    expected.assert(&problem.fused(gpu(), None), distribution.name());
                    expected.assert(&problem.apart(gpu(), None), distribution.name());
                }
            }
        }
    }
}

/// A cap far above all logits changes next to nothing; the change is the cube of the quotient.
#[test]
fn a_cap_far_above_all_logits_is_none() {
    let (rows, cols) = (9, 61);
    let ids = wide(&inputs::targets(rows, cols, 3, None));
    let plain = Problem::of_ids(cols, Inputs::Flat.logits(rows, cols, 5), &ids);
    let plain = plain.reduction(Reduction::None);
    for smoothing in [0.0, 0.1] {
        let plain = plain.clone().label_smoothing(smoothing);
        let far = plain.clone().softcap(1e6).fused(gpu(), None);
        let near = plain.clone().softcap(300.0).fused(gpu(), None);
        let plain = plain.fused(gpu(), None);
        let close = |(a, b): (&f32, &f32)| (a - b).abs() <= 4e-6 * b.abs() + 1e-9;
        assert!(far.losses.iter().zip(&plain.losses).all(close), "losses");
        assert!(far.grad.iter().zip(&plain.grad).all(close), "gradient");
        assert_ne!(bits(&near.grad), bits(&plain.grad), "nothing was capped");
    }
}
