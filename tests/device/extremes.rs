//! The rules for hard numbers: certainty, equality, ascent, large magnitudes, the ends of the exponent's range.

use crate::common::expected::Expected;
use crate::common::problem::Problem;
use crate::common::results::{kernels, with_every_kernel};
use crate::common::{assert_close, bits, forced, gpu, upload, wide};
use wgpu_softmax::check::{Inputs, bounds, compare_as, inputs};
use wgpu_softmax::reference::{self, Columns};
use wgpu_softmax::{
    DType, Error, MergeSpec, MergeStatisticsBuffers, PartialStatisticBuffers, Reduction, ShardSpec,
    SoftmaxSpec,
};

const ONE: u32 = 0x3f80_0000;

/// Unaligned and aligned, both with idle lanes in every variant.
const WIDTHS: [usize; 2] = [45, 48];

fn is_zero(values: &[f32]) -> bool {
    values.iter().all(|value| value.to_bits() == 0)
}

#[test]
fn one_column_is_certain() {
    let values = [0.0, -0.0, 1e30, -3e38, 1.5e-38, f32::MAX, f32::MIN, -87.5];
    let rows: Vec<_> = values.iter().map(|&x| vec![x]).collect();
    with_every_kernel(&rows, &[0; 8], None, |found, kernel| {
        for (row, logit) in values.into_iter().enumerate() {
            assert_eq!(bits(found.probs(row)), [ONE], "{kernel} row {row}");
            assert!(is_zero(found.log_probs(row)), "{kernel} row {row}");
            assert!(is_zero(found.grad(row)), "{kernel} row {row}");
            assert_eq!(found.lse()[row], logit, "{kernel} row {row}");
        }
        assert!(is_zero(found.losses()), "{kernel}");
    });
}

#[test]
fn equal_logits_give_equal_bits() {
    let constants = [0.0, 1.0, 1e30, -3e38, 1e-40, -87.5, f32::MAX];
    for cols in WIDTHS {
        let rows: Vec<_> = constants.iter().map(|&x| vec![x; cols]).collect();
        with_every_kernel(&rows, &[1; 7], None, |found, kernel| {
            for row in 0..rows.len() {
                for values in [found.probs(row), found.log_probs(row)] {
                    assert_eq!(bits(values), vec![values[0].to_bits(); cols], "{kernel}");
                }
                // No constant changes the result: only differences count.
                assert_eq!(bits(found.probs(row)), bits(found.probs(0)), "{kernel}");
                let (target, others) = (found.grad(row)[1], found.grad(row)[0]);
                let expected = vec![others.to_bits(); cols - 2];
                assert_eq!(bits(&found.grad(row)[2..]), expected, "{kernel}");
                assert!(target < 0.0 && others > 0.0, "{kernel}");
            }
        });
    }
}

#[test]
fn hard_distributions_keep_within_their_bounds() {
    let hard = [
        Inputs::Shifted1e8,
        Inputs::Ascending,
        Inputs::Descending,
        Inputs::Extremes,
        Inputs::Masked,
    ];
    for inputs in hard {
        let rows: Vec<_> = (0..8).map(|seed| inputs.logits(1, 45, seed)).collect();
        let targets = inputs::targets(8, 45, 1, None);
        with_every_kernel(&rows, &targets, None, |found, kernel| {
            found.assert_within_bounds(&format!("{inputs:?} by {kernel}"));
        });
    }
}

#[test]
fn a_long_ascending_row_and_long_rows_around_1e8() {
    let cols = 50_257;
    for inputs in [Inputs::Ascending, Inputs::Shifted1e8] {
        let ids = wide(&inputs::targets(20, cols, 2, None));
        let problem = Problem::of_ids(cols, inputs.logits(20, cols, 2), &ids);
        let problem = problem.reduction(Reduction::None);
        Expected::of(&problem).assert(&problem.run(gpu(), None, false), "in one call");
    }
}

#[test]
fn the_largest_of_extremes_takes_all() {
    let rows = [
        vec![f32::MAX, f32::MIN, -1e38, 0.0, 3.3e38],
        vec![f32::MIN, -3.3e38, f32::MIN, f32::MIN, -3.2e38],
    ];
    with_every_kernel(&rows, &[0, 4], None, |found, kernel| {
        assert_eq!(bits(found.probs(0)), [ONE, 0, 0, 0, 0], "{kernel}");
        assert_eq!(bits(found.probs(1)), [0, 0, 0, 0, ONE], "{kernel}");
        assert_eq!(found.lse(), [f32::MAX, -3.2e38], "{kernel}");
        assert!(is_zero(found.losses()), "{kernel}");
        found.assert_within_bounds(kernel);
    });
}

/// The number commonly used to mask without infinity: among other numbers, with -inf, throughout a row, and below the largest.
#[test]
fn the_lowest_number_is_no_minus_infinity() {
    let (low, infinite) = (f32::MIN, f32::INFINITY);
    for cols in WIDTHS {
        let row = |first: f32, rest: f32| {
            let mut row = vec![rest; cols];
            row[0] = first;
            row
        };
        let mut beside = Inputs::Flat.logits(1, cols, 3);
        beside[0] = low;
        let rows = [
            beside,
            row(low, -infinite),
            row(-infinite, low),
            vec![low; cols],
            row(low, f32::MAX),
        ];
        with_every_kernel(&rows, &[0, 0, 1, 0, 0], None, |found, kernel| {
            assert_eq!(found.log_probs(0)[0], low, "{kernel}");
            assert_eq!(found.log_probs(1)[0], 0.0, "{kernel}");
            assert_eq!(found.log_probs(4)[0], -infinite, "{kernel}");
            assert_eq!(found.losses()[..2], [-low, 0.0], "{kernel}");
            assert_eq!(found.losses()[4], infinite, "{kernel}");
            assert_eq!(found.lse()[1..4], [low; 3], "{kernel}");
            assert_eq!(found.status().infinite_rows, 1, "{kernel}");
            found.assert_within_bounds(kernel);
        });
    }
}

