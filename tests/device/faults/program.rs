//! A program with an error handler of its own, and calls of every kind on its device.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use wgpu_softmax::wgpu::{Buffer, DeviceDescriptor};
use wgpu_softmax::{
    Bound, CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyInputs, CrossEntropySpec,
    CrossEntropyWants, Error, Gpu, JacobianBuffers, LogSumExpBackwardBuffers,
    PartialStatisticBuffers, Reduction, ShardSpec, SoftmaxBuffers, SoftmaxSpec, wanted,
};

use crate::common::adapter;

pub(crate) const ROWS: usize = 4;
pub(crate) const COLS: usize = 8;
const ELEMENTS: usize = ROWS * COLS;

/// A device whose uncaptured errors are counted.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) gpu: Gpu,
    uncaptured: Arc<AtomicUsize>,
}

impl Program {
    pub(crate) fn new() -> Self {
        let (required_features, required_limits) = wanted(adapter());
        let descriptor = DeviceDescriptor {
            required_features,
            required_limits,
            ..Default::default()
        };
        let opened = pollster::block_on(adapter().request_device(&descriptor));
        let (device, queue) = opened.expect("a device that its adapter offers");
        let uncaptured = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&uncaptured);
        device.on_uncaptured_error(Arc::new(move |_| {
            count.fetch_add(1, SeqCst);
        }));
        Self {
            gpu: Gpu::from_device(device, queue),
            uncaptured,
        }
    }

    /// Fails if the program's own handler met an error.
    #[track_caller]
    pub(crate) fn assert_heard_nothing(&self) {
        assert_eq!(self.uncaptured.load(SeqCst), 0, "uncaptured errors");
    }
}

/// Buffers, one for each role, of as many bytes as any operation here needs.
#[derive(Debug)]
pub(crate) struct Buffers {
    first: Buffer,
    second: Buffer,
    per_row: Buffer,
    output: Buffer,
    pub(crate) loss: Buffer,
}

impl Buffers {
    pub(crate) fn on(gpu: &Gpu) -> Self {
        let buffer = |role| gpu.upload(role, &[0.25_f32; ELEMENTS * COLS]).expect(role);
        Self {
            first: buffer("first"),
            second: buffer("second"),
            per_row: gpu.upload("per row", &[0_u32; 4 * ROWS]).expect("per row"),
            output: buffer("output"),
            loss: buffer("loss"),
        }
    }
}

pub(crate) fn spec() -> SoftmaxSpec {
    SoftmaxSpec::new(ROWS as u64, COLS as u64)
}

pub(crate) fn loss_spec() -> CrossEntropySpec {
    CrossEntropySpec::new(ROWS as u64, COLS as u64).reduction(Reduction::Mean)
}

/// Function that plans and binds an operation of each kind of plan.
pub(crate) type Call = fn(&Gpu, &Buffers) -> Result<Bound, Error>;

pub(crate) const CALLS: [(&str, Call); 6] = [
    ("softmax", |gpu, buffers| {
        gpu.planner().softmax(spec())?.bind(SoftmaxBuffers {
            logits: &buffers.first,
            probs: &buffers.output,
        })
    }),
    ("logsumexp-backward", |gpu, buffers| {
        let plan = gpu.planner().logsumexp_backward(spec())?;
        plan.bind(LogSumExpBackwardBuffers {
            logits: &buffers.first,
            grad_lse: &buffers.per_row,
            grad_logits: &buffers.output,
        })
    }),
    ("cross-entropy", |gpu, buffers| {
        let plan = gpu.planner().cross_entropy(loss_spec())?;
        plan.bind(CrossEntropyBuffers {
            logits: &buffers.first,
            targets: &buffers.per_row,
            losses: &buffers.loss,
            grad_logits: Some(&buffers.output),
        })
    }),
    ("cross-entropy-backward", |gpu, buffers| {
        let plan = gpu.planner().cross_entropy_backward(loss_spec())?;
        plan.bind(CrossEntropyBackwardBuffers {
            logits: &buffers.first,
            targets: &buffers.per_row,
            pairs: &buffers.second,
            grad_logits: &buffers.output,
        })
    }),
    ("jacobian", |gpu, buffers| {
        gpu.planner().jacobian(spec())?.bind(JacobianBuffers {
            logits: &buffers.first,
            jacobian: &buffers.output,
        })
    }),
    ("partial-statistic", |gpu, buffers| {
        let plan = gpu
            .planner()
            .partial_statistic(ShardSpec::new(spec(), 0, 1))?;
        plan.bind(PartialStatisticBuffers {
            logits: &buffers.first,
            records: &buffers.output,
        })
    }),
];

/// Computes the mean loss of rows of equal logits: the logarithm of their number.
pub(crate) fn loss_on_slices(gpu: &Gpu) -> Result<f32, Error> {
    let inputs = CrossEntropyInputs::new(&[0.25_f32; ELEMENTS], &[1_i32; ROWS]);
    let wants = CrossEntropyWants {
        grad_logits: true,
        lse: true,
    };
    Ok(gpu.cross_entropy(&loss_spec(), inputs, wants)?.losses[0])
}
