//! Probabilities, log-probabilities and logsumexp of rows with sinks.

use super::forward;
use crate::common::results::kernels;
use crate::common::{assert_close, bits, device_with_bindings_of, forced, gpu, upload};
use wgpu_softmax::check::{Inputs, bounds, inputs};
use wgpu_softmax::reference::{self, Columns, Masked, broadcast, causal};
use wgpu_softmax::{EmptyRows, Mask, MaskKind, SoftmaxSpec};

/// A divisor that is greater by 1, which is known as softmax1.
#[test]
fn a_sink_of_zero_adds_one_to_the_divisor() {
    let found = forward(
        gpu(),
        SoftmaxSpec::new(1, 3).sinks(1, 1),
        &[1.0, 2.0, 3.0],
        &[0.0],
        None,
    );
    let divisor = 31.192_874_f32; // 1 + e + e^2 + e^3
    for (p, x) in found.probs.iter().zip([1.0_f32, 2.0, 3.0]) {
        assert!((p - x.exp() / divisor).abs() < 1e-7, "{p}");
    }
    assert!((found.lse[0] - divisor.ln()).abs() < 1e-6);
    assert!((found.sink_probs[0][0] - 1.0 / divisor).abs() < 1e-8);
}

/// Three heads of four queries, in two sequences; sinks below, among and above the logits, and far from them.
#[test]
fn every_kind_of_kernel_keeps_within_the_bounds() {
    let (heads, queries) = (3, 4);
    let rows = 2 * heads * queries;
    for (kind, scale) in [
        (Inputs::PlantedOutliers, 0.7),
        (Inputs::Peaked, 2.0),
        (Inputs::Flat, 1.0),
    ] {
        let logits = kind.logits(rows, 45, 3);
        let spec = SoftmaxSpec::new(rows as u64, 45).scale(scale);
        let spec = spec.sinks(heads as u64, queries as u64);
        for variant in kernels(rows, 45) {
            let gpu = forced(gpu(), variant);
            for sinks in [[-3.0, 0.5, 4.0], [-80.0, 30.0, 90.0]] {
                let columns = Columns::new(45).scale(scale);
                let masked = Masked::new(columns).sinks(&sinks, queries);
                let found = forward(&gpu, spec, &logits, &sinks, None);
                found.assert(&format!("{sinks:?} by {variant}"), &logits, masked, 45);
            }
        }
    }
}

#[test]
fn masks_and_causal_rows_have_sinks_too() {
    let (heads, queries, keys) = (3, 11, 45);
    let shape = [2, heads, queries, keys];
    let rows = 2 * heads * queries;
    let logits = Inputs::PlantedOutliers.logits(rows, keys, 2);
    let sinks = [-1.0, 2.0, f32::NEG_INFINITY];
    let wide = |shape: &[usize]| shape.iter().map(|&n| n as u64).collect::<Vec<_>>();
    let mask_of =
        |kind, of: &[usize]| Mask::new(kind, &wide(&shape), 3, &wide(of)).expect("a mask");
    let spec = SoftmaxSpec::new(rows as u64, keys as u64).scale(0.3);
    let spec = spec.sinks(heads as u64, queries as u64);
    let columns = Columns::new(keys).scale(0.3);

    let added = inputs::upstream(queries * keys, 4);
    let of_all = broadcast(&added, &[queries, keys], &shape);
    let masked = Masked::new(columns)
        .additive(&of_all)
        .sinks(&sinks, queries);
    let with_mask = spec.mask(mask_of(MaskKind::Additive, &[queries, keys]));
    let found = forward(
        gpu(),
        with_mask,
        &logits,
        &sinks,
        Some(&upload(gpu(), &added)),
    );
    found.assert("an added mask", &logits, masked, keys);

    let kept: Vec<u8> = (0..keys).map(|key| u8::from(key % 5 != 2)).collect();
    let early = causal(queries, keys);
    let both: Vec<bool> = (0..rows * keys)
        .map(|place| kept[place % keys] != 0 && early[place % (queries * keys)])
        .collect();
    let masked = Masked::new(columns).kept(&both).sinks(&sinks, queries);
    let with_mask = spec
        .mask(mask_of(MaskKind::Boolean, &[keys]))
        .causal(queries as u64);
    let found = forward(
        gpu(),
        with_mask,
        &logits,
        &sinks,
        Some(&upload(gpu(), &kept)),
    );
    found.assert("causal rows", &logits, masked, keys);
}

/// A row with nothing left but its sink has probabilities of 0, and is no empty row.
#[test]
fn a_sink_is_what_is_left_of_a_row() {
    let none = f32::NEG_INFINITY;
    let logits = [none, none, 1.0, none, none, none];
    for (empty_rows, empty) in [(EmptyRows::Nan, f32::NAN), (EmptyRows::Zero, 0.0)] {
        let spec = SoftmaxSpec::new(3, 2)
            .scale(0.7)
            .sinks(3, 1)
            .empty_rows(empty_rows);
        for sink in [3.0, f32::MIN, f32::MAX, -0.0] {
            let found = forward(gpu(), spec, &logits, &[sink, none, none], None);
            assert_eq!(found.probs[..4], [0.0, 0.0, 1.0, 0.0]);
            assert_eq!(found.log_probs[..4], [none, none, 0.0, none]);
            assert_eq!(found.lse, [sink, 0.7, none]);
            for probs in &found.sink_probs {
                assert_eq!(probs[..2], [1.0, 0.0]);
                assert_eq!(bits(&[probs[2]]), bits(&[empty]));
            }
            assert_eq!(bits(&found.probs[4..]), bits(&[empty; 2]));
        }
    }
}

