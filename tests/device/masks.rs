//! Masked rows on a device: many axes, small bindings, excluded logits that are never read, and refused masks. The check covers
//! the results of masks in every kernel.

use crate::common::results::kernels;
use crate::common::sweep::covering;
use crate::common::{
    Output, assert_close, assert_error, bits, device_with_bindings_of, forced, gpu, upload,
};
use wgpu_softmax::check::{Inputs, bounds, inputs};
use wgpu_softmax::reference::{self, Columns, Masked, broadcast, causal};
use wgpu_softmax::variant::{Operation, Reduce, variants};
use wgpu_softmax::wgpu::Buffer;
use wgpu_softmax::{
    EmptyRows, Error, Gpu, LogSoftmaxBuffers, LogSumExpBuffers, Mask, MaskKind, Planner,
    SoftmaxBuffers, SoftmaxSpec,
};

fn wide(shape: &[usize]) -> Vec<u64> {
    shape.iter().map(|&extent| extent as u64).collect()
}

fn mask_of(kind: MaskKind, logits: &[usize], mask: &[usize]) -> Mask {
    let axis = logits.len() - 1;
    Mask::new(kind, &wide(logits), axis, &wide(mask)).expect("a mask")
}

fn spec_of(shape: &[usize]) -> SoftmaxSpec {
    let (cols, rows) = shape.split_last().expect("an axis");
    SoftmaxSpec::new(rows.iter().product::<usize>() as u64, *cols as u64)
}

#[track_caller]
fn softmax(gpu: &Gpu, spec: SoftmaxSpec, logits: &[f32], mask: Option<&Buffer>) -> Vec<f32> {
    let input = upload(gpu, logits);
    softmax_by(gpu, gpu.planner(), spec, spec.rows(), &input, mask)
}

/// Computes softmax of some rows by the kernel of a planner.
#[track_caller]
fn softmax_by(
    gpu: &Gpu,
    planner: &Planner,
    spec: SoftmaxSpec,
    rows: u64,
    input: &Buffer,
    mask: Option<&Buffer>,
) -> Vec<f32> {
    let output = Output::new(gpu, (rows * spec.cols()) as usize);
    let buffers = SoftmaxBuffers {
        logits: input,
        probs: &output.buffer,
    };
    let plan = planner.softmax(spec).expect("a plan");
    let bound = match mask {
        Some(mask) => plan.bind_masked(rows, buffers, mask),
        None => plan.bind_rows(rows, buffers),
    };
    gpu.run(&bound.expect("bound"), "softmax").expect("runs");
    output.floats(gpu)
}

/// Fails unless every probability is within its bound.
#[track_caller]
fn assert_masked(what: &str, found: &[f32], logits: &[f32], masked: Masked<'_>, cols: usize) {
    let expected = reference::softmax(logits, masked);
    let allowed = bounds::probability(logits, masked);
    assert_close(what, found, &expected, &allowed, cols);
}

/// Attention of 2 x 3 heads, 11 queries and 45 keys, and masks that follow some of the axes: the kernels distinguish one to four
/// of them.
#[test]
fn masks_follow_any_of_the_axes() {
    let shape = [2, 3, 11, 45];
    let logits = Inputs::PlantedOutliers.logits(66, 45, 2);
    for mask_shape in [
        vec![2, 3, 11, 45],
        vec![45],
        vec![2, 1, 1, 45],
        vec![3, 1, 45],
        vec![2, 1, 11, 1],
        vec![1, 1, 1, 1],
        vec![],
    ] {
        let added = inputs::upstream(mask_shape.iter().product(), 4);
        let spec =
            spec_of(&shape)
                .scale(0.3)
                .mask(mask_of(MaskKind::Additive, &shape, &mask_shape));
        let found = softmax(gpu(), spec, &logits, Some(&upload(gpu(), &added)));
        let expanded = broadcast(&added, &mask_shape, &shape);
        let masked = Masked::new(Columns::new(45).scale(0.3)).additive(&expanded);
        assert_masked(&format!("{mask_shape:?}"), &found, &logits, masked, 45);
    }
}

