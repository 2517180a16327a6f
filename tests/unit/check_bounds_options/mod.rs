//! The bounds of cross-entropy's options and row outputs, of the scale, of masks and of sinks: as derived; sound f32 arithmetic keeps
//! them, and serial sums and small faults do not.

mod f32_entropy;
mod f32_model;
mod masks;
mod rounded;
mod row_outputs;
mod sinks;
mod table;

use crate::numbers::wide;
use f32_model::F32;
use wgpu_softmax::check::{Inputs, inputs};

/// Returns probabilities that sum to about 1, a third of them 0.
fn probs(rows: usize, cols: usize, seed: u64) -> Vec<f32> {
    let logits = Inputs::Flat.logits(rows, cols, seed);
    let probs = inputs::probs(&logits, cols);
    probs
        .iter()
        .enumerate()
        .map(|(i, &p)| if i % 3 == 0 { 0.0 } else { 1.5 * p })
        .collect()
}

/// Returns every option by itself, and all together.
fn options(cols: usize, block: usize) -> [F32; 9] {
    let weight: Vec<f32> = (0..cols).map(|c| 0.25 + (c % 7) as f32 / 4.0).collect();
    let with = |is_weighted: bool, set: fn(&mut F32)| {
        let mut of = F32::new(block);
        of.weight = is_weighted.then(|| weight.clone());
        set(&mut of);
        of
    };
    [
        with(true, |_| {}),
        with(false, |of| of.smoothing = 0.1),
        with(false, |of| of.z_loss = 1e-2),
        with(false, |of| of.softcap = Some(5.0)),
        with(false, |of| of.scale = 0.3),
        with(true, |of| of.smoothing = 0.25),
        with(false, |of| of.row_weight = Some(-0.3)),
        with(true, |of| {
            (of.row_weight, of.smoothing, of.z_loss) = (Some(1.7), 0.1, 1e-2);
        }),
        with(true, |of| {
            (of.smoothing, of.z_loss) = (0.1, 1e-2);
            (of.softcap, of.scale) = (Some(30.0), 1.7);
        }),
    ]
}

/// Returns the largest error divided by its bound in the results of `of` for random targets.
fn worst_share(of: &F32, kind: Inputs, rows: usize, cols: usize) -> f64 {
    let logits = kind.logits(rows, cols, 3);
    let ids = wide(inputs::targets(rows, cols, 4, None));
    let by_id = of.compare(&logits, cols, &ids);
    let by_prob = of.compare(&logits, cols, &probs(rows, cols, 5));
    let shares = by_id.into_iter().chain(by_prob).map(|it| it.worst_share);
    shares.fold(0.0, f64::max)
}

#[test]
fn sound_f32_arithmetic_stays_below_the_bounds() {
    let kinds = [
        Inputs::Flat,
        Inputs::Peaked,
        Inputs::PlantedOutliers,
        Inputs::OneMaxOverConstant,
        Inputs::Shifted1e4,
        Inputs::Ascending,
    ];
    for (rows, cols) in [(40, 2), (20, 33), (4, 3000)] {
        for kind in kinds {
            for (i, of) in options(cols, 16).iter().enumerate() {
                let worst = worst_share(of, kind, rows, cols);
                assert!(worst < 0.9, "{kind:?} {rows}x{cols}, option {i}: {worst}");
            }
        }
    }
    let long = 262_144;
    for (i, of) in options(long, 16).iter().enumerate() {
        let worst = worst_share(of, Inputs::OneMaxOverConstant, 1, long);
        assert!(worst < 0.9, "{long} columns, option {i}: {worst}");
    }
}

/// Equal terms are rounded the same way every time: a serial sum drifts.
#[test]
fn serial_f32_sums_fail() {
    const COLS: usize = 262_144;
    let probs = probs(1, COLS, 5);
    for seed in 0..2 {
        let logits = Inputs::OneMaxOverConstant.logits(1, COLS, seed);
        for (i, of) in options(COLS, COLS).iter().enumerate() {
            let by_id = of.compare(&logits, COLS, &[77]);
            let by_prob = of.compare(&logits, COLS, &probs);
            for comparison in by_id.into_iter().chain(by_prob) {
                assert!(comparison.worst_share > 10.0, "option {i}: {comparison}");
            }
        }
    }
}

#[test]
fn a_fault_of_1e_4_in_any_part_fails() {
    for (rows, cols) in [(8, 100), (1, 262_144)] {
        let logits = Inputs::Flat.logits(rows, cols, 4);
        let ids = wide(inputs::targets(rows, cols, 4, None));
        let [.., sound] = options(cols, 16);
        for (part, catches) in [[true, true], [true, true], [true, true], [false, true]]
            .into_iter()
            .enumerate()
        {
            let mut of = sound.clone();
            of.faults[part] = 1.0001;
            let found = of
                .compare(&logits, cols, &ids)
                .map(|comparison| !comparison.passed());
            assert_eq!(found, catches, "part {part} of {cols} columns");
        }
    }
}