#[test]
fn the_lowest_number_of_a_storage_type_is_one() {
    let cols = 45;
    for dtype in [DType::F16, DType::Bf16] {
        let mut logits = Inputs::Flat.logits(2, cols, 3);
        logits[0] = -dtype.max();
        logits[cols..].fill(-dtype.max());
        let bits: Vec<u16> = logits.iter().map(|&x| dtype.encode(x) as u16).collect();
        let logits: Vec<f32> = bits.iter().map(|&bits| dtype.decode(bits.into())).collect();
        let spec = SoftmaxSpec::new(2, cols as u64).dtype(dtype);
        let decoded = |bits: Vec<u16>| -> Vec<f32> {
            bits.iter().map(|&bits| dtype.decode(bits.into())).collect()
        };
        let found = decoded(gpu().log_softmax_with(&spec, &bits).expect("log-softmax"));
        assert_eq!(found[0], -dtype.max());
        let (expected, allowed) = (
            reference::log_softmax(&logits, cols),
            bounds::log_probability(&logits, cols),
        );
        let allowed = bounds::stored(dtype, &allowed, &expected);
        let close = compare_as(dtype, &found, &expected, &allowed, cols);
        assert!(close.passed(), "{close}");
    }
}

/// Scales of every size give for finite logits the results of 64 bits.
#[test]
fn scales_that_overflow_the_products() {
    let extremes = [
        f32::MIN,
        -1e38,
        -3.0,
        0.0,
        1e-38,
        2e-38,
        4e-38,
        1.0,
        4.0,
        3.3e38,
        f32::MAX,
    ];
    let cols = 48;
    let mut logits: Vec<f32> = (0..8 * cols)
        .map(|i| extremes[(i * i + i / cols) % extremes.len()])
        .collect();
    for (row, only) in [
        (1, &extremes[..3]),
        (3, &extremes[3..7]),
        (5, &extremes[4..9]),
    ] {
        let values = only.iter().copied().cycle().take(cols);
        logits.splice(row * cols..(row + 1) * cols, values);
    }
    for scale in [1e-38, 0.3, 1.0, 2.0, 1e8, 8.6e37, 3e38, f32::MAX] {
        let columns = Columns::new(cols).scale(scale);
        let spec = SoftmaxSpec::new(8, cols as u64).scale(scale);
        for variant in kernels(8, cols) {
            let gpu = forced(gpu(), variant);
            let what = |of: &str| format!("{of} times {scale:e} by {variant}");
            let (expected, allowed) = (
                reference::softmax(&logits, columns),
                bounds::probability(&logits, columns),
            );
            let found = gpu.softmax_with(&spec, &logits).expect("softmax");
            assert_close(&what("probs"), &found, &expected, &allowed, cols);
            let (expected, allowed) = (
                reference::log_softmax(&logits, columns),
                bounds::log_probability(&logits, columns),
            );
            let found = gpu.log_softmax_with(&spec, &logits).expect("log-softmax");
            assert_close(&what("log_probs"), &found, &expected, &allowed, cols);
            let (expected, allowed) = (
                reference::logsumexp(&logits, columns),
                bounds::lse(&logits, columns),
            );
            let found = gpu.logsumexp_with(&spec, &logits).expect("logsumexp");
            assert_close(&what("lse"), &found, &expected, &allowed, 1);
        }
    }
}

/// Shards in which nothing counts, and shards whose largest logit is that of an empty record.
#[test]
fn a_shard_of_the_lowest_numbers_is_not_empty() -> Result<(), Error> {
    let (low, infinite) = (f32::MIN, f32::INFINITY);
    // Rows by shards: nothing and the lowest, the lowest only, nothing at all.
    let shards = [
        [-infinite, -infinite, low, low, -infinite, -infinite],
        [low, low, low, -infinite, -infinite, -infinite],
    ];
    let records = gpu().allocate("records", 2 * 3 * 16)?;
    for (shard, logits) in (0..).zip(&shards) {
        let spec = ShardSpec::new(SoftmaxSpec::new(3, 2), shard, 2);
        let buffers = PartialStatisticBuffers {
            logits: &upload(gpu(), logits),
            records: &records,
        };
        let plan = gpu().planner().partial_statistic(spec)?;
        gpu().run(&plan.bind(buffers)?, "a shard")?;
    }
    let (pairs, lse) = (gpu().allocate("pairs", 24)?, gpu().allocate("lse", 12)?);
    let buffers = MergeStatisticsBuffers {
        records: &records,
        pairs: &pairs,
        lse: &lse,
    };
    let plan = gpu().planner().merge_statistics(MergeSpec::new(3, 2))?;
    gpu().run(&plan.bind(buffers)?, "merge")?;
    let pairs: Vec<f32> = gpu().download(&pairs, 6)?;
    assert_eq!(pairs[..2], [low, 0.5]);
    assert_eq!(pairs[2..4], [low, 1.0 / 3.0]);
    assert_eq!(pairs[4], -infinite);
    assert_eq!(gpu().download::<f32>(&lse, 3)?, [low, low, -infinite]);
    Ok(())
}
