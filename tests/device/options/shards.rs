//! Cross-entropy of classes that are split over shards, with softcap, scale, weights and z-loss: together the shards give the
//! reference's results for whole rows.

use wgpu_softmax::check::{Inputs, bounds, compare_as, inputs};
use wgpu_softmax::reference::CrossEntropy;
use wgpu_softmax::wgpu::Buffer;
use wgpu_softmax::{
    CrossEntropyBackwardBuffers, CrossEntropyExtras, CrossEntropyFromPairsBuffers,
    CrossEntropySpec, DType, Error, Reduction, TargetType,
};

use crate::common::place::stored;
use crate::common::shards::{COLS, Merged, ROWS, Reading, Shard, merged};
use crate::common::{Output, assert_close, gpu, upload, wide};

const IGNORED: i64 = -100;
const Z_LOSS: f32 = 0.05;

/// Readings: plain, capped, scaled and capped, and the latter in 16 bits.
const READINGS: [Reading; 4] = [
    Reading::PLAIN,
    Reading {
        softcap: Some(4.0),
        ..Reading::PLAIN
    },
    Reading {
        scale: 1.7,
        softcap: Some(12.0),
        ..Reading::PLAIN
    },
    Reading {
        dtype: DType::Bf16,
        scale: 0.4,
        softcap: Some(4.0),
    },
];

const DISTRIBUTIONS: [Inputs; 4] = [
    Inputs::Peaked,
    Inputs::Masked,
    Inputs::Special,
    Inputs::Shifted1e4,
];

/// Rows, some of them ignored and some bad, with their shards.
struct Case {
    logits: Vec<f32>,
    ids: Vec<i64>,
    targets: Buffer,
    merged: Merged,
    of: CrossEntropy,
    name: String,
}

fn cases() -> Result<Vec<Case>, Error> {
    let mut cases = Vec::new();
    for (seed, distribution) in DISTRIBUTIONS.into_iter().enumerate() {
        for reading in READINGS {
            let logits = stored(reading.dtype, distribution.logits(ROWS, COLS, 6));
            let ids = match seed % 2 {
                0 => inputs::targets(ROWS, COLS, 6, Some(IGNORED)),
                _ => inputs::bad_targets(ROWS, COLS, 6, Some(IGNORED)),
            };
            let ids = wide(&ids);
            let of = CrossEntropy::new(COLS)
                .ignore_index(IGNORED)
                .scale(reading.scale);
            let of = reading.softcap.map_or(of.clone(), |cap| of.softcap(cap));
            cases.push(Case {
                targets: upload(gpu(), &ids),
                merged: merged(&logits, reading)?,
                of: of.z_loss(Z_LOSS),
                name: format!("{}, {reading:?}", distribution.name()),
                logits,
                ids,
            });
        }
    }
    Ok(cases)
}

impl Case {
    fn spec(&self, shard: &Shard) -> CrossEntropySpec {
        let spec = shard.spec().targets(TargetType::I64).ignore_index(IGNORED);
        spec.z_loss(Z_LOSS)
    }

    /// Computes the losses of one shard.
    fn losses(&self, shard: &Shard) -> Result<Vec<f32>, Error> {
        let losses = Output::new(gpu(), ROWS);
        let buffers = CrossEntropyFromPairsBuffers {
            logits: &shard.logits,
            targets: &self.targets,
            pairs: &self.merged.pairs,
            losses: &losses.buffer,
        };
        let plan = gpu().planner().cross_entropy_from_pairs(self.spec(shard))?;
        gpu().run(&plan.bind(buffers)?, "the loss of a shard")?;
        Ok(losses.floats(gpu()))
    }

    #[track_caller]
    fn assert_gradient(&self, of: &CrossEntropy, found: &[f32]) {
        let dtype = self.merged.shards[0].reading.dtype;
        let expected = of.gradient(&self.logits, &self.ids);
        let allowed = bounds::loss_gradient(of, &self.logits, &self.ids);
        let allowed = bounds::stored(dtype, &allowed, &expected);
        let comparison = compare_as(dtype, found, &expected, &allowed, COLS);
        assert!(comparison.passed(), "{}: {comparison}", self.name);
    }
}

#[test]
fn merged_statistics_are_those_of_logits_as_they_are_read() -> Result<(), Error> {
    for case in cases()? {
        let expected = case.of.losses(&case.logits, &case.ids).lse;
        let allowed = bounds::row_lse(&case.of, &case.logits);
        assert_close(&case.name, &case.merged.lse, &expected, &allowed, 1);
    }
    Ok(())
}

/// The z-loss, too, is added only once: in the shard of the target's column.
#[test]
fn losses_of_the_shards_add_up() -> Result<(), Error> {
    for case in cases()? {
        let mut sums = vec![0.0; ROWS];
        for shard in &case.merged.shards {
            let losses = case.losses(shard)?;
            for (row, id) in case.ids.iter().enumerate() {
                let class = usize::try_from(*id).unwrap_or(usize::MAX);
                let elsewhere = class < COLS && !shard.columns.contains(&class);
                let no_row = case.merged.lse[row].is_nan() || case.merged.lse[row].is_infinite();
                if elsewhere && !no_row {
                    assert_eq!(losses[row].to_bits(), 0, "{}, row {row}", case.name);
                }
                sums[row] += losses[row];
            }
        }
        let of = case.of.clone().reduction(Reduction::None);
        let expected = of.losses(&case.logits, &case.ids).row_losses;
        let allowed = bounds::row_loss(&of, &case.logits, &case.ids);
        assert_close(&case.name, &sums, &expected, &allowed, 1);
    }
    Ok(())
}

/// The mean divides by weights of all classes, and every shard counts all rows.
#[test]
fn gradients_of_the_shards_are_those_of_whole_rows() -> Result<(), Error> {
    let weight = inputs::weights(COLS, 5);
    let (weights, upstream) = (upload(gpu(), &weight), upload(gpu(), &[-2.5_f32]));
    for case in cases()? {
        let extras = CrossEntropyExtras::default()
            .weight(&weights)
            .grad_losses(&upstream);
        for over in [None, Some((12.5_f32, 31_u32))] {
            let gradient = case.merged.joined(|shard, grad_logits| {
                let buffers = CrossEntropyBackwardBuffers {
                    logits: &shard.logits,
                    targets: &case.targets,
                    pairs: &case.merged.pairs,
                    grad_logits,
                };
                let spec = case.spec(shard);
                let spec = over.map_or(spec, |(sum, rows)| spec.mean_over(sum, rows));
                let plan = gpu().planner().cross_entropy_backward(spec)?;
                let bound = plan.bind_with(ROWS as u64, buffers, extras)?;
                gpu().run(&bound, "the gradient of a shard")
            })?;
            let of = case.of.clone().weight(weight.clone()).grad_loss(-2.5);
            let of = over.map_or(of.clone(), |(sum, rows)| {
                of.mean_over(sum.into(), rows as usize)
            });
            case.assert_gradient(&of, &gradient);
        }
    }
    Ok(())
}
