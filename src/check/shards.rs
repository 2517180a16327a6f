//! Operations from merged statistics: the columns of a case split into shards, each a part of every row.

use super::case::Case;
use super::execute::{Outcome, upload_ids};
use super::kinds::Kind;
use super::matrices::Output;
use super::subject::Matrix;
use crate::error::Error;
use crate::gpu::Gpu;
use crate::ops::cross_entropy::CrossEntropyBackwardBuffers;
use crate::ops::shards::{
    CrossEntropyFromPairsBuffers, MergeStatisticsBuffers, PartialStatisticBuffers,
    SoftmaxFromPairsBuffers,
};
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::dtype::DType;
use crate::spec::layout::Layout;
use crate::spec::shards::{MergeSpec, ShardSpec};
use crate::spec::softmax::SoftmaxSpec;
use crate::spec::target_type::TargetType;
use crate::variant::{Access, Family, Operation, Variant};

/// Number of shards: more than a subgroup of software adapters has lanes, so that lanes merge several.
pub(super) const SHARDS: usize = 11;

pub(super) async fn execute(
    gpu: &Gpu,
    variant: Variant,
    case: &Case,
    what: &str,
) -> Result<Outcome, Error> {
    let rows = case.of.rows as u64;
    let (logits, output) = &Output::over_first(gpu, case)?;
    let pairs = &gpu.allocate("pairs", rows * 8)?;
    let records = &gpu.allocate("records", rows * SHARDS as u64 * 16)?;
    let lse = Output::new(gpu, "lse", case.of.rows, DType::F32)?;
    let planner = |variant| gpu.planner().with_variant(variant);
    let mut bounds = Vec::new();

    let folding = Variant {
        family: Family::Streamed,
        ..variant
    };
    let merging = Variant {
        access: Access::Words,
        int64: false,
        ..folding
    };
    for shard in Shard::all(case) {
        let plan = planner(folding).partial_statistic(shard.statistic(case))?;
        bounds.push(plan.bind(PartialStatisticBuffers { logits, records })?);
    }
    let merge = MergeSpec::new(rows, SHARDS as u64).scale(match case.of.options.loss.softcap {
        Some(_) => 1.0,
        None => case.of.options.loss.scale,
    });
    let plan = planner(merging).merge_statistics(merge)?;
    bounds.push(plan.bind(MergeStatisticsBuffers {
        records,
        pairs,
        lse: &lse.buffer,
    })?);

    if case.of.operation == Operation::SoftmaxFromPairs {
        for shard in Shard::all(case) {
            let spec = SoftmaxSpec {
                in_place: case.of.in_place,
                ..shard.columns(case)
            };
            let plan = planner(variant).softmax_from_pairs(spec)?;
            bounds.push(plan.bind(SoftmaxFromPairsBuffers {
                logits,
                pairs,
                probs: &output.buffer,
            })?);
        }
        return Outcome::of(gpu, &bounds, &[output, &lse], what).await;
    }
    let ids: Vec<_> = case.ids.iter().map(|id| id + first_class(case)).collect();
    let targets = &upload_ids(gpu, "targets", case, &ids)?;
    let mut losses = Vec::new();
    for shard in Shard::all(case) {
        let of_shard = Output::new(gpu, "losses", case.of.rows, DType::F32)?;
        let plan = gpu
            .planner()
            .cross_entropy_from_pairs(shard.classes(case))?;
        bounds.push(plan.bind(CrossEntropyFromPairsBuffers {
            logits,
            targets,
            pairs,
            losses: &of_shard.buffer,
        })?);
        losses.push(of_shard);
    }
    for shard in Shard::all(case) {
        let spec = CrossEntropySpec {
            in_place: case.of.in_place,
            ..shard.classes(case)
        };
        let plan = planner(variant).cross_entropy_backward(spec)?;
        bounds.push(plan.bind(CrossEntropyBackwardBuffers {
            logits,
            targets,
            pairs,
            grad_logits: &output.buffer,
        })?);
    }
    let outputs: Vec<_> = losses.iter().chain([&lse, output]).collect();
    let mut outcome = Outcome::of(gpu, &bounds, &outputs, what).await?;
    let mut of_rows = vec![0.0; case.of.rows];
    for of_shard in outcome.outputs.drain(..SHARDS) {
        let both = of_rows.iter_mut().zip(of_shard);
        both.for_each(|(loss, value)| *loss += value);
    }
    outcome.outputs.insert(0, of_rows);
    Ok(outcome)
}

/// Returns the class of the first column: where ids are unsigned and all in range, one with the highest bit set.
fn first_class(case: &Case) -> i64 {
    match case.of.options.kind {
        Kind::Ids(TargetType::U32) => 3_000_000_000,
        _ => 0,
    }
}

/// A shard by its number and its columns.
struct Shard {
    number: u64,
    first: u64,
    cols: u64,
}

impl Shard {
    fn all(case: &Case) -> impl Iterator<Item = Self> {
        let cols = (case.of.cols / SHARDS) as u64;
        (0..SHARDS as u64).map(move |number| Self {
            number,
            first: number * cols,
            cols,
        })
    }

    /// Returns the layout of its columns in a matrix of the case.
    fn layout(&self, case: &Case, matrix: Matrix) -> Layout {
        let place = case.of.place(matrix);
        Layout::default()
            .offset(place.offset as u64 + self.first)
            .stride(place.stride as u64)
    }

    fn columns(&self, case: &Case) -> SoftmaxSpec {
        SoftmaxSpec::new(case.of.rows as u64, self.cols)
            .dtype(case.of.dtype)
            .scale(case.of.options.loss.scale)
            .input_layout(self.layout(case, Matrix::Source))
            .upstream_layout(self.layout(case, Matrix::Upstream))
            .output_layout(self.layout(case, Matrix::Result))
    }

    fn statistic(&self, case: &Case) -> ShardSpec {
        let spec = ShardSpec::new(self.columns(case), self.number, SHARDS as u64);
        let softcap = case.of.options.loss.softcap;
        softcap.map_or(spec, |softcap| spec.softcap(softcap))
    }

    fn classes(&self, case: &Case) -> CrossEntropySpec {
        let before = first_class(case).cast_unsigned();
        case.of
            .options
            .spec(case.of.rows, self.cols as usize)
            .dtype(case.of.dtype)
            .shard(before + self.first, before + case.of.cols as u64)
            .logits_layout(self.layout(case, Matrix::Source))
            .targets_layout(self.layout(case, Matrix::Upstream))
            .grad_layout(self.layout(case, Matrix::Result))
    }
}
