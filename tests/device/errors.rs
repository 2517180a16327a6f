//! Every error once, with the expected and the found value; and odd values, which never panic.

use crate::common::{assert_error, buffer, gpu};
use wgpu_softmax::Selector;
use wgpu_softmax::wgpu::{Buffer, BufferUsages};
use wgpu_softmax::{
    Bound, CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras,
    CrossEntropyInputs, CrossEntropySpec, CrossEntropyWants, Error, Gpu, JacobianBuffers,
    Reduction, SoftmaxBuffers, SoftmaxSpec,
};

const STORAGE: BufferUsages = BufferUsages::STORAGE;

const LOSS_ALONE: CrossEntropyWants = CrossEntropyWants {
    grad_logits: false,
    lse: false,
};

fn storage(bytes: u64) -> Buffer {
    buffer(gpu(), bytes, STORAGE)
}

#[test]
fn slices_of_wrong_length() {
    let gpu = gpu();
    assert_error(
        gpu.softmax(&[0.0; 5], 2),
        "logits: expected 4 elements, found 5",
    );
    assert_error(
        gpu.jacobian(&[0.0; 5], 3),
        "logits: expected 3 elements, found 5",
    );
    let short = "grad_probs: expected 6 elements, found 5";
    assert_error(gpu.softmax_backward(&[0.5; 6], &[0.5; 5], 3), short);
    let short = "grad_lse: expected 3 elements, found 2";
    assert_error(gpu.logsumexp_backward(&[0.5; 6], &[0.5; 2], 3), short);
    let few = gpu.cross_entropy(
        &CrossEntropySpec::new(3, 2),
        CrossEntropyInputs::new(&[0.0; 6], &[0; 2]),
        LOSS_ALONE,
    );
    assert_error(few, "targets: expected 3 elements, found 2");
    let many = gpu.cross_entropy(
        &CrossEntropySpec::new(3, 2),
        CrossEntropyInputs::new(&[0.0; 7], &[0; 3]),
        LOSS_ALONE,
    );
    assert_error(many, "logits: expected 6 elements, found 7");
}

#[test]
fn shapes_out_of_range() {
    let none = "columns: expected at least 1, found 0";
    let planner = gpu().planner();
    assert_error(planner.softmax(SoftmaxSpec::new(3, 0)), none);
    assert_error(planner.jacobian(SoftmaxSpec::new(0, 0)), none);
    assert_error(planner.cross_entropy(CrossEntropySpec::new(3, 0)), none);
    assert_error(
        planner.cross_entropy_backward(CrossEntropySpec::new(3, 0)),
        none,
    );
    assert_error(gpu().softmax(&[], 2), none);
    assert_error(
        planner.logsumexp(SoftmaxSpec::new(u64::MAX, 1)),
        "rows: expected at most 4,294,967,295, found 18446744073709551615",
    );
    assert_error(
        planner.log_softmax(SoftmaxSpec::new(1, (1 << 30) + 1)),
        "columns: expected at most 1,073,741,824, found 1073741825",
    );
}

/// Binds softmax of 4 x 3 in such buffers.
fn bind_softmax(logits: &Buffer, probs: &Buffer) -> Result<Bound, Error> {
    let plan = gpu().planner().softmax(SoftmaxSpec::new(4, 3))?;
    plan.bind(SoftmaxBuffers { logits, probs })
}

#[test]
fn buffers_too_small() {
    let expected = "buffer `logits`: expected at least 48 bytes, found 44";
    assert_error(bind_softmax(&storage(44), &storage(48)), expected);
    let expected = "buffer `probs`: expected at least 48 bytes, found 0";
    assert_error(bind_softmax(&storage(48), &storage(0)), expected);
    assert!(bind_softmax(&storage(48), &storage(48)).is_ok());
}

#[test]
fn buffers_without_storage() {
    let expected = "buffer `logits`: expected a usage with BufferUsages(STORAGE), \
                    found BufferUsages(UNIFORM)";
    let uniform = buffer(gpu(), 48, BufferUsages::UNIFORM);
    assert_error(bind_softmax(&uniform, &storage(48)), expected);
    let expected = "buffer `probs`: expected a usage with BufferUsages(STORAGE), \
                    found BufferUsages(COPY_DST)";
    let copied = buffer(gpu(), 48, BufferUsages::COPY_DST);
    assert_error(bind_softmax(&storage(48), &copied), expected);
}

#[test]
fn buffers_given_twice() {
    let both = storage(48);
    let expected = "buffers `logits` and `probs`: expected two buffers, found the same one twice \
                    (only `in_place()` of a spec puts a result over the first input)";
    assert_error(bind_softmax(&both, &both), expected);
    assert_error(bind_softmax(&both, &both.clone()), expected);
    let plan = gpu()
        .planner()
        .jacobian(SoftmaxSpec::new(4, 1))
        .expect("a plan");
    let twice = plan.bind(JacobianBuffers {
        logits: &both,
        jacobian: &both,
    });
    let expected = "buffers `logits` and `jacobian`: expected two buffers, found the same one twice \
         (only `in_place()` of a spec puts a result over the first input)";
    assert_error(twice, expected);
}

/// Roles of cross-entropy, each with its bytes for 4 x 3.
const ROLES: [(&str, u64); 9] = [
    ("logits", 48),
    ("targets", 16),
    ("weight", 12),
    ("grad_losses", 16),
    ("losses", 16),
    ("grad_logits", 48),
    ("pairs", 32),
    ("lse", 16),
    ("status", 32),
];