/// Garbage among the excluded logits, by bytes and by queries, changes not a bit.
#[test]
fn what_is_excluded_is_not_looked_at() {
    let (queries, keys) = (40, 300);
    let clean = Inputs::Flat.logits(queries, keys, 1);
    let kept: Vec<u8> = inputs::upstream(keys, 2)
        .iter()
        .map(|&v| u8::from(v > -0.7))
        .collect();
    let counted = causal(queries, keys);
    let mut spoilt = clean.clone();
    for (place, value) in spoilt.iter_mut().enumerate() {
        if kept[place % keys] == 0 || !counted[place] {
            *value = [f32::NAN, f32::INFINITY, -f32::NAN][place % 3];
        }
    }
    let spec = SoftmaxSpec::new(queries as u64, keys as u64)
        .causal(queries as u64)
        .mask(mask_of(MaskKind::Boolean, &[queries, keys], &[keys]));
    let of = |logits: &[f32]| softmax(gpu(), spec, logits, Some(&upload(gpu(), &kept)));
    let (found, of_clean) = (of(&spoilt), of(&clean));
    assert_eq!(bits(&found), bits(&of_clean));
    assert!(found.iter().all(|p| p.is_finite()));
    let early: Vec<bool> = (0..clean.len())
        .map(|place| kept[place % keys] != 0 && counted[place])
        .collect();
    let masked = Masked::new(keys).kept(&early);
    assert_masked("probs", &found, &clean, masked, keys);
}

/// The mask is bound whole, and rows through windows: they find their own elements.
#[test]
fn windows_and_masks() {
    let shape = [5, 100, 48];
    let logits = Inputs::Peaked.logits(500, 48, 3);
    let added = inputs::upstream(100 * 48, 5);
    let spec = spec_of(&shape).mask(mask_of(MaskKind::Additive, &shape, &[100, 48]));
    let of = |gpu: &Gpu| {
        let found = softmax(gpu, spec.causal(100), &logits, Some(&upload(gpu, &added)));
        bits(&found)
    };
    assert_eq!(of(&device_with_bindings_of(20_480)), of(gpu()));
}

