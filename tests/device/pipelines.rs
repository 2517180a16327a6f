//! Pipelines are compiled when they are first bound, and shared from then on.

use wgpu_softmax::{
    CrossEntropyBuffers, CrossEntropyExtras, CrossEntropySpec, Planner, SoftmaxBuffers, SoftmaxSpec,
};

use crate::common::gpu;

#[test]
fn a_plan_compiles_nothing_and_its_first_binding_what_it_needs() {
    let planner = Planner::new(gpu().device());
    let buffer = |size| gpu().allocate("rows", size).expect("a small buffer");
    let (logits, probs) = (buffer(8 * 64 * 4), buffer(8 * 64 * 4));
    let buffers = SoftmaxBuffers {
        logits: &logits,
        probs: &probs,
    };

    let plan = planner
        .softmax(SoftmaxSpec::new(8, 64))
        .expect("a small plan");
    assert_eq!((plan.pipelines(), planner.pipelines()), (1, 0));
    plan.bind(buffers).expect("buffers that fit");
    assert_eq!(planner.pipelines(), 1);

    let fewer = planner
        .softmax(SoftmaxSpec::new(3, 64).scale(0.5))
        .expect("a small plan");
    fewer.bind(buffers).expect("buffers that fit");
    assert_eq!(
        planner.pipelines(),
        1,
        "rows and numbers are no other program"
    );
    planner.clear();
    assert_eq!(planner.pipelines(), 0);
}

#[test]
fn a_loss_without_options_has_kernels_of_its_own() {
    let planner = Planner::new(gpu().device());
    let buffer = |size| gpu().allocate("rows", size).expect("a small buffer");
    let (logits, targets, losses) = (buffer(8 * 64 * 4), buffer(8 * 4), buffer(4));
    let weight = buffer(64 * 4);
    let buffers = CrossEntropyBuffers {
        logits: &logits,
        targets: &targets,
        losses: &losses,
        grad_logits: None,
    };
    let plan = planner
        .cross_entropy(CrossEntropySpec::new(8, 64))
        .expect("a small plan");
    plan.bind(buffers).expect("buffers that fit");
    let plain = planner.pipelines();
    let extras = CrossEntropyExtras::default().weight(&weight);
    plan.bind_with(8, buffers, extras)
        .expect("buffers that fit");
    assert_eq!(
        planner.pipelines(),
        plain + 2,
        "those of rows and tally with class weights"
    );
    plan.bind(buffers).expect("buffers that fit");
    plan.bind_with(8, buffers, extras)
        .expect("buffers that fit");
    assert_eq!(planner.pipelines(), plain + 2);
    assert!(planner.pipelines() <= plan.pipelines());
}
