//! The library as a guest in the caller's program: the caller's device, buffers and passes.

use crate::common::bench::{Bench, COLS, ROWS};
use crate::common::problem::{Given, Problem};
use crate::common::{Output, assert_close, assert_probs, bits, device, gpu, run_passes, upload};
use wgpu_softmax::check::{Inputs, bounds};
use wgpu_softmax::reference;
use wgpu_softmax::wgpu::{Features, Limits};
use wgpu_softmax::{
    Bound, CrossEntropyBackwardPlan, CrossEntropyBuffers, CrossEntropyExtras, CrossEntropyPlan,
    Gpu, JacobianPlan, Plan, Planner, Reduction, Softmax, SoftmaxBuffers, SoftmaxSpec, TargetType,
};

#[test]
fn a_device_of_default_limits_and_no_features_will_do() {
    let bench = Bench::new(&device(Features::empty(), Limits::default()));
    run_passes(
        bench.gpu(),
        &[&[&bench.softmax(), &bench.cross_entropy(true)]],
    );
    bench.assert_results();
}

#[test]
fn a_pass_takes_operations_that_read_each_other() {
    let bench = Bench::new(gpu());
    run_passes(
        gpu(),
        &[&[
            &bench.softmax(),
            &bench.cross_entropy(false),
            &bench.backward(),
        ]],
    );
    bench.assert_results();
}

#[test]
fn recording_again_changes_nothing() {
    let once = Bench::new(gpu());
    run_passes(gpu(), &[&[&once.softmax()], &[&once.cross_entropy(true)]]);
    let twice = Bench::new(gpu());
    let (softmax, cross_entropy) = (twice.softmax(), twice.cross_entropy(true));
    run_passes(
        gpu(),
        &[&[&softmax, &cross_entropy, &cross_entropy, &softmax]],
    );
    assert!(twice.results() == once.results(), "in one pass");
    let apart = Bench::new(gpu());
    let (softmax, cross_entropy) = (apart.softmax(), apart.cross_entropy(true));
    run_passes(
        gpu(),
        &[
            &[&softmax, &cross_entropy],
            &[&cross_entropy.clone()],
            &[&softmax],
        ],
    );
    assert!(apart.results() == once.results(), "in three passes");
}

#[test]
fn five_runs_give_the_same_bits() {
    let bench = Bench::new(gpu());
    let bounds = [
        bench.softmax(),
        bench.cross_entropy(false),
        bench.backward(),
    ];
    let run = || {
        bounds
            .iter()
            .for_each(|bound| gpu().run(bound, "a run").expect("runs"));
        bench.results()
    };
    let first = run();
    (1..5).for_each(|_| assert!(run() == first, "other bits"));
}

#[test]
fn bounds_of_one_plan_do_not_disturb_each_other() {
    let plan = gpu()
        .planner()
        .softmax(SoftmaxSpec::new(ROWS as u64, COLS as u64));
    let plan = plan.expect("a plan");
    let logits: Vec<_> = (0..2)
        .map(|seed| Inputs::Flat.logits(ROWS, COLS, seed))
        .collect();
    let inputs: Vec<_> = logits.iter().map(|logits| upload(gpu(), logits)).collect();
    let outputs = [
        Output::new(gpu(), ROWS * COLS),
        Output::new(gpu(), 20 * COLS),
    ];
    let bind = |index: usize, rows| {
        let buffers = SoftmaxBuffers {
            logits: &inputs[index],
            probs: &outputs[index].buffer,
        };
        plan.bind_rows(rows, buffers).expect("bound")
    };
    let (whole, part) = (bind(0, ROWS as u64), bind(1, 20));
    run_passes(gpu(), &[&[&whole, &part], &[&part, &whole]]);
    for (logits, output) in logits.iter().zip(&outputs) {
        let found = output.floats(gpu());
        let logits = &logits[..found.len()];
        assert_probs("probs", &found, logits, COLS);
    }
}

#[test]
fn fewer_rows_than_planned_write_no_others() {
    let problem = Problem::drawn(Inputs::Peaked, (ROWS, COLS), [3, 3]).ids_as(TargetType::I64);
    let Given::Ids(ids) = &problem.targets else {
        panic!("drawn with class ids");
    };
    let (logits, targets) = (upload(gpu(), &problem.logits), upload(gpu(), ids));
    let spec = problem.spec.reduction(Reduction::None);
    let plan = gpu().planner().cross_entropy(spec).expect("a plan");
    for rows in [0, 1, 20, 36] {
        let (losses, grad) = (Output::new(gpu(), rows), Output::new(gpu(), rows * COLS));
        let lse = Output::new(gpu(), rows);
        let buffers = CrossEntropyBuffers {
            logits: &logits,
            targets: &targets,
            losses: &losses.buffer,
            grad_logits: Some(&grad.buffer),
        };
        let extras = CrossEntropyExtras::default().lse(&lse.buffer);
        let bound = plan.bind_with(rows as u64, buffers, extras).expect("bound");
        gpu().run(&bound, "some rows").expect("runs");
        let expected = reference::logsumexp(&problem.logits[..rows * COLS], COLS);
        let allowed = bounds::lse(&problem.logits[..rows * COLS], COLS);
        let (found, losses, grad) = (lse.floats(gpu()), losses.floats(gpu()), grad.floats(gpu()));
        assert!(losses.iter().chain(&grad).all(|value| value.is_finite()));
        match rows {
            0 => assert_eq!((found, bound.dispatches()), (vec![], 0)),
            _ => assert_close("lse", &found, &expected, &allowed, 1),
        }
    }
}

#[test]
fn buffers_and_plans_may_be_dropped_once_bound() {
    let output = Output::new(gpu(), ROWS * COLS);
    let logits = Inputs::Peaked.logits(ROWS, COLS, 3);
    let bound = {
        let planner = Planner::new(gpu().device());
        let plan = planner
            .softmax(SoftmaxSpec::new(ROWS as u64, COLS as u64))
            .expect("a plan");
        let buffers = SoftmaxBuffers {
            logits: &upload(gpu(), &logits),
            probs: &output.buffer,
        };
        plan.bind(buffers).expect("bound")
    };
    let gpu = gpu();
    let elsewhere = std::thread::spawn(move || gpu.run(&bound, "softmax"));
    elsewhere.join().expect("no panic").expect("runs");
    let found = output.floats(gpu);
    let again = gpu.softmax(&logits, ROWS).expect("softmax");
    assert!(bits(&found) == bits(&again), "other bits");
}

#[test]
fn what_is_planned_and_bound_can_be_kept_shared_and_sent() {
    fn kept_shared_and_sent<T: Clone + Send + Sync + 'static>() -> usize {
        size_of::<T>()
    }
    let sizes = [
        kept_shared_and_sent::<Bound>(),
        kept_shared_and_sent::<Planner>(),
        kept_shared_and_sent::<Plan<Softmax>>(),
        kept_shared_and_sent::<CrossEntropyPlan>(),
        kept_shared_and_sent::<CrossEntropyBackwardPlan>(),
        kept_shared_and_sent::<JacobianPlan>(),
        kept_shared_and_sent::<Gpu>(),
    ];
    assert!(sizes.iter().all(|&size| size > 0));
}
