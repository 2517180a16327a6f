//! Tunings without a device: for whom they hold, and which kernel of them serves a problem.

use super::{TunedKernel, Tuning};
use crate::error::Error;
use crate::spec::dtype::DType;
use crate::variant::{Abilities, KernelOptions, Masking, Operation, Problem, TargetKind, Vendor};

const ABILITIES: Abilities = Abilities {
    subgroup: Some(8),
    software: true,
    vendor: Vendor::Other,
    int64: true,
    max_invocations: 1024,
    max_workgroup_bytes: 32_768,
    max_binding_bytes: 1 << 27,
};

fn softmax(rows: u64, cols: u32) -> Problem {
    Problem::contiguous(Operation::Softmax, rows, cols, DType::F32)
}

fn tuned(variant: &str) -> TunedKernel {
    TunedKernel {
        cols: (96, 1100),
        rows: (512, 4_294_967_295),
        ..TunedKernel::new(softmax(1024, 1000), variant.parse().expect("a variant"))
    }
}

fn tuning(kernels: Vec<TunedKernel>) -> Tuning {
    Tuning {
        device: "llvmpipe".into(),
        backend: "vulkan".into(),
        driver: "llvmpipe".into(),
        driver_version: "Mesa 25.0".into(),
        crate_version: "1.2.3".into(),
        shaders: "0123".into(),
        kernels,
    }
}

/// Name of the kernel that a tuning has for a problem.
fn found(kernel: &TunedKernel, problem: Problem) -> Option<String> {
    let tuning = tuning(vec![kernel.clone()]);
    let found = tuning.find(problem, &ABILITIES);
    found.map(|(_, variant)| variant.to_string())
}

#[test]
fn a_tuning_of_anything_else_is_refused_with_what_was_expected_and_found() {
    let here = tuning(Vec::new());
    let refused = |tunings: &[Tuning]| match here.clone().join(tunings) {
        Err(Error::Tuning {
            what,
            expected,
            found,
        }) => (what, expected, found),
        other => panic!("{other:?}"),
    };
    type Change = fn(&mut Tuning) -> &mut String;
    let changes: [(Change, &str, &str); 6] = [
        (|t| &mut t.device, "device", "llvmpipe"),
        (|t| &mut t.backend, "backend", "vulkan"),
        (|t| &mut t.driver, "driver", "llvmpipe"),
        (|t| &mut t.driver_version, "driver's version", "Mesa 25.0"),
        (|t| &mut t.crate_version, "crate's version", "1.2.3"),
        (|t| &mut t.shaders, "digest of the shaders", "0123"),
    ];
    for (place, (change, what, expected)) in changes.into_iter().enumerate() {
        let mut other = here.clone();
        *change(&mut other) = "another".into();
        let refusal = (what, expected.to_owned(), "another".to_owned());
        assert_eq!(refused(&[other.clone()]), refusal);
        // Of several, the one that comes nearest is named.
        for (change, ..) in &changes[..place] {
            let mut farther = here.clone();
            *change(&mut farther) = "far".into();
            assert_eq!(refused(&[farther.clone(), other.clone()]), refusal);
            assert_eq!(refused(&[other.clone(), farther]), refusal);
        }
    }
    let none = ("device", "llvmpipe".to_owned(), "no tuning".to_owned());
    assert_eq!(refused(&[]), none);
}

#[test]
fn tunings_of_this_device_are_joined_and_others_are_left_out() {
    let kernels = ["streamed.subgroup8of64.quads", "split2.subgroup8of64.quads"].map(tuned);
    let [one, two] = kernels.clone().map(|kernel| tuning(vec![kernel]));
    let other = Tuning {
        device: "another".into(),
        ..tuning(vec![tuned("streamed.subgroup4of64.quads")])
    };
    let joined = tuning(Vec::new()).join(&[other, one, two]);
    assert_eq!(joined.expect("two of this device").kernels, kernels);
}

