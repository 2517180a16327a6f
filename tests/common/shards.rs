//! Rows of logits whose columns are split over shards, and their merged statistics.

use std::ops::Range;

use wgpu_softmax::wgpu::Buffer;
use wgpu_softmax::{
    CrossEntropySpec, DType, Error, MergeSpec, MergeStatisticsBuffers, PartialStatisticBuffers,
    ShardSpec, SoftmaxSpec,
};

use super::gpu;
use super::place::Place;

pub const ROWS: usize = 37;
pub const COLS: usize = 64;
/// Columns of the shards: unequal, one of a single column, one aligned.
pub const SHARDS: [Range<usize>; 3] = [0..1, 1..20, 20..64];

/// Storage type of logits, with scale and softcap.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub dtype: DType,
    pub scale: f32,
    pub softcap: Option<f32>,
}

impl Reading {
    pub const PLAIN: Self = Self {
        dtype: DType::F32,
        scale: 1.0,
        softcap: None,
    };

    fn shard(self, index: usize) -> ShardSpec {
        let spec = SoftmaxSpec::new(ROWS as u64, SHARDS[index].len() as u64);
        let spec = spec.scale(self.scale).dtype(self.dtype);
        let shard = ShardSpec::new(spec, index as u64, SHARDS.len() as u64);
        self.softcap.map_or(shard, |cap| shard.softcap(cap))
    }

    /// Returns the spec of the merge. Capped logits already contain their scale.
    fn merge(self) -> MergeSpec {
        let merge = MergeSpec::new(ROWS as u64, SHARDS.len() as u64);
        match self.softcap {
            Some(_) => merge,
            None => merge.scale(self.scale),
        }
    }
}

/// The columns of one shard on the device.
#[derive(Debug)]
pub struct Shard {
    pub columns: Range<usize>,
    pub logits: Buffer,
    pub reading: Reading,
}

impl Shard {
    const fn place(&self) -> Place {
        Place::contiguous(self.columns.end - self.columns.start)
    }

    /// Returns the spec of a cross-entropy of its classes, a part of all classes.
    pub fn spec(&self) -> CrossEntropySpec {
        let Reading {
            dtype,
            scale,
            softcap,
        } = self.reading;
        let spec = CrossEntropySpec::new(ROWS as u64, self.columns.len() as u64)
            .shard(self.columns.start as u64, COLS as u64)
            .dtype(dtype)
            .scale(scale);
        softcap.map_or(spec, |cap| spec.softcap(cap))
    }
}

/// Every shard, and their merged statistics.
#[derive(Debug)]
pub struct Merged {
    pub shards: Vec<Shard>,
    pub pairs: Buffer,
    pub lse: Vec<f32>,
}

pub fn merged(logits: &[f32], reading: Reading) -> Result<Merged, Error> {
    let (gpu, planner) = (gpu(), gpu().planner());
    let records = gpu.allocate("records", (ROWS * SHARDS.len() * 16) as u64)?;
    let mut shards = Vec::new();
    for (index, columns) in SHARDS.into_iter().enumerate() {
        let of_row = |row: &[f32]| row[columns.clone()].to_vec();
        let part: Vec<f32> = logits.chunks(COLS).flat_map(of_row).collect();
        let logits = Place::contiguous(columns.len()).upload(gpu, reading.dtype, &part);
        let buffers = PartialStatisticBuffers {
            logits: &logits,
            records: &records,
        };
        let plan = planner.partial_statistic(reading.shard(index))?;
        gpu.run(&plan.bind(buffers)?, "a shard")?;
        shards.push(Shard {
            columns,
            logits,
            reading,
        });
    }
    let pairs = gpu.allocate("pairs", (ROWS * 8) as u64)?;
    let lse = gpu.allocate("lse", (ROWS * 4) as u64)?;
    let buffers = MergeStatisticsBuffers {
        records: &records,
        pairs: &pairs,
        lse: &lse,
    };
    let merge = planner.merge_statistics(reading.merge())?;
    gpu.run(&merge.bind(buffers)?, "the merge")?;
    let lse = gpu.download(&lse, ROWS)?;
    Ok(Merged { shards, pairs, lse })
}

impl Merged {
    /// Joins the matrices that `write` makes of the shards, column blocks next to each other again.
    pub fn joined(
        &self,
        write: impl Fn(&Shard, &Buffer) -> Result<(), Error>,
    ) -> Result<Vec<f32>, Error> {
        let mut whole = vec![0.0; ROWS * COLS];
        for shard in &self.shards {
            let (place, dtype) = (shard.place(), shard.reading.dtype);
            let output = place.output(gpu(), dtype, ROWS);
            write(shard, &output)?;
            let values = place.written(gpu(), dtype, &output, ROWS);
            for (row, values) in values.chunks(place.cols).enumerate() {
                whole[row * COLS + shard.columns.start..][..values.len()].copy_from_slice(values);
            }
        }
        Ok(whole)
    }
}
