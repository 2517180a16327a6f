//! The bench's arithmetic, and the contents of a short measurement. No time is asserted: the machine may be busy.

use std::time::Duration;

use wgpu_softmax::bench::{
    Bench, Budget, Ceiling, Clock, Measurement, Options, Selection, Shape, Spread, Subject,
    Unmeasured, Verdict,
};
use wgpu_softmax::variant::Operation;
use wgpu_softmax::wgpu::{Features, Limits};
use wgpu_softmax::{DType, Error};

use crate::common::{device, gpu};

const fn subject(operation: Operation, rows: u64, cols: u64, dtype: DType) -> Subject {
    Subject {
        operation,
        rows,
        cols,
        inner: 1,
        dtype,
    }
}

fn measure(subjects: &[Subject], options: Options) -> Vec<Measurement> {
    let mut bench = Bench::new(gpu(), options).expect("a bench");
    let mut measure = |subject: &Subject| bench.measure(*subject, Duration::ZERO);
    subjects
        .iter()
        .map(|subject| measure(subject).expect("a measurement"))
        .collect()
}

#[test]
fn a_spread_is_the_median_and_the_quartiles() {
    let spread = |measurements: &[f64]| {
        let spread = Spread::of(measurements);
        [spread.lower, spread.median, spread.upper]
    };
    assert_eq!(spread(&[5.0, 1.0, 3.0, 2.0, 4.0]), [2.0, 3.0, 4.0]);
    assert_eq!(spread(&[4.0, 1.0, 3.0, 2.0]), [1.75, 2.5, 3.25]);
    assert_eq!(spread(&[7.0]), [7.0; 3]);
    assert!(Spread::of(&[]).median.is_nan());
    assert_eq!(Spread::of(&[5.0, 1.0, 3.0, 2.0, 4.0]).relative(), 2.0 / 3.0);
}

#[test]
fn bytes_are_each_input_once_and_each_output_once() {
    // 10 rows of 100 columns: 4,000 bytes of f32, and 40 bytes of one value a row.
    let table = [
        (Operation::Softmax, 2, 0),
        (Operation::LogSoftmax, 2, 0),
        (Operation::LogSumExp, 1, 1),
        (Operation::SoftmaxBackward, 3, 0),
        (Operation::LogSoftmaxBackward, 3, 0),
        (Operation::LogSumExpBackward, 2, 1),
        // Targets and losses; the pairs count as two.
        (Operation::CrossEntropy, 1, 4),
        (Operation::CrossEntropyBackward, 2, 3),
        (Operation::CrossEntropyFused, 2, 2),
        (Operation::Jacobian, 101, 0),
    ];
    assert_eq!(table.map(|(operation, ..)| operation), Operation::ALL);
    for (operation, matrices, per_row) in table {
        let bytes = |dtype| subject(operation, 10, 100, dtype).bytes();
        assert_eq!(
            bytes(DType::F32),
            4000 * matrices + 40 * per_row,
            "{operation}"
        );
        assert_eq!(
            bytes(DType::Bf16),
            2000 * matrices + 40 * per_row,
            "{operation}"
        );
    }
}

#[test]
fn what_writes_no_matrix_is_timed_beside_a_read() {
    for operation in Operation::ALL {
        let reads = matches!(operation, Operation::LogSumExp | Operation::CrossEntropy);
        let expected = if reads { Ceiling::Read } else { Ceiling::Copy };
        assert_eq!(
            subject(operation, 1, 1, DType::F32).ceiling(),
            expected,
            "{operation}"
        );
    }
}

/// Number of the grid's shapes, apart from those of Jacobians.
const GRID_SHAPES: usize = 13;

#[test]
fn the_grid_has_every_operation_at_every_shape_of_its_own() {
    let subjects = Selection::default().subjects(false);
    let count = |dtype| subjects.iter().filter(|of| of.dtype == dtype).count();
    let matrices = Operation::ALL.len() - 1;
    assert_eq!(count(DType::F32), GRID_SHAPES * matrices + 2);
    assert_eq!(count(DType::Bf16), 2 * matrices);
    let first = Shape::from((8192, 1024));
    assert!(subjects[..matrices].iter().all(|of| of.shape() == first));
}

