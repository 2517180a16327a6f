//! The cross-entropy of a linear layer's logits.

mod problem;

use wgpu_softmax::Reduction;

use crate::common::gpu;
use problem::Problem;

#[test]
fn first() {
    for extents in [
        (5, 3, 7),
        (64, 33, 100),
        (1, 1, 1),
        (70, 300, 17),
        (3, 65, 1000),
    ] {
        let problem = Problem::new(extents, 1).with_bias(4);
        println!("{extents:?} {}", problem.assert(gpu()));
        let none = problem
            .loss(|loss| loss.reduction = Reduction::None)
            .chunk_rows(2);
        println!("{extents:?} {}", none.assert(gpu()));
    }
}
