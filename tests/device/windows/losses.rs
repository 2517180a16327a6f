//! Losses, and counts over all rows.

use crate::common::outputs::{IGNORED, Outputs};
use crate::common::{assert_close, bits, device_with_bindings_of, rows_with_targets, wide};
use crate::windows::{SHAPES, on_small_devices};
use wgpu_softmax::check::{Inputs, bounds};
use wgpu_softmax::reference::CrossEntropy;
use wgpu_softmax::{CrossEntropyInputs, CrossEntropySpec, CrossEntropyWants};

#[test]
fn cross_entropy_with_mean_ignored_rows_and_status() {
    on_small_devices(|gpu, rows, cols| {
        let (logits, ids) = rows_with_targets(Inputs::Peaked, (rows, cols), 4, IGNORED);
        let outputs = Outputs::new(gpu, rows, cols);
        let gradients = outputs.write(gpu, cols, &logits, &ids);
        let of = CrossEntropy::new(cols).ignore_index(i64::from(IGNORED));
        let expected = of.losses(&logits, &wide(&ids));
        let loss = expected.loss.expect("a mean");
        let bound = bounds::loss(&of, &logits, &wide(&ids)).expect("a bound");
        assert_close("mean", &outputs.loss.floats(gpu), &[loss], &[bound], 1);
        let allowed = bounds::lse(&logits, cols);
        assert_close("lse", &outputs.lse.floats(gpu), &expected.lse, &allowed, 1);
        let (gradient, allowed) = (
            of.gradient(&logits, &wide(&ids)),
            bounds::loss_gradient(&of, &logits, &wide(&ids)),
        );
        for found in gradients {
            assert_close("gradient", &found, &gradient, &allowed, cols);
        }
        let status = outputs.status(gpu);
        assert_eq!(status.valid_rows as usize, expected.valid_rows);
        assert_eq!((status.bad_targets, status.first_bad_row), (0, u32::MAX));
        assert_eq!(status.loss.to_bits(), outputs.loss.words(gpu)[0]);
    });
}

#[test]
fn rows_are_counted_from_the_first_of_all() {
    on_small_devices(|gpu, rows, cols| {
        let (mut logits, mut ids) = rows_with_targets(Inputs::Flat, (rows, cols), 5, IGNORED);
        let bad = [4321 - 256, 4000, 4100].map(|row| row.min(rows - 1));
        bad.iter().for_each(|&row| ids[row] = -7);
        ids[3] = 2;
        logits[3 * cols] = f32::NAN;
        let outputs = Outputs::new(gpu, rows, cols);
        let [fused, _] = outputs.write(gpu, cols, &logits, &ids);
        let status = outputs.status(gpu);
        assert_eq!((status.bad_targets, status.first_bad_row), (3, 4000));
        assert_eq!(status.nan_rows, 1);
        assert!(outputs.loss.floats(gpu)[0].is_nan());
        let nan_rows: Vec<_> = (0..rows).filter(|row| fused[row * cols].is_nan()).collect();
        assert_eq!(nan_rows, [3, 4000, 4065, 4100]);
    });
}

#[test]
fn windows_of_few_rows_are_counted_too() {
    let gpu = device_with_bindings_of(1280);
    let (logits, ids) = rows_with_targets(Inputs::Peaked, (1800, 3), 6, IGNORED);
    let spec = CrossEntropySpec::new(1800, 3).ignore_index(IGNORED.into());
    let found = gpu.cross_entropy(
        &spec,
        CrossEntropyInputs::new(&logits, &ids),
        CrossEntropyWants::default(),
    );
    let valid = ids.iter().filter(|&&id| id != IGNORED).count();
    assert_eq!(found.expect("a loss").status.valid_rows as usize, valid);
}

#[test]
fn windows_change_no_bits() {
    let (rows, cols) = SHAPES[1];
    let (logits, ids) = rows_with_targets(Inputs::Peaked, (rows, cols), 6, IGNORED);
    let results = [65_536, 4096, 1 << 27].map(|limit| {
        let gpu = &device_with_bindings_of(limit);
        let outputs = Outputs::new(gpu, rows, cols);
        let gradients = outputs
            .write(gpu, cols, &logits, &ids)
            .map(|grad| bits(&grad));
        (gradients, outputs.pairs.words(gpu), outputs.lse.words(gpu))
    });
    assert!(results[0] == results[2], "64 KiB");
    assert!(results[1] == results[2], "4 KiB");
}
