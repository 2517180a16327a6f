//! Rows whose columns are split over shards: merged statistics give the results of whole rows.

use crate::common::shards::{COLS, ROWS, Reading, Shard, merged};
use crate::common::{gpu, wide};
use wgpu_softmax::check::{Inputs, bounds, compare, inputs};
use wgpu_softmax::{
    CrossEntropyBackwardBuffers, CrossEntropyFromPairsBuffers, CrossEntropySpec, Error, Reduction,
    ShardSpec, SoftmaxFromPairsBuffers, SoftmaxSpec, reference,
};

const IGNORED: i32 = -100;

fn spec_of(shard: &Shard) -> CrossEntropySpec {
    shard.spec().ignore_index(IGNORED.into())
}

#[test]
fn probabilities_and_lse_are_those_of_whole_rows() -> Result<(), Error> {
    for inputs in Inputs::ALL {
        let logits = inputs.logits(ROWS, COLS, 5);
        let merged = merged(&logits, Reading::PLAIN)?;
        let probs = merged.joined(|shard, probs| {
            let spec = SoftmaxSpec::new(ROWS as u64, shard.columns.len() as u64);
            let buffers = SoftmaxFromPairsBuffers {
                logits: &shard.logits,
                pairs: &merged.pairs,
                probs,
            };
            gpu().run(
                &gpu().planner().softmax_from_pairs(spec)?.bind(buffers)?,
                "a shard",
            )
        })?;
        let expected = reference::softmax(&logits, COLS);
        let found = compare(&probs, &expected, &bounds::probability(&logits, COLS), COLS);
        assert!(found.passed(), "probabilities, {}: {found}", inputs.name());
        let expected = reference::logsumexp(&logits, COLS);
        let found = compare(&merged.lse, &expected, &bounds::lse(&logits, COLS), 1);
        assert!(found.passed(), "lse, {}: {found}", inputs.name());
    }
    Ok(())
}

#[test]
fn losses_of_the_shards_add_up_to_those_of_whole_rows() -> Result<(), Error> {
    for (inputs, targets) in cases() {
        let logits = inputs.logits(ROWS, COLS, 6);
        let merged = merged(&logits, Reading::PLAIN)?;
        let ids = gpu().upload("targets", &targets)?;
        let mut sums = vec![0.0_f32; ROWS];
        for shard in &merged.shards {
            let losses = gpu().allocate("losses", (ROWS * 4) as u64)?;
            let buffers = CrossEntropyFromPairsBuffers {
                logits: &shard.logits,
                targets: &ids,
                pairs: &merged.pairs,
                losses: &losses,
            };
            let plan = gpu().planner().cross_entropy_from_pairs(spec_of(shard))?;
            gpu().run(&plan.bind(buffers)?, "a shard")?;
            let losses: Vec<f32> = gpu().download(&losses, ROWS)?;
            sums.iter_mut()
                .zip(losses)
                .for_each(|(sum, loss)| *sum += loss);
        }
        let of = reference_of(Reduction::None);
        let ids = wide(&targets);
        let expected = of.losses(&logits, &ids).row_losses;
        let found = compare(&sums, &expected, &bounds::row_loss(&of, &logits, &ids), 1);
        assert!(found.passed(), "{}: {found}", inputs.name());
    }
    Ok(())
}

#[test]
fn gradients_of_the_shards_are_those_of_whole_rows() -> Result<(), Error> {
    for (inputs, targets) in cases() {
        let logits = inputs.logits(ROWS, COLS, 7);
        let merged = merged(&logits, Reading::PLAIN)?;
        let ids = gpu().upload("targets", &targets)?;
        let gradient = merged.joined(|shard, grad_logits| {
            let buffers = CrossEntropyBackwardBuffers {
                logits: &shard.logits,
                targets: &ids,
                pairs: &merged.pairs,
                grad_logits,
            };
            let plan = gpu().planner().cross_entropy_backward(spec_of(shard))?;
            gpu().run(&plan.bind(buffers)?, "a shard")
        })?;
        let (of, ids) = (reference_of(Reduction::Mean), wide(&targets));
        let expected = of.gradient(&logits, &ids);
        let allowed = bounds::loss_gradient(&of, &logits, &ids);
        let found = compare(&gradient, &expected, &allowed, COLS);
        assert!(found.passed(), "{}: {found}", inputs.name());
    }
    Ok(())
}

/// Returns distributions with their targets, some of which are bad.
fn cases() -> [(Inputs, Vec<i32>); 4] {
    let good = inputs::targets(ROWS, COLS, 6, Some(IGNORED.into()));
    let bad = inputs::bad_targets(ROWS, COLS, 6, Some(IGNORED.into()));
    [
        (Inputs::Peaked, good.clone()),
        (Inputs::Masked, good),
        (Inputs::Special, bad.clone()),
        (Inputs::Shifted1e8, bad),
    ]
}

fn reference_of(reduction: Reduction) -> reference::CrossEntropy {
    reference::CrossEntropy::new(COLS)
        .ignore_index(IGNORED.into())
        .reduction(reduction)
}

#[test]
fn a_shard_that_is_none_is_refused() {
    let error = gpu()
        .planner()
        .partial_statistic(ShardSpec::new(SoftmaxSpec::new(2, 8), 3, 3))
        .expect_err("3 of 3");
    assert_eq!(
        error.to_string(),
        "shard: expected a number below that of all shards, found 3 of 3"
    );
    let beyond = CrossEntropySpec::new(2, 8).shard(60, 64);
    let error = gpu()
        .planner()
        .cross_entropy_backward(beyond)
        .expect_err("60 to 68 of 64");
    assert!(
        error.to_string().contains("found 60 to 68 of 64"),
        "{error}"
    );
}
