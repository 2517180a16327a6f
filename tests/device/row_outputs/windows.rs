//! Devices whose storage bindings are small: rows pass through many windows, of other rows for each dispatch.

use wgpu_softmax::check::Inputs;

use crate::common::expected::Expected;
use crate::common::found::Found;
use crate::common::{bits, device_with_bindings_of, gpu};
use crate::row_outputs::families::{of_ids, of_probs};

/// Returns the outputs that do not depend on windows.
fn words(found: &Found) -> Vec<u32> {
    let [losses, lse] = [&found.losses, &found.lse].map(|values| bits(values));
    [&found.words, &losses, &found.pairs, &lse[..]].concat()
}

#[test]
fn small_bindings_change_nothing() {
    let plain = device_with_bindings_of(1 << 27);
    for bytes in [65_536, 16_384] {
        let small = device_with_bindings_of(bytes);
        for (rows, cols, inner) in [(3001, 5, 1), (1500, 45, 1), (1040, 48, 1), (1040, 12, 8)] {
            let of_ids = of_ids(Inputs::Peaked, rows, cols).z_loss(0.1);
            let of_probs = of_probs(Inputs::Peaked, rows, cols);
            for problem in [of_ids, of_probs] {
                let problem = problem.inner(inner);
                let [found, expected] = [&small, &plain].map(|gpu| problem.fused(gpu, None));
                assert!(words(&found) == words(&expected), "{:?}", problem.spec);
                Expected::of(&problem).assert(&found, "small bindings");
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
            let problem = of_ids(Inputs::Flat, rows, cols).z_loss(0.1).inner(inner);
            let found = problem.run(&small, None, with_gradient);
            Expected::of(&problem).assert(&found, "long rows");
        }
    }
}

/// More rows than one dimension of a dispatch has workgroups.
#[test]
fn many_rows() {
    let problem = of_ids(Inputs::Flat, 70_001, 3);
    Expected::of(&problem).assert(&problem.by(None, false), "many rows");
    assert!(gpu().planner().abilities().max_invocations >= 64);
}
