//! The work of a rank on its device: records of its shards, and losses and gradient from the merged pairs.

use crate::record::Record;
use crate::task::Task;
use std::ops::Range;
use wgpu_softmax::wgpu::Buffer;
use wgpu_softmax::{
    CrossEntropyBackwardBuffers, CrossEntropyFromPairsBuffers, CrossEntropySpec, Error, Gpu,
    MergeSpec, MergeStatisticsBuffers, PartialStatisticBuffers, Reduction, ShardSpec, SoftmaxSpec,
};

/// Losses of all rows, as far as their targets lie in some shards, and the gradient of the logits there, shard by shard.
pub struct Results {
    pub losses: Vec<f32>,
    pub gradient: Vec<f32>,
}

/// Some shards, with their logits on a device.
pub struct Part<'g> {
    gpu: &'g Gpu,
    task: Task,
    shards: Vec<(Range<usize>, Buffer)>,
    targets: Buffer,
}

impl<'g> Part<'g> {
    pub fn new(gpu: &'g Gpu, task: Task, owned: Range<usize>) -> Result<Self, Error> {
        let upload = |shard| {
            let columns = task.columns(shard);
            let logits = gpu.upload("logits", &task.logits(&columns))?;
            Ok((columns, logits))
        };
        Ok(Self {
            gpu,
            task,
            shards: owned.map(upload).collect::<Result<_, Error>>()?,
            targets: gpu.upload("targets", &task.targets())?,
        })
    }

    /// Folds each row of each shard into a record; those of a row are neighbours.
    pub fn records(&self) -> Result<Vec<Record>, Error> {
        let count = self.task.rows * self.shards.len();
        let records = self
            .gpu
            .allocate("records", (count * size_of::<Record>()) as u64)?;
        for (index, (columns, logits)) in self.shards.iter().enumerate() {
            let columns = SoftmaxSpec::new(self.task.rows as u64, columns.len() as u64);
            let spec = ShardSpec::new(columns, index as u64, self.shards.len() as u64);
            let plan = self.gpu.planner().partial_statistic(spec)?;
            let bound = plan.bind(PartialStatisticBuffers {
                logits,
                records: &records,
            })?;
            self.gpu.run(&bound, "the statistic of a shard")?;
        }
        let words: Vec<u32> = self.gpu.download(&records, count * Record::WORDS)?;
        let (records, _) = words.as_chunks();
        Ok(records.iter().copied().map(Record::of_words).collect())
    }

    /// Computes losses and gradient from the records of all shards, `each` of them a row.
    pub fn results(&self, records: &[Record], each: usize) -> Result<Results, Error> {
        let pairs = self.pairs(records, each)?;
        let rows = self.task.rows;
        let losses = self
            .gpu
            .allocate("losses", (rows * size_of::<f32>()) as u64)?;
        let mut results = Results {
            losses: vec![0.0; rows],
            gradient: Vec::new(),
        };
        for (columns, logits) in &self.shards {
            let spec = CrossEntropySpec::new(rows as u64, columns.len() as u64)
                .shard(columns.start as u64, self.task.classes as u64)
                .reduction(Reduction::None);
            let forward = self.gpu.planner().cross_entropy_from_pairs(spec)?;
            let forward = forward.bind(CrossEntropyFromPairsBuffers {
                logits,
                targets: &self.targets,
                pairs: &pairs,
                losses: &losses,
            })?;
            self.gpu.run(&forward, "the losses of a shard")?;
            let of_shard: Vec<f32> = self.gpu.download(&losses, rows)?;
            // A row's loss is in the shard of its target, and 0 in the others.
            let sums = results.losses.iter_mut().zip(of_shard);
            sums.for_each(|(sum, loss)| *sum += loss);

            let grad_logits = self.gpu.allocate("gradient", logits.size())?;
            let backward = self.gpu.planner().cross_entropy_backward(spec)?;
            let backward = backward.bind(CrossEntropyBackwardBuffers {
                logits,
                targets: &self.targets,
                pairs: &pairs,
                grad_logits: &grad_logits,
            })?;
            self.gpu.run(&backward, "the gradient of a shard")?;
            let of_shard: Vec<f32> = self.gpu.download(&grad_logits, rows * columns.len())?;
            results.gradient.extend(of_shard);
        }
        Ok(results)
    }

    /// Merges the records of each row in their order, on the device.
    fn pairs(&self, records: &[Record], each: usize) -> Result<Buffer, Error> {
        let rows = self.task.rows as u64;
        let words: Vec<u32> = records.iter().flat_map(|record| record.words()).collect();
        let records = self.gpu.upload("records", &words)?;
        let pairs = self.gpu.allocate("pairs", rows * 8)?;
        let lse = self.gpu.allocate("lse", rows * 4)?;
        let plan = self
            .gpu
            .planner()
            .merge_statistics(MergeSpec::new(rows, each as u64))?;
        let bound = plan.bind(MergeStatisticsBuffers {
            records: &records,
            pairs: &pairs,
            lse: &lse,
        })?;
        self.gpu.run(&bound, "the merge")?;
        Ok(pairs)
    }
}
