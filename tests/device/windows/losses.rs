//! Losses, and counts over all rows.

use crate::common::expected::Expected;
use crate::common::problem::{IGNORED, Problem};
use crate::common::{bits, device_with_bindings_of, rows_with_targets, wide};
use crate::windows::{SHAPES, on_small_devices};
use wgpu_softmax::check::Inputs;
use wgpu_softmax::{CrossEntropyInputs, CrossEntropySpec, CrossEntropyWants};

#[test]
fn cross_entropy_with_mean_ignored_rows_and_status() {
    on_small_devices(|gpu, rows, cols| {
        let problem = Problem::drawn(Inputs::Peaked, (rows, cols), [4, 4]);
        let expected = Expected::of(&problem);
        for run in [Problem::fused, Problem::apart] {
            let found = run(&problem, gpu, None);
            expected.assert(&found, "small bindings");
            assert_eq!(bits(&found.losses), [found.status.loss.to_bits()]);
        }
    });
}

#[test]
fn rows_are_counted_from_the_first_of_all() {
    on_small_devices(|gpu, rows, cols| {
        let (mut logits, ids) = rows_with_targets(Inputs::Flat, (rows, cols), 5, IGNORED as i32);
        let mut ids = wide(&ids);
        let bad = [4321 - 256, 4000, 4100].map(|row| row.min(rows - 1));
        bad.iter().for_each(|&row| ids[row] = -7);
        ids[3] = 2;
        logits[3 * cols] = f32::NAN;
        let problem = Problem::of_ids(cols, logits, &ids).ignore_index(IGNORED);
        let found = problem.fused(gpu, None);
        let status = found.status;
        assert_eq!((status.bad_targets, status.first_bad_row), (3, 4000));
        assert_eq!(status.nan_rows, 1);
        assert!(found.losses[0].is_nan());
        let is_nan = |row: &usize| found.grad[row * cols].is_nan();
        let nan_rows: Vec<_> = (0..rows).filter(is_nan).collect();
        assert_eq!(nan_rows, [3, 4000, 4065, 4100]);
    });
}

#[test]
fn windows_of_few_rows_are_counted_too() {
    let gpu = device_with_bindings_of(1280);
    let (logits, ids) = rows_with_targets(Inputs::Peaked, (1800, 3), 6, IGNORED as i32);
    let spec = CrossEntropySpec::new(1800, 3).ignore_index(IGNORED);
    let found = gpu.cross_entropy(
        &spec,
        CrossEntropyInputs::new(&logits, &ids),
        CrossEntropyWants::default(),
    );
    let valid = ids.iter().filter(|&&id| i64::from(id) != IGNORED).count();
    assert_eq!(found.expect("a loss").status.valid_rows as usize, valid);
}

#[test]
fn windows_change_no_bits() {
    let problem = Problem::drawn(Inputs::Peaked, SHAPES[1], [6, 6]);
    let results = [65_536, 4096, 1 << 27].map(|limit| {
        let gpu = &device_with_bindings_of(limit);
        [Problem::fused, Problem::apart].map(|run| {
            let found = run(&problem, gpu, None);
            (bits(&found.grad), found.pairs, bits(&found.lse))
        })
    });
    assert!(results[0] == results[2], "64 KiB");
    assert!(results[1] == results[2], "4 KiB");
}
