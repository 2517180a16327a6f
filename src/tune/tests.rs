//! Verdicts and classes, from times that are made up.

use super::{Finalist, Outcome, Spread, classes, finalists, of_groups};
use crate::bench::Subject;
use crate::spec::dtype::DType;
use crate::variant::Operation;

/// Outcome of a race at a shape, by the ratios of its rounds.
fn outcome((rows, cols): (u64, u64), ratios: &[f64]) -> Outcome {
    let finalist = |name: &str| Finalist {
        variant: name.parse().expect("a variant"),
        fraction: Spread::of(&[0.5]),
    };
    Outcome {
        subject: Subject {
            operation: Operation::Softmax,
            rows,
            cols,
            inner: 1,
            dtype: DType::F32,
        },
        tried: 2,
        rounds: ratios.len(),
        preferred: finalist("registers4.subgroup8of64.quads"),
        best: finalist("streamed.subgroup8of64.quads"),
        ratio: of_groups(ratios),
        wrong: Vec::new(),
    }
}

#[test]
fn only_what_is_faster_in_three_of_four_rounds_replaces() {
    let replaces = |ratios: &[f64]| outcome((1024, 64), ratios).replaces();
    assert!(replaces(&[1.2, 1.1, 1.3, 1.05, 1.25]));
    // Much faster in half of them, a little in all of them, or slower.
    assert!(!replaces(&[2.0, 2.0, 2.0, 0.9, 0.9]));
    assert!(!replaces(&[1.02; 9]));
    assert!(!replaces(&[0.8; 9]));
    assert!(!replaces(&[]));
    // The median of a group counts: more rounds show what noise has hidden.
    let noisy: Vec<f64> = [0.7, 1.2, 1.2, 1.2, 0.7].repeat(63);
    assert!(!replaces(&noisy[..20]) && replaces(&noisy));
}

#[test]
fn the_preferred_kernel_and_the_three_fastest_others_are_finalists() {
    let times = [5.0, 3.0, 9.0, 1.0, 4.0, 2.0].map(|time| vec![time, time, 100.0]);
    assert_eq!(finalists(&times), [0, 3, 5, 1]);
    assert_eq!(finalists(&times[..1]), [0]);
}

/// Ranges of columns and rows of those that replace.
fn ranges(outcomes: &[Outcome]) -> Vec<[u64; 4]> {
    let kernels = classes::kernels(outcomes).into_iter();
    kernels
        .map(|kernel| {
            let (cols, rows) = (kernel.cols, kernel.rows);
            [cols.0.into(), cols.1.into(), rows.0, rows.1]
        })
        .collect()
}

#[test]
fn a_class_reaches_half_an_octave_or_midway_to_what_was_measured_next() {
    const ALL: u64 = u32::MAX as u64;
    let (wins, loses) = ([1.5; 5], [0.9; 5]);
    assert_eq!(
        ranges(&[outcome((100, 1000), &wins)]),
        [[708, 1414, 50, 200]]
    );
    assert_eq!(
        ranges(&[outcome((1024, 1000), &wins)]),
        [[708, 1414, 512, ALL]]
    );
    // Where the preferred kernel stays, it has its own range.
    let kept = [outcome((1024, 1000), &wins), outcome((1024, 810), &loses)];
    assert_eq!(ranges(&kept), [[901, 1414, 512, ALL]]);
    let both = [outcome((1024, 1000), &wins), outcome((1024, 810), &wins)];
    assert_eq!(ranges(&both)[0][0], ranges(&both)[1][1] + 1);
    // Fewer rows of one length are another class.
    let rows = [outcome((4096, 1000), &wins), outcome((2048, 1000), &wins)];
    assert_eq!(
        ranges(&rows),
        [[708, 1414, 2897, ALL], [708, 1414, 1024, 2896]]
    );
    let of_f16 = Outcome {
        subject: Subject {
            dtype: DType::F16,
            ..kept[1].subject
        },
        ..kept[1].clone()
    };
    assert_eq!(ranges(&[kept[0].clone(), of_f16])[0][0], 708);
}