/// Binds row losses of 4 x 3 in buffers in the order of the roles.
fn bind_cross_entropy(given: &[Buffer; 9], reduction: Reduction) -> Result<Bound, Error> {
    let [
        logits,
        targets,
        weight,
        grad_losses,
        losses,
        grad_logits,
        pairs,
        lse,
        status,
    ] = given;
    let plan = gpu()
        .planner()
        .cross_entropy(CrossEntropySpec::new(4, 3).reduction(reduction))?;
    let buffers = CrossEntropyBuffers {
        logits,
        targets,
        losses,
        grad_logits: Some(grad_logits),
    };
    let extras = CrossEntropyExtras::default()
        .weight(weight)
        .grad_losses(grad_losses)
        .pairs(pairs)
        .lse(lse)
        .status(status);
    plan.bind_with(4, buffers, extras)
}

#[test]
fn every_buffer_of_cross_entropy_is_checked() {
    let whole = || ROLES.map(|(_, bytes)| storage(bytes));
    assert!(bind_cross_entropy(&whole(), Reduction::None).is_ok());
    for (place, (role, bytes)) in ROLES.into_iter().enumerate() {
        let mut given = whole();
        given[place] = storage(bytes - 4);
        let found = bytes - 4;
        let expected = format!("buffer `{role}`: expected at least {bytes} bytes, found {found}");
        assert_error(bind_cross_entropy(&given, Reduction::None), &expected);
        given[place] = buffer(gpu(), bytes, BufferUsages::COPY_SRC);
        let error = bind_cross_entropy(&given, Reduction::Mean).err();
        assert!(
            matches!(error, Some(Error::BufferUsage { what, .. }) if what == role),
            "{error:?}"
        );
    }
}

#[test]
fn every_pair_of_roles_of_cross_entropy_needs_two_buffers() {
    for reduction in [Reduction::None, Reduction::Mean] {
        for first in 0..ROLES.len() {
            for second in first + 1..ROLES.len() {
                let mut given = [(); 9].map(|()| storage(48));
                given[second] = given[first].clone();
                let error = bind_cross_entropy(&given, reduction).err();
                if second < 4 {
                    assert_eq!(error, None, "both are read");
                } else {
                    assert_aliased(error, [ROLES[first].0, ROLES[second].0]);
                }
            }
        }
    }
}

#[track_caller]
fn assert_aliased(error: Option<Error>, mut roles: [&str; 2]) {
    let Some(Error::Aliased { first, second }) = error else {
        panic!("{roles:?}: {error:?}");
    };
    let mut named = [first, second];
    named.sort_unstable();
    roles.sort_unstable();
    assert_eq!(named, roles);
}

#[test]
fn buffers_of_the_backward_pass() {
    let plan = gpu()
        .planner()
        .cross_entropy_backward(CrossEntropySpec::new(4, 3));
    let plan = plan.expect("a plan");
    let bind = |pairs: &Buffer, grad_logits: &Buffer| {
        plan.bind(CrossEntropyBackwardBuffers {
            logits: &storage(48),
            targets: &storage(16),
            pairs,
            grad_logits,
        })
    };
    let expected = "buffer `pairs`: expected at least 32 bytes, found 28";
    assert_error(bind(&storage(28), &storage(48)), expected);
    let both = storage(48);
    let expected = "buffers `pairs` and `grad_logits`: expected two buffers, found the same one twice \
         (only `in_place()` of a spec puts a result over the first input)";
    assert_error(bind(&both, &both), expected);
}

#[test]
fn more_rows_than_planned() {
    let expected = "rows to bind, as against those planned: expected 4 elements, found 5";
    let (logits, other) = (storage(4096), storage(4096));
    let plan = gpu()
        .planner()
        .softmax(SoftmaxSpec::new(4, 3))
        .expect("a plan");
    let buffers = SoftmaxBuffers {
        logits: &logits,
        probs: &other,
    };
    assert_error(plan.bind_rows(5, buffers), expected);
    assert!(plan.bind_rows(u64::MAX, buffers).is_err());
    let plan = gpu()
        .planner()
        .cross_entropy(CrossEntropySpec::new(4, 3))
        .expect("a plan");
    let buffers = CrossEntropyBuffers {
        logits: &logits,
        targets: &logits,
        losses: &other,
        grad_logits: None,
    };
    assert_error(
        plan.bind_with(5, buffers, CrossEntropyExtras::default()),
        expected,
    );
    let far = plan.bind_with(u64::MAX, buffers, CrossEntropyExtras::default());
    assert!(
        matches!(
            far,
            Err(Error::Length {
                found: u64::MAX,
                ..
            })
        ),
        "{far:?}"
    );
}

#[test]
fn where_no_adapter_matches_those_found_are_named() {
    let selector: Selector = "no such adapter".parse().expect("any text will do");
    let error = Gpu::open_selected(&selector).expect_err("no adapter");
    let text = error.to_string();
    assert!(matches!(error, Error::NoAdapter(_)));
    assert!(text.contains("\"no such adapter\""), "{text}");
    assert!(text.contains(&gpu().adapter_info().name), "{text}");
    assert!(!text.contains("install"), "there is one: {text}");
}

#[test]
fn the_devices_own_errors_are_returned_once() {
    let own = Gpu::open().expect("a device");
    let short = own.upload("short", &[1_u32; 4]).expect("a buffer");
    let error = own.download::<u32>(&short, 5).expect_err("beyond the end");
    assert!(
        matches!(&error, Error::Device { at, .. } if at == "a download of 20 bytes"),
        "{error}"
    );
    assert_eq!(own.download::<u32>(&short, 4), Ok(vec![1; 4]));
}
