//! Host time of plan, bind and record. No kernel runs.

use criterion::{Bencher, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::{Duration, Instant};
use wgpu_softmax::wgpu::PollType;
use wgpu_softmax::{
    Bound, CrossEntropyBuffers, CrossEntropyPlan, CrossEntropySpec, Gpu, Plan, Planner, Softmax,
    SoftmaxBuffers, SoftmaxSpec,
};

const ROWS: u64 = 64;
const COLS: u64 = 1000;

/// Number of recordings in one pass.
const RECORDINGS: u64 = 1000;

/// Buffers for both operations.
struct Buffers {
    logits: wgpu_softmax::wgpu::Buffer,
    result: wgpu_softmax::wgpu::Buffer,
    targets: wgpu_softmax::wgpu::Buffer,
    loss: wgpu_softmax::wgpu::Buffer,
}

impl Buffers {
    fn new(gpu: &Gpu) -> Self {
        let allocate = |bytes| gpu.allocate("bench", bytes).expect("memory");
        Self {
            logits: allocate(ROWS * COLS * 4),
            result: allocate(ROWS * COLS * 4),
            targets: allocate(ROWS * 4),
            loss: allocate(4),
        }
    }

    fn softmax(&self, plan: &Plan<Softmax>) -> Bound {
        let buffers = SoftmaxBuffers {
            logits: &self.logits,
            probs: &self.result,
        };
        plan.bind(buffers).expect("bound")
    }

    fn cross_entropy(&self, plan: &CrossEntropyPlan) -> Bound {
        let buffers = CrossEntropyBuffers {
            logits: &self.logits,
            targets: &self.targets,
            losses: &self.loss,
            grad_logits: Some(&self.result),
        };
        plan.bind(buffers).expect("bound")
    }
}

fn plan_softmax(planner: &Planner) -> Plan<Softmax> {
    planner
        .softmax(SoftmaxSpec::new(ROWS, COLS))
        .expect("a plan")
}

fn plan_cross_entropy(planner: &Planner) -> CrossEntropyPlan {
    planner
        .cross_entropy(CrossEntropySpec::new(ROWS, COLS))
        .expect("a plan")
}

/// Times plan, bind and record of softmax, which is one dispatch, and of the mean loss with its gradient, which is three.
fn host(criterion: &mut Criterion) {
    let gpu = &Gpu::open().expect("an adapter");
    let buffers = &Buffers::new(gpu);
    let planner = gpu.planner();
    let (softmax, cross_entropy) = (plan_softmax(planner), plan_cross_entropy(planner));

    let mut group = criterion.benchmark_group("first plan and binding, with its compilation");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(2));
    group.bench_function("softmax", |bencher| {
        cold(bencher, gpu, |planner| {
            buffers.softmax(&plan_softmax(planner))
        });
    });
    group.bench_function("cross-entropy", |bencher| {
        cold(bencher, gpu, |planner| {
            buffers.cross_entropy(&plan_cross_entropy(planner))
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("plan from a warm planner");
    group.bench_function("softmax", |bencher| {
        bencher.iter(|| plan_softmax(black_box(planner)))
    });
    group.bench_function("cross-entropy", |bencher| {
        bencher.iter(|| plan_cross_entropy(black_box(planner)));
    });
    group.finish();

    let mut group = criterion.benchmark_group("bind");
    group.bench_function("softmax", |bencher| {
        emptied(bencher, gpu, || buffers.softmax(black_box(&softmax)));
    });
    group.bench_function("cross-entropy", |bencher| {
        emptied(bencher, gpu, || {
            buffers.cross_entropy(black_box(&cross_entropy))
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("record");
    let bounds = [
        ("softmax", buffers.softmax(&softmax)),
        ("cross-entropy", buffers.cross_entropy(&cross_entropy)),
    ];
    for (name, bound) in &bounds {
        group.bench_function(*name, |bencher| {
            bencher.iter_custom(|count| record(gpu, bound, count));
        });
    }
    group.finish();
}

/// Times `make` with new planners, each of which has to compile.
fn cold<T>(bencher: &mut Bencher<'_>, gpu: &Gpu, make: impl Fn(&Planner) -> T) {
    emptied(bencher, gpu, || make(&Planner::new(gpu.device())));
}

/// Times `make`; in between, untimed, the device frees what was made.
fn emptied<T>(bencher: &mut Bencher<'_>, gpu: &Gpu, make: impl Fn() -> T) {
    bencher.iter_custom(|count| {
        let mut spent = Duration::ZERO;
        for _ in 0..count {
            let begun = Instant::now();
            let made = black_box(make());
            spent += begun.elapsed();
            drop(made);
            gpu.device()
                .poll(PollType::Poll)
                .expect("a device that works");
        }
        spent
    });
}

/// Times `count` recordings, a thousand a pass, none of them submitted.
fn record(gpu: &Gpu, bound: &Bound, count: u64) -> Duration {
    let mut spent = Duration::ZERO;
    let mut left = count;
    while left > 0 {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        let mut pass = encoder.begin_compute_pass(&Default::default());
        let begun = Instant::now();
        for _ in 0..left.min(RECORDINGS) {
            black_box(bound).record(&mut pass);
        }
        spent += begun.elapsed();
        left -= left.min(RECORDINGS);
    }
    spent
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = host
}
criterion_main!(benches);