#[test]
fn a_kernel_serves_its_class_and_nothing_else() {
    let kernel = tuned("streamed.subgroup8of64.quads");
    let inside = softmax(1024, 1000);
    for problem in [
        inside,
        softmax(512, 96),
        softmax(4_294_967_295, 1100),
        Problem {
            options: KernelOptions {
                capped: true,
                ..KernelOptions::default()
            },
            ..inside
        },
    ] {
        assert_eq!(found(&kernel, problem), Some(kernel.variant.to_string()));
    }
    let with = |options| Problem { options, ..inside };
    let masked = KernelOptions {
        masking: Masking::Kept,
        ..KernelOptions::default()
    };
    let causal = KernelOptions {
        causal: true,
        ..KernelOptions::default()
    };
    let dense = KernelOptions {
        target_kind: TargetKind::Smoothed,
        ..KernelOptions::default()
    };
    let auxiliary = KernelOptions {
        entropy: true,
        ..KernelOptions::default()
    };
    for problem in [
        softmax(1024, 92),
        softmax(1024, 1104),
        softmax(511, 1000),
        Problem::contiguous(Operation::LogSoftmax, 1024, 1000, DType::F32),
        Problem::contiguous(Operation::Softmax, 1024, 1000, DType::F16),
        inside.strided(4),
        with(masked),
        with(causal),
        with(dense),
        with(auxiliary),
    ] {
        assert_eq!(found(&kernel, problem), None, "{problem:?}");
    }
}

#[test]
fn a_kernel_is_fitted_or_left_out_where_it_cannot_serve() {
    let registers = tuned("registers32.subgroup8of64.quads64");
    let name = |quads| Some(format!("registers{quads}.subgroup8of64.quads64"));
    assert_eq!(found(&registers, softmax(1024, 1000)), name(32));
    assert_eq!(found(&registers, softmax(1024, 100)), name(4));
    // Rows that start elsewhere, and more columns than the lanes hold.
    assert_eq!(found(&registers, softmax(1024, 999)), None);
    assert_eq!(found(&registers, softmax(1024, 1100)), None);
    let in_place = |variant: &str, cols| {
        let mut problem = softmax(1024, cols);
        problem.options.in_place = true;
        found(&tuned(variant), problem)
    };
    assert_eq!(
        in_place("registers32.subgroup8of64.quads64", 1000),
        name(32)
    );
    let shifted = "streamed.subgroup8of64.shifted";
    assert_eq!(in_place(&format!("{shifted}64"), 999), Some(shifted.into()));
    // What a file may say, however absurd.
    for absurd in [
        "registers1.subgroup2147483648of2147483648.quads",
        "registers1.subgroup0of64.quads",
        "registers1.hybrid8x134217728of1073741824.quads",
        "split0.subgroup8of64.quads",
        "streamed.subgroup16of64.quads",
        "streamed.workgroup8of4096.quads",
    ] {
        assert_eq!(found(&tuned(absurd), softmax(1024, 1000)), None, "{absurd}");
    }
    let later = tuning(vec![tuned("split0.subgroup8of64.quads"), registers]);
    let found = later.find(softmax(1024, 1000), &ABILITIES);
    assert_eq!(found.map(|(kernel, _)| kernel), Some(&later.kernels[1]));
}

#[cfg(feature = "cli")]
#[test]
fn json_keeps_everything_and_says_what_is_wrong() {
    let tuning = tuning(vec![tuned("registers32.subgroup8of64.quads64")]);
    let text = serde_json::to_string(&[&tuning]).expect("it is written");
    let read: Vec<Tuning> = serde_json::from_str(&text).expect("it is read");
    assert_eq!(read, [tuning]);
    for (from, to, words) in [
        (
            r#""softmax""#,
            r#""softmin""#,
            "the name of an operation, found \"softmin\"",
        ),
        (r#""f32""#, r#""f64""#, "f32, f16 or bf16, found \"f64\""),
        ("registers32.", "registers32,", "a variant as registers4"),
    ] {
        assert!(text.contains(from), "{text}");
        let error = serde_json::from_str::<Vec<Tuning>>(&text.replace(from, to));
        let error = error.expect_err(to).to_string();
        assert!(error.contains(words), "{error}");
    }
}
