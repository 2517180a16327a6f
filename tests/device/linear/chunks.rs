//! Chunks: how many rows have their logits in memory together changes no loss.

use wgpu_softmax::{LinearCrossEntropySpec, Reduction};

use super::problem::Problem;
use crate::common::gpu;

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn chunks_of_any_rows_give_the_same_losses_and_gradients_within_the_bounds() {
    let problem = Problem::new((130, 65, 301), 5).with_bias(6);
    let problem = problem.loss(|loss| loss.reduction = Reduction::None);
    let whole = problem.clone().chunk_rows(130).run(gpu(), true);
    for rows in [1, 3, 64, 130] {
        let chunked = problem.clone().chunk_rows(rows);
        assert_eq!(chunked.plan(gpu()).chunk_rows(), rows);
        chunked.assert(gpu());
        let found = chunked.run(gpu(), true);
        assert_eq!(bits(&found.losses), bits(&whole.losses), "chunks of {rows}");
        assert_eq!(bits(&found.hidden), bits(&whole.hidden), "chunks of {rows}");
        let mean = chunked.loss(|loss| loss.reduction = Reduction::Mean);
        mean.assert(gpu());
    }
}

#[test]
fn a_run_gives_the_same_bits_again() {
    let problem = Problem::new((40, 33, 129), 8).chunk_rows(7);
    let [first, second] = [(); 2].map(|()| problem.run(gpu(), true));
    assert_eq!(bits(&first.weight), bits(&second.weight));
    assert_eq!(bits(&first.hidden), bits(&second.hidden));
    assert_eq!(bits(&first.losses), bits(&second.losses));
}

#[test]
fn chunks_take_little_memory() {
    for (rows, features, classes) in [
        (4096, 1024, 50_257),
        (8192, 4096, 128_256),
        (512, 1024, 8192),
        (100_000, 4096, 10),
        (1, 1, 1),
        (7, 3, 1_000_000),
    ] {
        let spec = LinearCrossEntropySpec::new(rows, features, classes);
        let plan = gpu().planner().linear_cross_entropy(spec).expect("a plan");
        let hidden = rows * features * 4;
        let most = (16 << 20).max(2 * hidden);
        assert!(
            plan.scratch_bytes() <= most,
            "{} of {most}",
            plan.scratch_bytes()
        );
        assert!(plan.chunk_rows() >= 1 && plan.chunk_rows() <= rows);
        assert_eq!(plan.flops(), 6 * rows * features * classes);
    }
    let plan = |rows| {
        let spec = LinearCrossEntropySpec::new(512, 1024, 8192).chunk_rows(rows);
        gpu().planner().linear_cross_entropy(spec).expect("a plan")
    };
    // 512 / ceil(8192 / 1024), of whole tiles.
    let spec = LinearCrossEntropySpec::new(512, 1024, 8192);
    let own = gpu().planner().linear_cross_entropy(spec).expect("a plan");
    assert_eq!(own.chunk_rows(), 64);
    assert_eq!((plan(5).chunk_rows(), plan(1000).chunk_rows()), (5, 512));
    let logits = 5 * 8192 * 4;
    assert!((logits..logits + 8192).contains(&plan(5).scratch_bytes()));
}
