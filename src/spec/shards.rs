//! Specs of rows that are split over bindings, devices or hosts.

use crate::spec::softmax::SoftmaxSpec;

/// One shard's columns of `rows` rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShardSpec {
    pub(crate) columns: SoftmaxSpec,
    pub(crate) softcap: Option<f32>,
    pub(crate) shard: u64,
    pub(crate) shards: u64,
}

impl ShardSpec {
    /// Makes the spec of the columns of shard number `shard`, from 0, of `shards`. Shards may differ in columns, but not
    /// in scale.
    pub const fn new(columns: SoftmaxSpec, shard: u64, shards: u64) -> Self {
        Self {
            columns,
            softcap: None,
            shard,
            shards,
        }
    }

    /// Caps logits `x` to `softcap * tanh(x / softcap)`, after the scale. `softcap` is finite and above 0. The merge of
    /// such shards has no scale.
    #[must_use]
    pub const fn softcap(self, softcap: f32) -> Self {
        Self {
            softcap: Some(softcap),
            ..self
        }
    }
}

/// The merge of `shards` statistics for each of `rows` rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MergeSpec {
    pub(crate) rows: u64,
    pub(crate) shards: u64,
    pub(crate) scale: f32,
}

impl MergeSpec {
    /// Makes the spec of `shards` records for each of `rows` rows. Lanes that merge take up to 16 records each.
    pub const fn new(rows: u64, shards: u64) -> Self {
        Self {
            rows,
            shards,
            scale: 1.0,
        }
    }

    /// Sets the scale of the shards.
    #[must_use]
    pub const fn scale(self, scale: f32) -> Self {
        Self { scale, ..self }
    }
}
