//! A forced variant that cannot run is an error that says why.

use crate::common::{assert_error, device, forced, gpu};
use wgpu_softmax::variant::{Access, Family, Reduce, Variant};
use wgpu_softmax::wgpu::{Features, Limits};
use wgpu_softmax::{CrossEntropySpec, Error};

/// A variant that serves rows of 16 columns on any device.
const GOOD: Variant = Variant {
    family: Family::Streamed,
    reduce: Reduce::Workgroup,
    lanes: 64,
    workgroup: 64,
    access: Access::Quads,
    int64: false,
    groups: 0,
};

/// Function that makes a good variant a bad one.
type Spoil = fn(&mut Variant);

#[test]
fn forced_variants_that_cannot_run() {
    let no_int64 = match gpu().planner().abilities().int64 {
        true => "words are no 64-bit integers",
        false => "the device lacks 64-bit integers in shaders",
    };
    let bad: [(Spoil, &str); 11] = [
        (|v| v.lanes = 48, "48 lanes do not divide a workgroup of 64"),
        (|v| v.lanes = 0, "0 lanes do not divide a workgroup of 64"),
        (
            |v| v.workgroup = 0,
            "64 lanes do not divide a workgroup of 0",
        ),
        (
            |v| v.workgroup = 1 << 20,
            "a workgroup has 1024 invocations at most",
        ),
        (
            |v| v.reduce = Reduce::Invocation,
            "one invocation has one lane",
        ),
        (
            |v| v.family = Family::Split { parts: 262_145 },
            "64 lanes merge 262144 parts at most",
        ),
        (|v| v.family = Family::Split { parts: 0 }, "no parts"),
        (
            |v| v.family = Family::Elementwise { parts: 1 },
            "the operation belongs to another family",
        ),
        (
            |v| v.family = Family::Registers { quads: 33 },
            "a lane holds 32 quads at most",
        ),
        (
            |v| (v.family, v.lanes) = (Family::Registers { quads: 1 }, 2),
            "2 lanes hold 16 columns in 2 quads each",
        ),
        (|v| (v.access, v.int64) = (Access::Words, true), no_int64),
    ];
    for (spoil, reason) in bad {
        let mut variant = GOOD;
        spoil(&mut variant);
        let gpu = forced(gpu(), variant);
        let expected = format!("kernel softmax.{variant} cannot run here: {reason}");
        let expected = expected.replace(
            "1024 inv",
            &format!("{} inv", gpu.planner().abilities().max_invocations),
        );
        assert_error(gpu.softmax(&[0.0; 32], 2), &expected);
        let ce = gpu.planner().cross_entropy(CrossEntropySpec::new(2, 16));
        assert!(matches!(ce, Err(Error::Variant { .. })), "{variant}");
    }
    assert!(forced(gpu(), GOOD).softmax(&[0.0; 32], 2).is_ok());
}

#[test]
fn forced_variants_that_do_not_fit_the_shape_or_device() {
    let gpu = forced(gpu(), GOOD);
    let unaligned = "kernel softmax.streamed.workgroup64of64.quads cannot run here: \
                     rows do not start on multiples of four elements";
    assert_error(gpu.softmax(&[0.0; 30], 2), unaligned);
    let backward = gpu
        .planner()
        .cross_entropy_backward(CrossEntropySpec::new(2, 16));
    assert!(
        matches!(backward, Err(Error::Variant { .. })),
        "{backward:?}"
    );
    let plain = device(Features::empty(), Limits::default());
    let subgroup = Variant {
        reduce: Reduce::Subgroup,
        lanes: 4,
        ..GOOD
    };
    let expected = "kernel softmax.streamed.subgroup4of64.quads cannot run here: \
                    subgroups have 0 lanes";
    assert_error(forced(&plain, subgroup).softmax(&[0.0; 32], 2), expected);
    let int64 = Variant {
        int64: true,
        ..GOOD
    };
    let expected = "kernel softmax.streamed.workgroup64of64.quads64 cannot run here: \
                    the device lacks 64-bit integers in shaders";
    assert_error(forced(&plain, int64).softmax(&[0.0; 32], 2), expected);
}
