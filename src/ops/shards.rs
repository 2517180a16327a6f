//! Rows that are split over bindings, devices or hosts.
//!
//! Every shard folds the statistic of its columns into a record; records merge, in their order, into one pair `(max, 1 /
//! sum)` a row; from the pairs each shard computes its part of the result, with no reduction:
//!
//! ```text
//! logits of a shard -> partial_statistic -> record of 16 bytes a row and shard
//! all records       -> merge_statistics  -> pairs, lse
//! logits and pairs  -> softmax_from_pairs, cross_entropy_from_pairs with "shards", cross_entropy_backward
//! ```

use crate::error::Error;
use crate::ops::plan::{row_operation, sealed};
use crate::shader::params::{Params, word};
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::shards::{MergeSpec, ShardSpec};
use crate::spec::softmax::SoftmaxSpec;
use crate::variant::problem::Geometry;
use crate::variant::{KernelOptions, Operation};

impl sealed::Spec for ShardSpec {
    fn geometry(&self, operation: Operation) -> Result<Geometry, Error> {
        let options = KernelOptions {
            capped: self.softcap.is_some(),
            ..KernelOptions::default()
        };
        Ok(self.columns.geometry(operation)?.options(options))
    }

    fn params(&self) -> Result<Params, Error> {
        let narrow = |n| u32::try_from(n).ok();
        let plain = self.columns.params()?;
        let mut params = match self.softcap {
            Some(softcap) => Params::capped(plain.scaling.scale, softcap)?,
            None => plain,
        };
        match narrow(self.shard).zip(narrow(self.shards)) {
            Some((first_record, records)) if first_record < records => {
                params.grid.first_record = first_record;
                params.grid.records = records;
                Ok(params)
            }
            _ => Err(Error::value(
                "shard",
                "a number below that of all shards",
                format!("{} of {}", self.shard, self.shards),
            )),
        }
    }
}

impl sealed::Spec for MergeSpec {
    fn geometry(&self, operation: Operation) -> Result<Geometry, Error> {
        Geometry::contiguous(operation, self.rows, self.shards)
    }

    fn params(&self) -> Result<Params, Error> {
        let mut params = Params::scaled(self.scale)?;
        params.grid.records = word(self.shards);
        Ok(params)
    }
}

row_operation! {
    /// The statistic of a shard's columns: `max` and `sum_j exp(x_j - max)` over them, and their special values.
    PartialStatistic, partial_statistic with "shards", ShardSpec, PartialStatisticBuffers {
        /// Read: f32, `rows` x `cols`.
        logits: read Source Matrix,
        /// Written, this shard's records only: 16 bytes for each row and shard, the shards of a row one after the other.
        records: written Partials Records,
    }
}

row_operation! {
    /// The statistic of whole rows from those of their shards, merged in the order of the shards.
    MergeStatistics, merge_statistics with "shards", MergeSpec, MergeStatisticsBuffers {
        /// Read: 16 bytes for each row and shard, the shards of a row one after the other.
        records: written Partials Records,
        /// Written: two f32 a row, `(max, 1 / sum)`.
        pairs: written Pairs Pair,
        /// Written: one f32 a row, `max + ln sum`.
        lse: written Lse Value,
    }
}

row_operation! {
    /// The probabilities of a shard's columns, from merged statistics.
    SoftmaxFromPairs, softmax_from_pairs with "shards", SoftmaxSpec, SoftmaxFromPairsBuffers {
        /// Read: f32, `rows` x `cols` of the shard.
        logits: read Source Matrix,
        /// Read: two f32 a row.
        pairs: read Pairs Pair,
        /// Written: f32, `rows` x `cols` of the shard.
        probs: written Result Matrix,
    }
}

row_operation! {
    /// The losses of the rows, from merged statistics. The spec's [`shard`](CrossEntropySpec::shard) gives the classes of
    /// the logits; its reduction is not used.
    CrossEntropyFromPairs, cross_entropy_from_pairs with "shards", CrossEntropySpec, CrossEntropyFromPairsBuffers {
        /// Read: f32, `rows` x `classes` of the shard.
        logits: read Source Matrix,
        /// Read: `rows` ids of all classes.
        targets: read RowInput ClassId,
        /// Read: two f32 a row.
        pairs: read Pairs Pair,
        /// Written: f32, `rows`: the loss where the target's class is in the shard, else 0. The losses of all shards add
        /// up to those of the rows.
        losses: written RowOutput Value,
    }
}
