//! Operations from merged statistics: the columns of a case split into shards, each a part of every row.

use wgpu::Buffer;

use super::case::Case;
use super::execute::{Outcome, upload_ids};
use super::kinds::Kind;
use super::matrices::Output;
use super::subject::Matrix;
use crate::device::kernel::Bound;
use crate::device::planner::Planner;
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

pub(super) fn execute(
    gpu: &Gpu,
    variant: Variant,
    case: &Case,
    what: &str,
) -> Result<Outcome, Error> {
    let shards = Shards { gpu, variant, case };
    let (logits, output) = Output::over_first(gpu, case)?;
    let pairs = gpu.allocate("pairs", case.of.rows as u64 * 8)?;
    let lse = Output::new(gpu, "lse", case.of.rows, DType::F32)?;
    for bound in shards.statistics(&logits, &pairs, &lse.buffer)? {
        gpu.run(&bound, what)?;
    }
    if case.of.operation == Operation::SoftmaxFromPairs {
        for bound in shards.probs(&logits, &pairs, &output.buffer)? {
            gpu.run(&bound, what)?;
        }
        return Outcome::new().collect(gpu, [&output, &lse]);
    }
    let ids: Vec<_> = case.ids.iter().map(|id| id + first_class(case)).collect();
    let targets = upload_ids(gpu, "targets", case, &ids)?;
    let mut outcome = Outcome::new();
    let mut losses = vec![0.0; case.of.rows];
    for shard in Shard::all(case) {
        let of_shard = Output::new(gpu, "losses", case.of.rows, DType::F32)?;
        let bound = shards.losses(&shard, &logits, &targets, &pairs, &of_shard.buffer)?;
        gpu.run(&bound, what)?;
        let both = losses.iter_mut().zip(outcome.fetch(gpu, &of_shard)?);
        both.for_each(|(loss, value)| *loss += value);
    }
    for shard in Shard::all(case) {
        let bound = shards.gradient(&shard, &logits, &targets, &pairs, &output.buffer)?;
        gpu.run(&bound, what)?;
    }
    outcome.outputs.push(losses);
    outcome.collect(gpu, [&lse, &output])
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

/// Context of every shard.
struct Shards<'a> {
    gpu: &'a Gpu,
    variant: Variant,
    case: &'a Case,
}

impl Shards<'_> {
    fn planner(&self, variant: Variant) -> Planner {
        self.gpu.planner().with_variant(variant)
    }

    /// Binds the statistics of all shards, and their merge.
    fn statistics(
        &self,
        logits: &Buffer,
        pairs: &Buffer,
        lse: &Buffer,
    ) -> Result<Vec<Bound>, Error> {
        let case = self.case;
        let rows = case.of.rows as u64;
        let records = self.gpu.allocate("records", rows * SHARDS as u64 * 16)?;
        let folding = Variant {
            family: Family::Streamed,
            ..self.variant
        };
        let merging = Variant {
            access: Access::Words,
            int64: false,
            ..folding
        };
        let mut list = Vec::new();
        for shard in Shard::all(case) {
            let plan = self
                .planner(folding)
                .partial_statistic(shard.statistic(case))?;
            list.push(plan.bind(PartialStatisticBuffers {
                logits,
                records: &records,
            })?);
        }
        let spec = MergeSpec::new(rows, SHARDS as u64);
        let spec = match case.of.options.loss.softcap {
            Some(_) => spec,
            None => spec.scale(case.of.options.loss.scale),
        };
        let plan = self.planner(merging).merge_statistics(spec)?;
        list.push(plan.bind(MergeStatisticsBuffers {
            records: &records,
            pairs,
            lse,
        })?);
        Ok(list)
    }

    fn probs(&self, logits: &Buffer, pairs: &Buffer, probs: &Buffer) -> Result<Vec<Bound>, Error> {
        let bind = |shard: Shard| {
            let spec = shard.columns(self.case);
            let spec = match self.case.of.in_place {
                true => spec.in_place(),
                false => spec,
            };
            let plan = self.planner(self.variant).softmax_from_pairs(spec)?;
            plan.bind(SoftmaxFromPairsBuffers {
                logits,
                pairs,
                probs,
            })
        };
        Shard::all(self.case).map(bind).collect()
    }

    fn losses(
        &self,
        shard: &Shard,
        logits: &Buffer,
        targets: &Buffer,
        pairs: &Buffer,
        losses: &Buffer,
    ) -> Result<Bound, Error> {
        let planner = self.gpu.planner();
        let plan = planner.cross_entropy_from_pairs(shard.classes(self.case))?;
        plan.bind(CrossEntropyFromPairsBuffers {
            logits,
            targets,
            pairs,
            losses,
        })
    }

    fn gradient(
        &self,
        shard: &Shard,
        logits: &Buffer,
        targets: &Buffer,
        pairs: &Buffer,
        grad_logits: &Buffer,
    ) -> Result<Bound, Error> {
        let spec = shard.classes(self.case);
        let spec = match self.case.of.in_place {
            true => spec.in_place(),
            false => spec,
        };
        let plan = self.planner(self.variant).cross_entropy_backward(spec)?;
        plan.bind(CrossEntropyBackwardBuffers {
            logits,
            targets,
            pairs,
            grad_logits,
        })
    }
}
