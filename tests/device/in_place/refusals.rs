//! Operations that cannot be in place, and are refused.

use wgpu_softmax::{
    CrossEntropyBuffers, CrossEntropySpec, Error, Layout, ShardSpec, SoftmaxBackwardBuffers,
    SoftmaxBuffers, SoftmaxSpec,
};

use crate::common::{assert_error, gpu, upload};

#[test]
fn what_in_place_refuses() -> Result<(), Error> {
    let planner = gpu().planner();
    let spec = SoftmaxSpec::new(4, 8).in_place();
    let moved = planner.softmax(spec.output_layout(Layout::CONTIGUOUS.offset(4)));
    let expected = "in place: expected one layout of what is read and what is written, \
                    found offset 0 and stride 8, offset 4 and stride 8";
    assert_error(moved, expected);
    let no_matrix = |name| {
        format!(
            "in place: expected an operation whose result is a matrix of the logits' shape, found {name}"
        )
    };
    assert_error(planner.logsumexp(spec), &no_matrix("logsumexp"));
    assert_error(planner.jacobian(spec), &no_matrix("jacobian"));
    let shard = planner.partial_statistic(ShardSpec::new(spec, 0, 1));
    assert_error(shard, &no_matrix("partial-statistic"));
    let of_classes = CrossEntropySpec::new(4, 8).in_place();
    let losses = planner.cross_entropy_from_pairs(of_classes);
    assert_error(losses, &no_matrix("cross-entropy-from-pairs"));

    let (one, other, ids) = (
        upload(gpu(), &[0.0_f32; 32]),
        upload(gpu(), &[0.0_f32; 32]),
        upload(gpu(), &[0; 4]),
    );
    let two = planner.softmax(spec)?.bind(SoftmaxBuffers {
        logits: &one,
        probs: &other,
    });
    let expected = "buffers `logits` and `probs`: expected the same one twice, in place, found two";
    assert_error(two, expected);
    let upstream = planner
        .softmax_backward(spec)?
        .bind(SoftmaxBackwardBuffers {
            probs: &one,
            grad_probs: &one,
            grad_logits: &one,
        });
    let is_aliased = matches!(
        upstream,
        Err(Error::Aliased {
            first: "grad_probs",
            ..
        })
    ) || matches!(
        upstream,
        Err(Error::Aliased {
            second: "grad_probs",
            ..
        })
    );
    assert!(is_aliased, "{upstream:?}");
    let plan = planner.cross_entropy(of_classes)?;
    let bind = |grad_logits| {
        plan.bind(CrossEntropyBuffers {
            logits: &one,
            targets: &ids,
            losses: &upload(gpu(), &[0.0_f32]),
            grad_logits,
        })
    };
    assert!(matches!(bind(Some(&other)), Err(Error::Apart { .. })));
    assert!(bind(Some(&one)).is_ok());
    assert!(bind(None).is_ok(), "a loss alone overwrites nothing");
    Ok(())
}
