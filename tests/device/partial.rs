//! Rows whose columns are split over shards: merged statistics give the results of whole rows.

use crate::common::gpu;
use crate::common::shards::{COLS, ROWS, Reading, merged};
use wgpu_softmax::check::{Inputs, bounds, compare};
use wgpu_softmax::{
    CrossEntropySpec, Error, ShardSpec, SoftmaxFromPairsBuffers, SoftmaxSpec, reference,
};

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