#[test]
fn every_operation_is_timed_at_three_lengths_before_any_at_more() {
    let subjects = Selection::default().subjects(false);
    for operation in Operation::ALL {
        let of = |subject: &&Subject| subject.operation == operation && subject.dtype == DType::F32;
        let lengths = |subjects: &[Subject]| {
            let lengths: std::collections::HashSet<_> = subjects
                .iter()
                .filter(of)
                .map(|subject| subject.cols)
                .collect();
            lengths.len()
        };
        // The first place at which anything has a fourth length.
        let fourth = (0..subjects.len()).find(|&end| {
            let before = &subjects[..=end];
            let same = before
                .iter()
                .filter(|subject| subject.operation == Operation::Softmax);
            let cols: std::collections::HashSet<_> = same.map(|subject| subject.cols).collect();
            cols.len() > 3
        });
        let early = lengths(&subjects[..fourth.expect("a fourth length")]);
        assert_eq!(early, lengths(&subjects).min(3), "{operation}");
    }
    let shapes = [4, 8, 16, 32].map(|cols| Shape::from((2, cols)));
    let subjects = Selection::default()
        .operations(vec![Operation::Softmax])
        .shapes(shapes.to_vec())
        .dtypes(vec![DType::F32, DType::F16])
        .subjects(false);
    let order: Vec<_> = subjects.iter().map(|of| (of.dtype, of.cols)).collect();
    let of = |dtype, cols: &[u64]| cols.iter().map(|&cols| (dtype, cols)).collect::<Vec<_>>();
    let first = [of(DType::F32, &[4, 8, 16]), of(DType::F16, &[4, 8, 16])].concat();
    assert_eq!(
        order,
        [first, vec![(DType::F32, 32), (DType::F16, 32)]].concat()
    );
}

#[test]
fn a_verdict_needs_a_change_larger_than_drift_and_quartiles() {
    let spread = |lower, median, upper| Spread {
        lower,
        median,
        upper,
    };
    let then = spread(0.59, 0.60, 0.61);
    let cases = [
        (spread(0.44, 0.45, 0.46), Verdict::Slower),
        (spread(0.79, 0.80, 0.81), Verdict::Faster),
        // Disjoint, but by less than the drift from run to run.
        (spread(0.55, 0.56, 0.57), Verdict::Same),
        // Far apart, in the midst of noise as large.
        (spread(0.36, 0.45, 0.62), Verdict::Same),
        // Of an earlier version, without quartiles.
        (spread(f64::NAN, 0.45, f64::NAN), Verdict::Slower),
        (spread(f64::NAN, f64::NAN, f64::NAN), Verdict::Same),
    ];
    for (now, verdict) in cases {
        assert_eq!(Verdict::of(then, now), verdict, "{now:?}");
        let opposite = match verdict {
            Verdict::Faster => Verdict::Slower,
            Verdict::Slower => Verdict::Faster,
            other => other,
        };
        assert_eq!(Verdict::of(now, then), opposite, "{now:?}");
    }
}

#[test]
fn software_adapters_get_fewer_rows_of_the_same_columns() {
    let selection = Selection::default();
    let (full, reduced) = (selection.subjects(false), selection.subjects(true));
    assert_eq!(full.len(), reduced.len());
    for (full, reduced) in full.iter().zip(&reduced) {
        let same = |of: &Subject| (of.operation, of.cols);
        assert_eq!(same(full), same(reduced));
        assert!(reduced.rows.is_multiple_of(reduced.inner));
        // With fewer than 16 rows other kernels are chosen.
        assert!((16..=full.rows).contains(&reduced.rows));
        let elements = reduced.rows * reduced.elements_per_row();
        assert!(elements <= 1 << 21 || reduced.rows < 2 * 16);
    }
}

#[test]
fn what_is_asked_for_is_timed_as_it_is() {
    let jacobians = |selection: &Selection| {
        let mut subjects = selection.subjects(true);
        subjects.retain(|subject| subject.operation == Operation::Jacobian);
        subjects
    };
    let selection = Selection::default()
        .operations(vec![Operation::Softmax, Operation::Jacobian])
        .shapes(vec![(1 << 20, 1000).into(), (3, 7).into()])
        .dtypes(vec![DType::F16]);
    assert_eq!(selection.subjects(true).len(), 4);
    assert_eq!(selection.subjects(true)[0].rows, 1 << 20);
    let unasked = jacobians(&selection.operations(Vec::new()));
    assert_eq!(unasked.len(), 1, "not at 1,000 columns unasked");
    let selection = Selection::default().operations(vec![Operation::Jacobian]);
    let subjects = selection.subjects(false);
    assert!(subjects.iter().all(|subject| subject.cols <= 128));
}

#[test]
fn a_budget_gives_equal_parts_until_it_is_spent() {
    let budget = Budget::new(Duration::from_secs(3600));
    let share = budget.share(4).expect("time");
    assert!(share <= Duration::from_secs(900) && share > Duration::from_secs(890));
    assert!(budget.part(2).share(1).expect("time") <= Duration::from_secs(1800));
    assert_eq!(Budget::new(Duration::ZERO).share(1), None);
}

#[test]
fn every_operation_is_measured() {
    let subjects = Operation::ALL.map(|operation| subject(operation, 64, 33, DType::F32));
    for (subject, measured) in subjects.iter().zip(measure(&subjects, Options::default())) {
        assert_eq!(measured.subject, *subject);
        assert!(
            measured.kernel.starts_with(subject.operation.name()),
            "{}",
            measured.kernel
        );
        assert_eq!(
            (measured.bytes, measured.ceiling),
            (subject.bytes(), subject.ceiling())
        );
        assert!(
            measured
                .ceiling_kernel
                .starts_with(subject.ceiling().name())
        );
        assert!(measured.rounds >= 5, "{}", measured.rounds);
        for spread in [
            measured.time_ns,
            measured.fraction,
            measured.ceiling_gb_per_s,
        ] {
            assert!(
                spread.lower > 0.0 && spread.upper.is_finite(),
                "{subject}: {spread:?}"
            );
            assert!(spread.lower <= spread.median && spread.median <= spread.upper);
        }
        let rate = measured.bytes as f64 / measured.time_ns.median;
        assert_eq!(measured.gb_per_s(), rate);
        assert_eq!(measured.exp_fraction, None, "not asked for");
        assert!(!measured.cold, "too small to leave a cache");
    }
}

