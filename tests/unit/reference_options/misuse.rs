//! Misuse that panics.

use super::{INF, NAN, sum};
use wgpu_softmax::reference::CrossEntropy;

#[test]
#[should_panic(expected = "probabilities with an ignored class id")]
fn probabilities_with_an_ignored_id() {
    let _ = CrossEntropy::new(2)
        .ignore_index(-100)
        .losses(&[0.0, 0.0], &[0.5, 0.5]);
}

#[test]
#[should_panic(expected = "one probability a logit")]
fn too_few_probabilities() {
    let _ = CrossEntropy::new(2).losses(&[0.0, 0.0], &[0.5]);
}

#[test]
#[should_panic(expected = "one weight a class")]
fn too_few_weights() {
    let _ = CrossEntropy::new(2).weight(vec![1.0]);
}

#[test]
#[should_panic(expected = "one upstream gradient a row")]
fn too_few_upstream_gradients() {
    let _ = CrossEntropy::new(1)
        .grad_losses(Vec::<f32>::new())
        .gradient(&[0.0], &[0]);
}

#[test]
fn numbers_out_of_range() {
    let panics = |make: fn() -> CrossEntropy| std::panic::catch_unwind(make).is_err();
    assert!(panics(|| sum(1).label_smoothing(1.5)) && panics(|| sum(1).label_smoothing(NAN)));
    assert!(panics(|| sum(1).scale(0.0)) && panics(|| sum(1).scale(INF)));
    assert!(panics(|| sum(1).softcap(-1.0)) && panics(|| sum(1).softcap(NAN)));
    assert!(panics(|| sum(1).z_loss(INF)));
}
