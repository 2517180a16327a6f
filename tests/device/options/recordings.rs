//! The same bits in every run of every form; and cross-entropies with other options in one pass, which do not affect each other.

use wgpu_softmax::check::{Inputs, inputs};
use wgpu_softmax::{Bound, Reduction, ZeroValid};

use crate::common::found::Buffers;
use crate::common::problem::Problem;
use crate::common::results::kernels;
use crate::common::{gpu, run_passes};

const ROWS: usize = 33;
const COLS: usize = 45;

/// Returns one problem of each form.
fn forms() -> Vec<Problem> {
    let of_ids = Problem::drawn(Inputs::Peaked, (ROWS, COLS), [3, 4]);
    let of_ids = of_ids.weight(inputs::weights(COLS, 6)).z_loss(0.01);
    let of_probs = Problem::drawn_probs(Inputs::Peaked, (ROWS, COLS), [3, 5]).z_loss(0.01);
    let plain = [of_ids.clone(), of_ids.label_smoothing(0.1), of_probs];
    plain
        .into_iter()
        .flat_map(|form| [form.clone(), form.softcap(9.0)])
        .collect()
}

#[test]
fn every_form_gives_the_same_bits_in_every_run() {
    for problem in forms() {
        for variant in kernels(ROWS, COLS).into_iter().map(Some).chain([None]) {
            for run in [Problem::fused, Problem::apart] {
                let first = run(&problem, gpu(), variant).bits();
                let same = (0..2).all(|_| run(&problem, gpu(), variant).bits() == first);
                assert!(same, "other bits of {:?} by {variant:?}", problem.spec);
            }
        }
    }
}

/// Returns problems that run the same kernels, each with other numbers: ids, ignored id, reduction, divisors, z-loss, cap.
fn neighbours() -> Vec<Problem> {
    let numbers = |problem: Problem| {
        vec![
            problem.clone(),
            problem.clone().z_loss(0.3).scale(2.0),
            problem
                .clone()
                .reduction(Reduction::Sum)
                .zero_valid(ZeroValid::Zero),
            problem.clone().mean_over(3.0, 2).upstream(vec![-4.0]),
            problem
                .reduction(Reduction::None)
                .weight(inputs::weights(COLS, 9)),
        ]
    };
    let caps = |problem: &Problem| [problem.clone(), problem.clone().softcap(2.0)];
    forms().iter().flat_map(caps).flat_map(numbers).collect()
}

#[test]
fn options_of_one_pass_do_not_disturb_each_other() {
    let problems = neighbours();
    let alone: Vec<_> = problems
        .iter()
        .map(|problem| problem.fused(gpu(), None).bits())
        .collect();
    let buffers: Vec<_> = problems
        .iter()
        .map(|problem| Buffers::new(problem, gpu()))
        .collect();
    let bounds: Vec<Bound> = buffers
        .iter()
        .map(|of| of.loss(gpu().planner(), true))
        .collect();
    let forth: Vec<_> = bounds.iter().collect();
    let back: Vec<_> = bounds.iter().rev().collect();
    for passes in [&[&forth[..]][..], &[&forth, &back], &[&back]] {
        run_passes(gpu(), passes);
        for ((problem, buffers), alone) in problems.iter().zip(&buffers).zip(&alone) {
            assert!(
                buffers.found().bits() == *alone,
                "disturbed: {:?}",
                problem.spec
            );
        }
    }
}

/// A forward pass, its gradient from the pairs, and those of other options, one after the other.
#[test]
fn loss_and_gradient_of_all_forms_share_a_pass() {
    let problems = forms();
    let alone: Vec<_> = problems
        .iter()
        .map(|problem| problem.apart(gpu(), None).bits())
        .collect();
    let buffers: Vec<_> = problems
        .iter()
        .map(|problem| Buffers::new(problem, gpu()))
        .collect();
    let losses = buffers.iter().map(|of| of.loss(gpu().planner(), false));
    let backward = buffers.iter().map(|of| of.backward(gpu().planner()));
    let bounds: Vec<Bound> = losses.chain(backward).collect();
    run_passes(gpu(), &[&bounds.iter().collect::<Vec<_>>()]);
    for ((problem, buffers), alone) in problems.iter().zip(&buffers).zip(&alone) {
        assert!(
            buffers.found().bits() == *alone,
            "disturbed: {:?}",
            problem.spec
        );
    }
}
