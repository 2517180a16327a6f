//! Rows too wide for one place: 4 rows of 1,000 classes as three shards of columns, as if on three devices.
//!
//! Each shard folds its columns into a record of 16 bytes a row; the records merge; and from the merged pairs each shard
//! computes its own probabilities, losses and gradient. Between devices or hosts, the records are all that travels.

use wgpu_softmax::{
    CrossEntropyBackwardBuffers, CrossEntropyFromPairsBuffers, CrossEntropyInputs,
    CrossEntropySpec, CrossEntropyWants, Error, Gpu, MergeSpec, MergeStatisticsBuffers,
    PartialStatisticBuffers, Reduction, ShardSpec, SoftmaxSpec,
};

const ROWS: usize = 4;
const CLASSES: usize = 1000;
const SHARDS: [std::ops::Range<usize>; 3] = [0..400, 400..700, 700..CLASSES];

fn main() -> Result<(), Error> {
    let gpu = Gpu::open()?;
    let logits: Vec<f32> = (0..ROWS * CLASSES)
        .map(|i| (i as f32 * 0.37).sin() * 9.0)
        .collect();
    let targets = [3, 450, 999, 0];
    let ids = gpu.upload("targets", &targets)?;

    let records = gpu.allocate("records", (ROWS * SHARDS.len() * 16) as u64)?;
    let pairs = gpu.allocate("pairs", (ROWS * 8) as u64)?;
    let lse = gpu.allocate("lse", (ROWS * 4) as u64)?;
    let mut parts = Vec::new();
    for (shard, classes) in SHARDS.into_iter().enumerate() {
        let part = gpu.upload("logits", &columns(&logits, &classes))?;
        let spec = ShardSpec::new(
            SoftmaxSpec::new(ROWS as u64, classes.len() as u64),
            shard as u64,
            3,
        );
        let plan = gpu.planner().partial_statistic(spec)?;
        let buffers = PartialStatisticBuffers {
            logits: &part,
            records: &records,
        };
        gpu.run(&plan.bind(buffers)?, "a shard's statistic")?;
        parts.push((classes, part));
    }
    let merge = gpu
        .planner()
        .merge_statistics(MergeSpec::new(ROWS as u64, 3))?;
    let buffers = MergeStatisticsBuffers {
        records: &records,
        pairs: &pairs,
        lse: &lse,
    };
    gpu.run(&merge.bind(buffers)?, "the merge")?;

    let mut losses = [0.0; ROWS];
    let mut gradient = vec![0.0; ROWS * CLASSES];
    for (classes, part) in &parts {
        let spec = CrossEntropySpec::new(ROWS as u64, classes.len() as u64)
            .shard(classes.start as u64, CLASSES as u64)
            .reduction(Reduction::None);
        let loss = gpu.allocate("losses", (ROWS * 4) as u64)?;
        let grad = gpu.allocate("grad_logits", part.size())?;
        let forward =
            gpu.planner()
                .cross_entropy_from_pairs(spec)?
                .bind(CrossEntropyFromPairsBuffers {
                    logits: part,
                    targets: &ids,
                    pairs: &pairs,
                    losses: &loss,
                })?;
        gpu.run(&forward, "a shard's losses")?;
        let backward =
            gpu.planner()
                .cross_entropy_backward(spec)?
                .bind(CrossEntropyBackwardBuffers {
                    logits: part,
                    targets: &ids,
                    pairs: &pairs,
                    grad_logits: &grad,
                })?;
        gpu.run(&backward, "a shard's gradient")?;
        let part_losses: Vec<f32> = gpu.download(&loss, ROWS)?;
        losses
            .iter_mut()
            .zip(part_losses)
            .for_each(|(sum, loss)| *sum += loss);
        let part_gradient: Vec<f32> = gpu.download(&grad, ROWS * classes.len())?;
        for (row, values) in part_gradient.chunks(classes.len()).enumerate() {
            gradient[row * CLASSES + classes.start..][..classes.len()].copy_from_slice(values);
        }
    }

    let spec = CrossEntropySpec::new(ROWS as u64, CLASSES as u64).reduction(Reduction::None);
    let wants = CrossEntropyWants {
        grad_logits: true,
        ..Default::default()
    };
    let whole = gpu.cross_entropy(&spec, CrossEntropyInputs::new(&logits, &targets), wants)?;
    let apart = |a: &[f32], b: &[f32]| {
        a.iter()
            .zip(b)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max)
    };
    println!("losses of the shards, added up  {losses:.5?}");
    println!("losses of whole rows            {:.5?}", whole.losses);
    println!(
        "largest difference of a loss    {:e}",
        apart(&losses, &whole.losses)
    );
    println!(
        "largest difference of a gradient {:e}",
        apart(&gradient, &whole.grad_logits.unwrap_or_default())
    );
    Ok(())
}

/// Copies some columns of every row.
fn columns(logits: &[f32], classes: &std::ops::Range<usize>) -> Vec<f32> {
    logits
        .chunks(CLASSES)
        .flat_map(|row| row[classes.clone()].to_vec())
        .collect()
}
