//! Texts of the kernels: those of the dispatches that are bound.

use wgpu_softmax::{DType, KernelText, Reduction};

use super::problem::Problem;
use crate::common::{device_with_bindings_of, gpu};

fn names(texts: &[KernelText]) -> Vec<&str> {
    texts
        .iter()
        .map(|text| text.label.rsplit_once(' ').map_or("", |(_, name)| name))
        .collect()
}

#[test]
fn texts_are_in_the_order_of_their_dispatches() {
    let plan = Problem::new((200, 64, 96), 1).plan(gpu());
    let texts = plan.fused_wgsl().expect("texts");
    assert_eq!(
        names(&texts),
        [
            "cross-entropy.count_targets.f32",
            "linear-cross-entropy.logits.f32",
            "cross-entropy-fused.in-place.registers.f32",
            "linear-cross-entropy.grad_hidden.f32",
            "linear-cross-entropy.grad_weight.f32",
            "linear-cross-entropy.grad_bias.f32",
            "lse-from-pairs.from_saved.f32",
            "cross-entropy.sum_losses.f32",
        ]
    );
}

/// A binding with all gradients makes as many dispatches as the texts say.
#[test]
fn texts_count_the_dispatches() {
    let narrow = &device_with_bindings_of(1 << 16);
    for (gpu, extents, chunk) in [
        (gpu(), (200, 64, 96), 64),
        (gpu(), (10, 5, 3), 1),
        (narrow, (40, 100, 1000), 16),
        (narrow, (33, 101, 501), 8),
    ] {
        for dtype in [DType::F32, DType::Bf16] {
            let problem = Problem::new(extents, 2).dtype(dtype).chunk_rows(chunk);
            let problem = problem.loss(|loss| loss.reduction = Reduction::Mean);
            let plan = problem.plan(gpu);
            let texts = plan.fused_wgsl().expect("texts");
            let is_bound =
                |text: &&KernelText| text.condition.is_none_or(|when| when.contains("gradient"));
            let told: u64 = texts
                .iter()
                .filter(is_bound)
                .map(|text| text.dispatches)
                .sum();
            assert_eq!(told, problem.bound(gpu).dispatches() as u64, "{problem}");
            assert!(texts.len() <= plan.pipelines());
        }
    }
}