#[test]
fn rows_with_nothing_left() {
    let logits = [
        1.0,
        2.0,
        f32::NEG_INFINITY,
        f32::NEG_INFINITY,
        3.0,
        f32::NAN,
    ];
    let kept = upload(gpu(), &[0_u8, 0, 1, 1, 1, 0, 0, 0]);
    let mask = mask_of(MaskKind::Boolean, &[3, 2], &[3, 2]);
    let spec = SoftmaxSpec::new(3, 2).mask(mask);
    let nan = softmax(gpu(), spec, &logits, Some(&kept));
    assert!(nan[..4].iter().all(|p| p.is_nan()) && nan[4..] == [1.0, 0.0]);
    let spec = spec.empty_rows(EmptyRows::Zero);
    let zeros = softmax(gpu(), spec, &logits, Some(&kept));
    assert_eq!(zeros, [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);

    let input = upload(gpu(), &logits);
    let (logs, lse) = (Output::new(gpu(), 6), Output::new(gpu(), 3));
    let plan = gpu().planner().log_softmax(spec).expect("a plan");
    let buffers = LogSoftmaxBuffers {
        logits: &input,
        log_probs: &logs.buffer,
    };
    let bound = plan.bind_masked(3, buffers, &kept).expect("bound");
    let plan = gpu().planner().logsumexp(spec).expect("a plan");
    let buffers = LogSumExpBuffers {
        logits: &input,
        lse: &lse.buffer,
    };
    let second = plan.bind_masked(3, buffers, &kept).expect("bound");
    gpu().run(&bound, "log-softmax").expect("runs");
    gpu().run(&second, "logsumexp").expect("runs");
    let none = f32::NEG_INFINITY;
    assert_eq!(logs.floats(gpu()), [none, none, none, none, 0.0, none]);
    assert_eq!(lse.floats(gpu()), [none, none, 3.0]);
}

#[test]
fn what_cannot_be_masked() {
    let planner = gpu().planner();
    let mask = mask_of(MaskKind::Additive, &[4, 6], &[4, 6]);
    let spec = SoftmaxSpec::new(4, 6).mask(mask);
    let refused = |result: Result<_, Error>, words| assert_error(result, words);
    refused(
        planner.softmax_backward(spec).map(drop),
        "mask: expected none, but for softmax, log-softmax and logsumexp, found one for softmax-backward",
    );
    refused(
        planner.softmax(SoftmaxSpec::new(4, 7).mask(mask)).map(drop),
        "mask: expected one for as many rows and columns, found 4 x 6 for 4 x 7",
    );
    refused(
        planner
            .softmax(SoftmaxSpec::new(4, 6).inner(2).causal(4))
            .map(drop),
        "inner extent: expected 1 for causal rows, found 2 for 4 queries",
    );
    refused(
        planner.softmax(SoftmaxSpec::new(4, 6).causal(0)).map(drop),
        "queries: expected 1 to 4,294,967,295, found 0",
    );
    let (input, output) = (upload(gpu(), &[0.0_f32; 24]), Output::new(gpu(), 24));
    let buffers = SoftmaxBuffers {
        logits: &input,
        probs: &output.buffer,
    };
    let plan = planner.softmax(spec).expect("a plan");
    refused(
        plan.bind(buffers).map(drop),
        "mask: expected a buffer for it, given to `bind_masked`, found none",
    );
    refused(
        plan.bind_masked(4, buffers, &upload(gpu(), &[0.0_f32; 5]))
            .map(drop),
        "buffer `mask`: expected at least 96 bytes, found 32",
    );
    let plan = planner.softmax(SoftmaxSpec::new(4, 6)).expect("a plan");
    refused(
        plan.bind_masked(4, buffers, &input).map(drop),
        "mask: expected a spec with a mask, found one without",
    );
}

/// Returns planners for every kind of kernel without barriers, and for the preferred one, with their names.
fn every_planner(spec: SoftmaxSpec) -> Vec<(String, Planner)> {
    let planner = gpu().planner();
    let problem = spec.problem(Operation::Softmax).expect("a problem");
    let mut kernels = variants(problem, planner.abilities());
    kernels.retain(|variant| variant.reduce != Reduce::Workgroup);
    covering(kernels)
        .into_iter()
        .map(|variant| (variant.to_string(), planner.with_variant(variant)))
        .chain([("the preferred kernel".into(), planner.clone())])
        .collect()
}

/// Queries fall into bins by the number of keys they count; more queries than keys, groups of them that are bound in part, and
/// rows that start amid four elements: by the kernel that is preferred, and by every other one.
#[test]
fn causal_rows_of_every_kind() {
    for (queries, keys, groups, bound_rows) in [
        (100, 1024, 2, 200),
        (400, 300, 2, 800),
        (100, 301, 3, 150),
        (100, 301, 3, 300),
        (330, 301, 2, 660),
        (5, 1000, 4, 20),
        (3, 1000, 2, 6),
    ] {
        let rows = queries * groups;
        let logits = Inputs::PlantedOutliers.logits(rows, keys, 6);
        let spec = SoftmaxSpec::new(rows as u64, keys as u64).causal(queries as u64);
        let input = upload(gpu(), &logits);
        let kept = broadcast(
            &causal(queries, keys),
            &[queries, keys],
            &[groups, queries, keys],
        );
        let count = bound_rows * keys;
        let (logits, masked) = (&logits[..count], Masked::new(keys).kept(&kept[..count]));
        for (name, planner) in every_planner(spec) {
            let found = softmax_by(gpu(), &planner, spec, bound_rows as u64, &input, None);
            let what = format!("{queries} queries, {keys} keys, {name}");
            assert_masked(&what, &found, logits, masked, keys);
        }
    }
}

/// The first rows of far more queries: they see few keys, or none.
#[test]
fn causal_rows_of_more_queries_than_rows() {
    let (rows, keys) = (40, 1024_usize);
    let logits = Inputs::PlantedOutliers.logits(rows, keys, 6);
    let input = upload(gpu(), &logits);
    for queries in [1040, 1 << 31, u64::from(u32::MAX)] {
        let seen = |row: usize| (row as u64 + keys as u64 + 1).saturating_sub(queries);
        let kept: Vec<bool> = (0..rows * keys)
            .map(|element| ((element % keys) as u64) < seen(element / keys))
            .collect();
        let masked = Masked::new(keys).kept(&kept).empty_rows(EmptyRows::Zero);
        let spec = SoftmaxSpec::new(rows as u64, keys as u64).causal(queries);
        let spec = spec.empty_rows(EmptyRows::Zero);
        for (name, planner) in every_planner(spec) {
            let found = softmax_by(gpu(), &planner, spec, spec.rows(), &input, None);
            let what = format!("{queries} queries, {name}");
            assert_masked(&what, &found, &logits, masked, keys);
        }
    }
}

/// The number that Hugging Face's models add as a mask, at the scales of attention: it overflows no sum, and a row that consists
/// of it has probabilities.
#[test]
fn the_lowest_number_masks_as_a_number() {
    let (rows, cols) = (6, 45);
    let logits = Inputs::Peaked.logits(rows, cols, 5);
    let shape = [rows, cols];
    let mut added = vec![0.0; rows * cols];
    added[..cols].fill(f32::MIN);
    added[cols..2 * cols - 9].fill(f32::MIN);
    added[2 * cols] = f32::MIN;
    added[3 * cols..]
        .iter_mut()
        .step_by(2)
        .for_each(|m| *m = -1e4);
    let mut huge = logits.clone();
    huge[4 * cols..].iter_mut().for_each(|x| *x *= 1e37);
    added[5 * cols..]
        .iter_mut()
        .step_by(3)
        .for_each(|m| *m = f32::MAX);
    for logits in [logits, huge] {
        for scale in [0.125, 1.0, 3.0, 1e20] {
            let masked = Masked::new(Columns::new(cols).scale(scale)).additive(&added);
            let mask = mask_of(MaskKind::Additive, &shape, &shape);
            let spec = spec_of(&shape).scale(scale).mask(mask);
            for variant in kernels(rows, cols) {
                let gpu = forced(gpu(), variant);
                let mask = upload(&gpu, &added);
                let found = softmax(&gpu, spec, &logits, Some(&mask));
                let what = format!("times {scale} by {variant}");
                assert_masked(&what, &found, &logits, masked, cols);
                assert!(found.iter().all(|p| p.is_finite()), "{what}");
                let sum: f32 = found[..cols].iter().sum();
                assert!((sum - 1.0).abs() < 1e-5, "{what}: {sum}");
            }
        }
    }
}

/// In the sum with such large scaled logits, the mask would be lost.
#[test]
fn a_scale_that_leaves_nothing_of_a_mask_is_refused() {
    let shape = [2, 8];
    let spec = spec_of(&shape).mask(mask_of(MaskKind::Additive, &shape, &[8]));
    assert!(gpu().planner().softmax(spec.scale(1.2e30)).is_ok());
    let refused = gpu().planner().softmax(spec.scale(3e38));
    let expected = "scale: expected at most 1.2676506e30 where a mask is added, found 3e38";
    assert_error(refused, expected);
    let kept = spec_of(&shape).mask(mask_of(MaskKind::Boolean, &shape, &[8]));
    assert!(gpu().planner().softmax(kept.scale(3e38)).is_ok());
}
