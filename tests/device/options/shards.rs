//! Cross-entropy of classes that are split over shards, with softcap, scale, weights and z-loss: together the shards give the
//! reference's results for whole rows.

use wgpu_softmax::check::{Inputs, bounds, inputs};
use wgpu_softmax::wgpu::Buffer;
use wgpu_softmax::{
    CrossEntropyBackwardBuffers, CrossEntropyExtras, CrossEntropyFromPairsBuffers,
    CrossEntropySpec, DType, Error, TargetType,
};

use crate::common::expected::Expected;
use crate::common::problem::{Given, IGNORED, Problem};
use crate::common::shards::{COLS, Merged, ROWS, Reading, Shard, merged};
use crate::common::{Output, assert_close, gpu, upload, wide};

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

/// Distributions of logits, with some bad ids or without.
const DISTRIBUTIONS: [(Inputs, bool); 4] = [
    (Inputs::Peaked, false),
    (Inputs::Masked, true),
    (Inputs::Special, false),
    (Inputs::Shifted1e4, true),
];

/// Distributions without any option.
const PLAIN: [(Inputs, bool); 4] = [
    (Inputs::Peaked, false),
    (Inputs::Masked, false),
    (Inputs::Special, true),
    (Inputs::Shifted1e8, true),
];

/// Rows, some of them ignored and some bad, with their shards.
struct Case {
    problem: Problem,
    targets: Buffer,
    merged: Merged,
    name: String,
}

fn cases() -> Result<Vec<Case>, Error> {
    let mut cases = Vec::new();
    for of in DISTRIBUTIONS {
        for reading in READINGS {
            cases.push(Case::new(of, reading, |problem| {
                problem.ids_as(TargetType::I64).z_loss(Z_LOSS)
            })?);
        }
    }
    for of in PLAIN {
        cases.push(Case::new(of, Reading::PLAIN, |problem| problem)?);
    }
    Ok(cases)
}

impl Case {
    fn new(
        (distribution, has_bad): (Inputs, bool),
        reading: Reading,
        with: impl Fn(Problem) -> Problem,
    ) -> Result<Self, Error> {
        let draw = match has_bad {
            true => inputs::bad_targets,
            false => inputs::targets,
        };
        let ids = draw(ROWS, COLS, 6, Some(IGNORED));
        let problem = Problem::of_ids(COLS, distribution.logits(ROWS, COLS, 6), &wide(&ids));
        let problem = problem
            .ignore_index(IGNORED)
            .scale(reading.scale)
            .dtype(reading.dtype);
        let problem = with(match reading.softcap {
            Some(cap) => problem.softcap(cap),
            None => problem,
        });
        Ok(Self {
            targets: match problem.target_type {
                TargetType::I64 => upload(gpu(), &wide(&ids)),
                _ => upload(gpu(), &ids),
            },
            merged: merged(&problem.logits, reading)?,
            name: format!("{}, {reading:?}", distribution.name()),
            problem,
        })
    }

    fn ids(&self) -> &[i64] {
        match &self.problem.targets {
            Given::Ids(ids) => ids,
            Given::Probs(_) => &[],
        }
    }

    /// Returns the spec of a shard, with the problem's options.
    fn spec(&self, shard: &Shard) -> CrossEntropySpec {
        let spec = shard.spec().targets(self.problem.target_type);
        match self.problem.target_type {
            TargetType::I64 => spec.ignore_index(IGNORED).z_loss(Z_LOSS),
            _ => spec.ignore_index(IGNORED),
        }
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
}

#[test]
fn merged_statistics_are_those_of_logits_as_they_are_read() -> Result<(), Error> {
    for case in cases()? {
        let (of, logits) = (&case.problem.of, &case.problem.logits);
        let expected = of.losses(logits, case.ids()).lse;
        let allowed = bounds::row_lse(of, logits);
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
            for (row, id) in case.ids().iter().enumerate() {
                let class = usize::try_from(*id).unwrap_or(usize::MAX);
                let elsewhere = class < COLS && !shard.columns.contains(&class);
                let no_row = case.merged.lse[row].is_nan() || case.merged.lse[row].is_infinite();
                if elsewhere && !no_row {
                    assert_eq!(losses[row].to_bits(), 0, "{}, row {row}", case.name);
                }
                sums[row] += losses[row];
            }
        }
        Expected::of(&case.problem).assert_row_losses(&sums, &case.name);
    }
    Ok(())
}

/// The mean divides by weights of all classes, and every shard counts all rows.
#[test]
fn gradients_of_the_shards_are_those_of_whole_rows() -> Result<(), Error> {
    let weight = inputs::weights(COLS, 5);
    let (weights, upstream) = (upload(gpu(), &weight), upload(gpu(), &[-2.5_f32]));
    let plain = CrossEntropyExtras::default();
    let weighted = plain.weight(&weights).grad_losses(&upstream);
    for case in cases()? {
        for (extras, over) in [
            (plain, None),
            (weighted, None),
            (weighted, Some((12.5, 31))),
        ] {
            let mut problem = case.problem.clone();
            if extras.weight.is_some() {
                problem = problem.weight(weight.clone()).upstream(vec![-2.5]);
            }
            if let Some((sum, rows)) = over {
                problem = problem.mean_over(sum, rows);
            }
            let grad = case.merged.joined(|shard, grad_logits| {
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
            Expected::of(&problem).assert_gradient(&grad, &case.name);
        }
    }
    Ok(())
}