#[test]
fn exponentials_are_compared_where_the_operation_takes_them() {
    let options = Options::default().exp_ceiling(true);
    let operations = [
        Operation::Softmax,
        Operation::CrossEntropy,
        Operation::SoftmaxBackward,
    ];
    let subjects = operations.map(|operation| subject(operation, 16, 50, DType::Bf16));
    let found = measure(&subjects, options);
    let has_exps = |measured: &Measurement| measured.exp_fraction.is_some_and(|of| of.median > 0.0);
    assert_eq!(
        found.iter().map(has_exps).collect::<Vec<_>>(),
        [true, true, false]
    );
}

#[test]
fn plain_ceilings_are_those_of_whole_workgroups_alone() {
    let softmax = subject(Operation::Softmax, 64, 64, DType::F32);
    let forms = |options| {
        let mut bench = Bench::new(gpu(), options).expect("a bench");
        bench
            .measure(softmax, Duration::ZERO)
            .expect("a measurement");
        let sweeps = bench.sweeps().iter().flat_map(|sweep| sweep.forms.clone());
        sweeps.map(|(name, _)| name).collect::<Vec<_>>()
    };
    let is_plain = |name: &String| {
        ["span64of64", "span256of256", "span1024of1024"]
            .iter()
            .any(|plain| name.ends_with(plain))
    };
    let plain = forms(Options::default().vec4_ceiling(true));
    assert!(plain.len() > 2 && plain.iter().all(is_plain), "{plain:?}");
    let all = forms(Options::default());
    assert!(!all.iter().all(is_plain), "{all:?}");
}

#[test]
fn memory_is_cold_unless_it_is_asked_to_be_warm() {
    let softmax = subject(Operation::Softmax, 1024, 1024, DType::F32);
    let cold = measure(&[softmax], Options::default());
    let options = Options::default().warm(true);
    let warm = measure(&[softmax], options);
    assert_eq!((cold[0].cold, warm[0].cold), (true, false));
}

#[test]
fn a_device_without_timestamps_is_timed_by_the_wall() {
    let plain = device(Features::empty(), Limits::default());
    let mut bench = Bench::new(&plain, Options::default()).expect("a bench");
    let softmax = subject(Operation::Softmax, 100, 100, DType::F32);
    let measured = bench
        .measure(softmax, Duration::ZERO)
        .expect("a measurement");
    assert_eq!((bench.clock(), measured.clock), (Clock::Wall, Clock::Wall));
    assert!(measured.fraction.median > 0.0 && measured.fraction.median.is_finite());
}

#[test]
fn sweeps_tell_every_form_from_the_best_on() {
    let mut bench = Bench::new(gpu(), Options::default()).expect("a bench");
    let softmax = subject(Operation::Softmax, 100, 100, DType::F32);
    let mut measure = |subject| {
        bench
            .measure(subject, Duration::ZERO)
            .expect("a measurement")
    };
    let first = measure(softmax);
    measure(subject(Operation::Softmax, 101, 100, DType::F32));
    let [sweep] = bench.sweeps() else {
        panic!("one sweep serves both: {:?}", bench.sweeps())
    };
    assert_eq!((sweep.ceiling, sweep.exps), (Ceiling::Copy, 0));
    assert_eq!(sweep.forms[0].0, first.ceiling_kernel);
    assert!(sweep.forms.len() > 5);
    assert!(sweep.forms.is_sorted_by(|one, other| one.1 >= other.1));
}

#[test]
fn what_cannot_be_served_is_the_librarys_error() {
    let mut bench = Bench::new(gpu(), Options::default()).expect("a bench");
    let mut error = |subject| {
        bench
            .measure(subject, Duration::ZERO)
            .expect_err("no measurement")
    };
    let without_columns = error(subject(Operation::Softmax, 1, 0, DType::F32));
    assert!(matches!(
        without_columns,
        Unmeasured::Failed(Error::Value { .. })
    ));
    let beyond_memory = error(subject(Operation::Softmax, 1 << 30, 1 << 30, DType::F32));
    assert!(
        matches!(beyond_memory, Unmeasured::Failed(Error::Limit { .. })),
        "{beyond_memory}"
    );
    let partial = error(subject(Operation::PartialStatistic, 1, 1, DType::F32));
    assert!(
        matches!(partial, Unmeasured::Failed(Error::Value { .. })),
        "{partial}"
    );
    let empty = error(subject(Operation::Softmax, 0, 1, DType::F32));
    assert!(
        matches!(empty, Unmeasured::Failed(Error::Value { .. })),
        "{empty}"
    );
}
