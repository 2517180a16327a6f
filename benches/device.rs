//! Device time of a few operations, and of the copy or read of the same bytes with which each is compared.
//!
//! Criterion times them one after the other. `wgpu-softmax bench` has fractions from one round, and all shapes.

use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use std::hint::black_box;
use std::time::Duration;
use wgpu_softmax::bench::{Bench, Case, Options, Selection, Subject};
use wgpu_softmax::variant::Operation;
use wgpu_softmax::{DType, Error, Gpu};

const OPERATIONS: [Operation; 4] = [
    Operation::Softmax,
    Operation::CrossEntropy,
    Operation::CrossEntropyBackward,
    Operation::CrossEntropyFused,
];

/// Numbers of columns to time: for rows in registers, and for rows that are read twice.
const COLS: [u64; 2] = [1024, 32_768];

fn subjects(software: bool) -> Vec<Subject> {
    let selection = Selection::default()
        .operations(OPERATIONS.to_vec())
        .dtypes(vec![DType::F32]);
    let mut subjects = selection.subjects(software);
    subjects.retain(|subject| COLS.contains(&subject.cols));
    subjects
}

fn device(criterion: &mut Criterion) {
    let gpu = Gpu::open().expect("an adapter");
    let mut bench = Bench::new(&gpu, Options::default()).expect("a device that works");
    for subject in subjects(gpu.planner().abilities().software) {
        let mut group = criterion.benchmark_group(subject.to_string());
        group.throughput(Throughput::Bytes(subject.bytes()));
        let mut case = bench.prepare(subject).expect("a right result");
        time(&mut group, &mut case, "operation", Case::time_operation);
        time(
            &mut group,
            &mut case,
            subject.ceiling().name(),
            Case::time_ceiling,
        );
        group.finish();
    }
}

fn time<'a>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    case: &mut Case<'a>,
    name: &str,
    runs: impl Fn(&mut Case<'a>, u64) -> Result<Duration, Error>,
) {
    group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
        bencher.iter_custom(|count| runs(black_box(case), count).expect("a device that works"));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = device
}
criterion_main!(benches);
