//! Devices whose storage bindings are small: rows pass through many windows, of other rows for each dispatch.

use wgpu_softmax::check::Inputs;

use crate::common::{device_with_bindings_of, gpu};
use crate::row_outputs::families::{of_ids, of_probs};
use crate::row_outputs::problem::{Found, Problem};

/// Returns the outputs that do not depend on windows.
fn words(found: &Found) -> [&Vec<u32>; 4] {
    [&found.words, &found.losses, &found.pairs, &found.lse]
}

#[test]
fn small_bindings_change_nothing() {
    let plain = crate::common::device_with_bindings_of(1 << 27);
    for bytes in [65_536, 16_384] {
        let small = device_with_bindings_of(bytes);
        for (rows, cols, inner) in [(3001, 5, 1), (1500, 45, 1), (1040, 48, 1), (1040, 12, 8)] {
            let of_ids = of_ids(Inputs::Peaked, rows, cols).z_loss(0.1);
            let of_probs = of_probs(Inputs::Peaked, rows, cols);
            for problem in [of_ids, of_probs] {
                let problem: Problem = problem.inner(inner);
                let [found, expected] =
                    [&small, &plain].map(|gpu| problem.run_on(gpu, gpu.planner(), true));
                assert!(words(&found) == words(&expected), "{:?}", problem.spec);
                crate::row_outputs::expected::Expected::of(&problem)
                    .assert(&found, "small bindings");
            }
        }
    }
}

/// A row, or a slice of rows on a strided axis, takes several bindings.
#[test]
fn rows_longer_than_a_binding() {
    let small = device_with_bindings_of(4096);
    for (rows, cols, inner) in [(3, 2501, 1), (12, 400, 4)] {
        for with_gradient in [false, true] {
            let problem: Problem = of_ids(Inputs::Flat, rows, cols).z_loss(0.1).inner(inner);
            let found = problem.run_on(&small, small.planner(), with_gradient);
            crate::row_outputs::expected::Expected::of(&problem).assert(&found, "long rows");
        }
    }
}

/// More rows than one dimension of a dispatch has workgroups.
#[test]
fn many_rows() {
    let problem = of_ids(Inputs::Flat, 70_001, 3);
    crate::row_outputs::expected::Expected::of(&problem)
        .assert(&problem.by(None, false), "many rows");
    assert!(gpu().planner().abilities().max_invocations >= 64);
}