/// A sink of -inf changes not a bit of any row; other special ones spoil their own rows only.
#[test]
fn special_sinks_do_what_such_logits_do() {
    let (rows, cols) = (12, 300);
    for kind in [Inputs::Special, Inputs::Shifted1e8, Inputs::Extremes] {
        let logits = kind.logits(rows, cols, 1);
        for scale in [1.0, 0.7, 3.0] {
            let spec = SoftmaxSpec::new(rows as u64, cols as u64).scale(scale);
            let none = [f32::NEG_INFINITY];
            let found = forward(gpu(), spec.sinks(1, 1), &logits, &none, None);
            let gpu = gpu();
            let plain = gpu.softmax_with(&spec, &logits).expect("softmax");
            assert_eq!(bits(&found.probs), bits(&plain), "{kind:?}");
            let plain = gpu.log_softmax_with(&spec, &logits).expect("log-softmax");
            assert_eq!(bits(&found.log_probs), bits(&plain), "{kind:?}");
            let plain = gpu.logsumexp_with(&spec, &logits).expect("logsumexp");
            assert_eq!(bits(&found.lse), bits(&plain), "{kind:?}");
        }
    }
    let logits = Inputs::Flat.logits(rows, cols, 1);
    let sinks = [f32::NAN, f32::INFINITY, -f32::NAN, -0.0, 0.0, 1e-40];
    let spec = SoftmaxSpec::new(rows as u64, cols as u64).sinks(6, 1);
    let found = forward(gpu(), spec, &logits, &sinks, None);
    found.assert(
        "special sinks",
        &logits,
        Masked::new(cols).sinks(&sinks, 1),
        cols,
    );
    assert_eq!(found.lse[1], f32::INFINITY);
    assert!(found.lse[0].is_nan() && found.lse[2].is_nan());
}

/// The ends of f32's range, for sinks, logits and scales.
#[test]
fn sinks_and_logits_of_any_size() {
    let (rows, cols) = (14, 45);
    let sinks = [f32::MAX, f32::MIN, 1e38, -1e38, 0.0, 1e8, -1e8];
    for kind in [Inputs::Extremes, Inputs::Lowest, Inputs::Shifted1e8] {
        let logits = kind.logits(rows, cols, 5);
        for scale in [1.0, 2.0, 0.7, 1e-3, 1e-37, 1e20, 3e38] {
            let spec = SoftmaxSpec::new(rows as u64, cols as u64)
                .scale(scale)
                .sinks(7, 1);
            let masked = Masked::new(Columns::new(cols).scale(scale)).sinks(&sinks, 1);
            let found = forward(gpu(), spec, &logits, &sinks, None);
            found.assert(&format!("{kind:?} times {scale}"), &logits, masked, cols);
            assert!(
                found.probs.iter().all(|p| p.is_finite()),
                "{kind:?} times {scale}"
            );
        }
    }
}

/// Rows side by side, and rows through windows, find their own sinks; in place, the bits are the same.
#[test]
fn rows_find_their_sinks_wherever_they_are() {
    let (slices, cols, inner) = (6, 48, 50);
    let rows = slices * inner;
    let logits = Inputs::Peaked.logits(rows, cols, 3);
    let sinks = inputs::upstream(rows, 5);
    let spec = SoftmaxSpec::new(rows as u64, cols as u64).sinks(rows as u64, 1);
    let found = forward(gpu(), spec, &logits, &sinks, None);
    found.assert("rows", &logits, Masked::new(cols).sinks(&sinks, 1), cols);
    let windows = device_with_bindings_of(20_480);
    let through = forward(&windows, spec, &logits, &sinks, None);
    through.assert("windows", &logits, Masked::new(cols).sinks(&sinks, 1), cols);

    let beside = reference::rows_to_axis(&logits, [slices, cols, inner]);
    let spec = spec.inner(inner as u64);
    for gpu in [gpu(), &windows] {
        let mut found = forward(gpu, spec, &beside, &sinks, None);
        for matrix in [&mut found.probs, &mut found.log_probs] {
            *matrix = reference::axis_to_rows(matrix, [slices, cols, inner]);
        }
        found.assert(
            "a strided axis",
            &logits,
            Masked::new(cols).sinks(&sinks, 1),
            cols,
        );
    }
}

/// Slices, with a mask and without, give what buffers give.
#[test]
fn slices_take_sinks() {
    let logits = Inputs::Flat.logits(6, 20, 2);
    let sinks = [0.5, -2.0];
    let spec = SoftmaxSpec::new(6, 20).sinks(2, 3);
    let found = forward(gpu(), spec, &logits, &sinks, None);
    let gpu = gpu();
    let softmax = gpu
        .softmax_with_sinks(&spec, &logits, &sinks, None)
        .expect("softmax");
    let log_softmax = gpu
        .log_softmax_with_sinks(&spec, &logits, &sinks, None)
        .expect("log-softmax");
    let lse = gpu
        .logsumexp_with_sinks(&spec, &logits, &sinks, None)
        .expect("logsumexp");
    let both = [softmax, log_softmax, lse, found.sink_probs[0].clone()].concat();
    assert_eq!(bits(&both), found.bits());

    let mask = Mask::new(MaskKind::Boolean, &[6, 20], 1, &[20]).expect("a mask");
    let kept: Vec<bool> = (0..20).map(|key| key % 3 == 0).collect();
    let masked = gpu.softmax_with_sinks(&spec.mask(mask), &logits, &sinks, Some((&kept).into()));
    let each: Vec<bool> = (0..120).map(|place| kept[place % 20]).collect();
    let masking = Masked::new(20).kept(&each).sinks(&sinks, 3);
    let expected = reference::softmax(&logits, masking);
    let allowed = bounds::probability(&logits, masking);
    assert_close("masked", &masked.expect("softmax"), &expected, &allowed, 20);
}
