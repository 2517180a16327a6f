//! Configurations that are drawn, against the reference.

use wgpu_softmax::check::inputs;
use wgpu_softmax::variant::{Abilities, Tile, Vendor};
use wgpu_softmax::{DType, Gpu, Reduction, ZeroValid};

use super::problem::Problem;
use crate::common::gpu;
use crate::common::sweep::some;

/// Extents with long rows of logits, of features, and of neither; odd ones among them.
const EXTENTS: [(usize, usize, usize); 20] = [
    (1, 1, 1),
    (2, 1, 50_257),
    (3, 3, 20_011),
    (1, 33, 5000),
    (5, 257, 513),
    (64, 64, 64),
    (65, 17, 130),
    (7, 1000, 3),
    (1, 2049, 2),
    (33, 31, 29),
    (130, 16, 77),
    (300, 5, 10),
    (17, 129, 255),
    (9, 8, 1024),
    (4, 100, 1000),
    (257, 3, 33),
    (16, 255, 96),
    (2, 513, 700),
    (31, 7, 2),
    (600, 1, 5),
];

/// Draws the options of a configuration: each of them with any other, over all of them.
pub(crate) fn drawn(number: usize) -> Problem {
    let mut state = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut one_of = |choices: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) % choices
    };
    let seed = number as u64;
    let dtype = [DType::F32, DType::F32, DType::F16, DType::Bf16][one_of(4) as usize];
    let mut problem = Problem::new(EXTENTS[number % EXTENTS.len()], seed).dtype(dtype);
    if one_of(2) == 0 {
        problem = problem.with_bias(seed + 7);
    }
    if one_of(3) == 0 {
        problem.class_weight = inputs::weights(problem.classes, seed);
    }
    let loss = &mut problem.loss;
    loss.reduction = [Reduction::Mean, Reduction::Sum, Reduction::None][one_of(3) as usize];
    loss.label_smoothing = [0.0, 0.0, 0.1, 1.0][one_of(4) as usize];
    loss.z_loss = [0.0, 0.0, 1e-2][one_of(3) as usize];
    loss.softcap = [None, None, Some(3.0)][one_of(3) as usize];
    loss.scale = [1.0, 1.0, 0.25][one_of(3) as usize];
    loss.zero_valid = [ZeroValid::Nan, ZeroValid::Zero][one_of(2) as usize];
    if one_of(3) == 0 {
        let losses = match problem.loss.reduction {
            Reduction::None => problem.rows,
            _ => 1,
        };
        problem.grad_losses = inputs::upstream(losses, seed);
    }
    match one_of(4) {
        0 => problem.chunk_rows(1 + one_of(5)),
        1 => problem.chunk_rows(64),
        _ => problem,
    }
}

/// A device as it chooses for itself, and the same with the kernels of a GPU: operands through workgroup memory.
fn devices() -> [Gpu; 2] {
    let gpu = gpu();
    let abilities = Abilities {
        software: false,
        vendor: Vendor::Other,
        ..*gpu.planner().abilities()
    };
    assert!(Tile::of(&abilities).shared);
    let other = gpu.with_planner(gpu.planner().with_abilities(abilities));
    [gpu.clone(), other]
}

#[test]
fn a_hundred_configurations_agree_with_the_reference() {
    let [own, of_gpu] = &devices();
    let mut worst = 0.0_f64;
    for number in some((0..100).collect(), 0, 3) {
        // Each extent on both devices.
        let gpu = if (number / EXTENTS.len()).is_multiple_of(3) {
            of_gpu
        } else {
            own
        };
        worst = worst.max(drawn(number).assert(gpu));
        if number % 10 == 9 {
            gpu.planner().clear();
        }
    }
    // The bounds are those of the worst case: they would not be if everything were far below them.
    assert!((0.02..1.0).contains(&worst), "{worst}");
}
