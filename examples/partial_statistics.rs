//! Rows too wide for one place: 4 rows of 1,000 classes as three shards of columns, on one adapter or on several.
//!
//! Each shard folds its columns into a record of 16 bytes a row; the records merge; and from the merged pairs each shard
//! computes its own losses and gradient. Between devices or hosts, the records are all that travels.
//!
//! `partial_statistics [ADAPTER]...` takes adapters by part of their names, such as `llvmpipe swiftshader`, for the shards in turn.

use std::ops::Range;
use wgpu_softmax::wgpu::Buffer;
use wgpu_softmax::{
    CrossEntropyBackwardBuffers, CrossEntropyFromPairsBuffers, CrossEntropySpec, Error, Gpu,
    MergeSpec, MergeStatisticsBuffers, PartialStatisticBuffers, Reduction, ShardSpec, SoftmaxSpec,
    reference,
};

const ROWS: usize = 4;
const CLASSES: usize = 1000;
const SHARDS: [Range<usize>; 3] = [0..400, 400..700, 700..CLASSES];
const TARGETS: [i32; ROWS] = [3, 450, 999, 0];

/// The four words of a row's record.
type Record = [u32; 4];

/// Some columns of every row, on a device.
struct Shard {
    gpu: Gpu,
    classes: Range<usize>,
    logits: Buffer,
}

impl Shard {
    fn new(gpu: &Gpu, classes: Range<usize>, logits: &[f32]) -> Result<Self, Error> {
        let rows = logits.chunks(CLASSES);
        let columns: Vec<f32> = rows.flat_map(|row| row[classes.clone()].to_vec()).collect();
        Ok(Self {
            gpu: gpu.clone(),
            classes,
            logits: gpu.upload("logits", &columns)?,
        })
    }

    /// Folds the columns into a record a row.
    fn records(&self) -> Result<Vec<Record>, Error> {
        let columns = SoftmaxSpec::new(ROWS as u64, self.classes.len() as u64);
        let records = self
            .gpu
            .allocate("records", (ROWS * size_of::<Record>()) as u64)?;
        let plan = self
            .gpu
            .planner()
            .partial_statistic(ShardSpec::new(columns, 0, 1))?;
        let bound = plan.bind(PartialStatisticBuffers {
            logits: &self.logits,
            records: &records,
        })?;
        self.gpu.run(&bound, "the statistic of a shard")?;
        self.gpu.download(&records, ROWS)
    }

    /// Merges the records of all shards, those of a row one after the other, on this device.
    fn pairs(&self, records: &[Record]) -> Result<Buffer, Error> {
        let records = self.gpu.upload("records", records)?;
        let pairs = self.gpu.allocate("pairs", (ROWS * 8) as u64)?;
        let lse = self.gpu.allocate("lse", (ROWS * 4) as u64)?;
        let spec = MergeSpec::new(ROWS as u64, SHARDS.len() as u64);
        let bound = self
            .gpu
            .planner()
            .merge_statistics(spec)?
            .bind(MergeStatisticsBuffers {
                records: &records,
                pairs: &pairs,
                lse: &lse,
            })?;
        self.gpu.run(&bound, "the merge")?;
        Ok(pairs)
    }

    /// Computes this shard's part of the losses, and the gradient of its columns.
    fn results(&self, pairs: &Buffer) -> Result<(Vec<f32>, Vec<f32>), Error> {
        let spec = CrossEntropySpec::new(ROWS as u64, self.classes.len() as u64)
            .shard(self.classes.start as u64, CLASSES as u64)
            .reduction(Reduction::None);
        let targets = self.gpu.upload("targets", &TARGETS)?;
        let losses = self.gpu.allocate("losses", (ROWS * 4) as u64)?;
        let forward = self.gpu.planner().cross_entropy_from_pairs(spec)?;
        let forward = forward.bind(CrossEntropyFromPairsBuffers {
            logits: &self.logits,
            targets: &targets,
            pairs,
            losses: &losses,
        })?;
        self.gpu.run(&forward, "the losses of a shard")?;
        let gradient = self.gpu.allocate("gradient", self.logits.size())?;
        let backward = self.gpu.planner().cross_entropy_backward(spec)?;
        let backward = backward.bind(CrossEntropyBackwardBuffers {
            logits: &self.logits,
            targets: &targets,
            pairs,
            grad_logits: &gradient,
        })?;
        self.gpu.run(&backward, "the gradient of a shard")?;
        let count = ROWS * self.classes.len();
        Ok((
            self.gpu.download(&losses, ROWS)?,
            self.gpu.download(&gradient, count)?,
        ))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let mut gpus = Vec::new();
    for name in &named {
        gpus.push(Gpu::open_selected(&name.parse()?)?);
    }
    if gpus.is_empty() {
        gpus.push(Gpu::open()?);
    }
    let logit = |i| (i as f32 * 0.37).sin() * 9.0;
    let logits: Vec<f32> = (0..ROWS * CLASSES).map(logit).collect();

    let mut shards = Vec::new();
    for (classes, gpu) in SHARDS.into_iter().zip(gpus.iter().cycle()) {
        println!("classes {classes:?} on {}", gpu.adapter_info().name);
        shards.push(Shard::new(gpu, classes, &logits)?);
    }
    let by_shard: Vec<_> = shards
        .iter()
        .map(Shard::records)
        .collect::<Result<_, _>>()?;
    let of_row = |row| by_shard.iter().map(move |records| records[row]);
    let records: Vec<Record> = (0..ROWS).flat_map(of_row).collect();

    let mut losses = [0.0; ROWS];
    let mut gradient = vec![0.0; ROWS * CLASSES];
    for shard in &shards {
        let (of_shard, columns) = shard.results(&shard.pairs(&records)?)?;
        // A row's loss is in the shard of its target, and 0 in the others.
        losses
            .iter_mut()
            .zip(of_shard)
            .for_each(|(sum, loss)| *sum += loss);
        for (row, values) in columns.chunks(shard.classes.len()).enumerate() {
            gradient[row * CLASSES + shard.classes.start..][..values.len()].copy_from_slice(values);
        }
    }

    let whole = reference::CrossEntropy::new(CLASSES).reduction(Reduction::None);
    let targets = TARGETS.map(i64::from);
    let expected = whole.losses(&logits, &targets).row_losses;
    println!("losses of the shards, added up    {losses:.5?}");
    println!("losses of whole rows, in f64      {expected:.5?}");
    let apart_losses = apart(&losses, &expected);
    let apart_gradient = apart(&gradient, &whole.gradient(&logits, &targets));
    println!("largest difference of a loss      {apart_losses:.1e}");
    println!("largest difference of a gradient  {apart_gradient:.1e}");
    match apart_losses < 1e-5 && apart_gradient < 1e-5 {
        true => Ok(()),
        false => Err("the shards do not add up to the whole".into()),
    }
}

fn apart(found: &[f32], expected: &[f64]) -> f64 {
    let pairs = found.iter().zip(expected);
    pairs
        .map(|(found, expected)| (f64::from(*found) - expected).abs())
        .fold(0.0, f64::max)
}
