//! Weights, hidden and logits that no binding holds whole.

use wgpu_softmax::{DType, Error, LinearCrossEntropySpec, Reduction};

use super::problem::Problem;
use crate::common::{device_with_bindings_of, gpu};

#[test]
fn a_weight_is_served_in_windows_of_classes() {
    // 64 KiB: of 100 features, 163 classes and as many rows; 16 KiB columns of logits.
    let gpu = &device_with_bindings_of(1 << 16);
    for (number, dtype) in DType::ALL.into_iter().enumerate() {
        for extents in [
            (40, 100, 1000),
            (400, 100, 10),
            (33, 101, 501),
            (20, 3, 15_000),
        ] {
            let problem = Problem::new(extents, number as u64)
                .dtype(dtype)
                .with_bias(5);
            problem.assert(gpu);
            problem
                .loss(|loss| loss.reduction = Reduction::None)
                .assert(gpu);
        }
    }
}

#[test]
fn rows_that_no_binding_holds_are_refused_by_name() {
    let gpu = &device_with_bindings_of(1 << 16);
    for (features, classes, named) in [(20_000, 5, "features"), (5, 20_000, "logits")] {
        let spec = LinearCrossEntropySpec::new(4, features, classes);
        match gpu.planner().linear_cross_entropy(spec) {
            Err(Error::Limit {
                what,
                limit,
                needed,
                available,
            }) => {
                assert_eq!(what, format!("the {named} of a row"));
                assert_eq!(
                    (limit, available),
                    ("max_storage_buffer_binding_size", 1 << 16)
                );
                assert!(needed > 80_000);
            }
            other => panic!("{other:?}"),
        }
    }
}

/// On software adapters an invocation makes 60,000 trips at most: more terms are added by several dispatches.
#[test]
fn more_terms_than_one_dispatch_adds_are_added_by_several() {
    for (extents, chunk) in [
        ((2, 1, 120_001), 2),
        ((3, 60_003, 2), 3),
        ((60_001, 1, 2), 60_001),
    ] {
        let problem = Problem::new(extents, 3).with_bias(4).chunk_rows(chunk);
        let bound = problem.bound(gpu());
        problem.assert(gpu());
        let one = Problem::new((2, 1, 2), 3).with_bias(4).chunk_rows(2);
        let few = one.bound(gpu()).dispatches();
        let is_software = gpu().planner().abilities().software;
        assert_eq!(bound.dispatches() > few, is_software, "{extents:?}");
    }
}
