//! What cannot have sinks, and buffers that do not fit them.

use crate::common::{Output, assert_error, gpu, upload};
use wgpu_softmax::{JacobianBuffers, SoftmaxBuffers, SoftmaxExtras, SoftmaxSpec};

#[test]
fn what_cannot_have_sinks() {
    let planner = gpu().planner();
    let spec = SoftmaxSpec::new(4, 6);
    assert_error(
        planner.jacobian(spec.sinks(1, 1)).map(drop),
        "sinks: expected none, but for softmax, log-softmax, logsumexp and their backward passes, found some for jacobian",
    );
    assert_error(
        planner.softmax(spec.sinks(0, 4)).map(drop),
        "sinks: expected 1 to 4,294,967,295 heads and queries, found 0 heads of 4 queries",
    );
    let input = upload(gpu(), &[0.0_f32; 24]);
    let (output, more) = (Output::new(gpu(), 24), upload(gpu(), &[0.0_f32; 64]));
    let buffers = SoftmaxBuffers {
        logits: &input,
        probs: &output.buffer,
    };
    let (none, few) = (SoftmaxExtras::default(), upload(gpu(), &[0.0_f32; 3]));
    let plan = planner.softmax(spec.sinks(64, 1)).expect("a plan");
    let bind = |extras| plan.bind_with(4, buffers, extras).map(drop);
    assert_error(
        plan.bind(buffers).map(drop),
        "sinks: expected a buffer for it, given to `bind_with`, found none",
    );
    assert_error(
        bind(none.sinks(&few)),
        "buffer `sinks`: expected at least 256 bytes, found 16",
    );
    assert_error(
        bind(none.sinks(&more).grad_sinks(&output.buffer)),
        "grad_sinks: expected none for this operation, found a buffer for softmax",
    );
    assert_error(
        bind(none.sinks(&more).sink_probs(&more)),
        "buffers `sinks` and `sink_probs`: expected two buffers, found the same one twice (only `in_place()` of a spec puts a result over the first input)",
    );
    assert!(bind(none.sinks(&more)).is_ok(), "no output is asked for");
    let plain = planner.softmax(spec).expect("a plan");
    assert_error(
        plain.bind_with(4, buffers, none.sinks(&more)).map(drop),
        "sinks: expected a spec with sinks, found one without",
    );
    let jacobian = planner.jacobian(spec).expect("a plan");
    let of_jacobian = JacobianBuffers {
        logits: &input,
        jacobian: &more,
    };
    assert_error(
        jacobian
            .bind_with(1, of_jacobian, none.sinks(&more))
            .map(drop),
        "sinks: expected a spec with sinks, found one without",
    );
    let refused = gpu().softmax_with_sinks(&spec.sinks(2, 2), &[0.0; 24], &[0.0; 3], None);
    assert_error(refused, "sinks: expected 2 elements, found 3");
    let refused = gpu().softmax_with_sinks(&spec, &[0.0; 24], &[0.0; 3], None);
    assert_error(
        refused,
        "sinks: expected a spec with sinks, found one without",
    );
}
