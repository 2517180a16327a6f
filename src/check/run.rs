//! Runs of the check: the selection of what is checked, and the devices it runs on.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use super::{Group, Report, linear, plain, sweep};
use crate::device::planner::Planner;
use crate::error::Error;
use crate::gpu::Gpu;
use crate::spec::dtype::DType;
use crate::variant::Operation;

/// Depth of a check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Depth {
    /// Plain check: every entry point, option and access in few kernels, over every distribution.
    #[default]
    Plain,
    /// Full sweep: every pair of kernels and distributions, operations and distributions, operations and kernels.
    Full,
}

/// Selection of what is checked: everything, unless restricted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Selection {
    /// Depth of the check.
    pub depth: Depth,
    /// Operations to check; all if empty. [`Selection::OPERATIONS`] lists those that can be checked.
    pub operations: Vec<Operation>,
    /// Storage types to check; all if empty.
    pub dtypes: Vec<DType>,
}

impl Selection {
    /// The operations that can be checked.
    pub const OPERATIONS: [Operation; 13] = [
        Operation::Softmax,
        Operation::LogSoftmax,
        Operation::LogSumExp,
        Operation::SoftmaxBackward,
        Operation::LogSoftmaxBackward,
        Operation::LogSumExpBackward,
        Operation::CrossEntropy,
        Operation::CrossEntropyBackward,
        Operation::CrossEntropyFused,
        Operation::Jacobian,
        Operation::SoftmaxFromPairs,
        Operation::CrossEntropyFromPairs,
        Operation::LinearCrossEntropy,
    ];

    /// Selects the full sweep.
    pub fn full() -> Self {
        Self {
            depth: Depth::Full,
            ..Self::default()
        }
    }

    /// Selects this operation, in addition to others that were named.
    #[must_use]
    pub fn operation(mut self, operation: Operation) -> Self {
        self.operations.push(operation);
        self
    }

    /// Selects this storage type, in addition to others that were named.
    #[must_use]
    pub fn dtype(mut self, dtype: DType) -> Self {
        self.dtypes.push(dtype);
        self
    }

    /// Returns the number of groups that a check of the device gives; none for the full sweep, where it is not known before.
    pub fn groups(&self, gpu: &Gpu) -> Option<usize> {
        let entries = plain::entries(gpu.planner().abilities()).into_iter();
        let selected = entries.filter(|entry| self.has(entry.operation, entry.dtype));
        let of_linear = linear::entries(gpu).into_iter();
        let of_linear =
            of_linear.filter(|entry| self.has(Operation::LinearCrossEntropy, entry.dtype));
        let all = selected
            .map(|entry| entry.groups())
            .chain(of_linear.map(|entry| entry.groups()));
        (self.depth == Depth::Plain).then(|| all.sum())
    }

    fn has(&self, operation: Operation, dtype: DType) -> bool {
        let of_operation = self.operations.is_empty() || self.operations.contains(&operation);
        of_operation && (self.dtypes.is_empty() || self.dtypes.contains(&dtype))
    }
}

/// Function that makes the groups of one entry.
type Work = Box<dyn Fn(&Gpu) -> Result<Vec<Group>, Error> + Send + Sync>;

/// Compares operations with the reference on the devices of `gpus`, which divide the work: all must be of one adapter. On
/// software adapters, where most of the time is spent compiling, two devices check in half the time.
///
/// `on_group` is called as soon as a group is complete, and may stop the check.
///
/// ```no_run
/// use std::ops::ControlFlow;
/// use wgpu_softmax::check::{self, Selection};
/// use wgpu_softmax::variant::Operation;
/// use wgpu_softmax::{DType, Gpu};
///
/// let selection = Selection::default().operation(Operation::Softmax).dtype(DType::F16);
/// let report = check::run(&[Gpu::open()?], &selection, &mut |group| match group.passed {
///     true => ControlFlow::Continue(()),
///     false => ControlFlow::Break(()),
/// })?;
/// assert!(report.passed());
/// # Ok::<(), wgpu_softmax::Error>(())
/// ```
///
/// # Errors
///
/// Only failures that keep the check from running: a failing device, or one too small for the shapes. A difference is no error
/// but a group that has not passed.
pub fn run(
    gpus: &[Gpu],
    selection: &Selection,
    on_group: &mut dyn FnMut(&Group) -> ControlFlow<()>,
) -> Result<Report, Error> {
    let Some(gpu) = gpus.first() else {
        return Ok(Report::default());
    };
    let work = work(gpu, selection);
    let mut done: Vec<Vec<Group>> = vec![Vec::new(); work.len()];
    let mut failure = Ok(());
    let queue = Mutex::new(work.iter().enumerate());
    let stopped = AtomicBool::new(false);
    thread::scope(|scope| {
        let (sender, receiver) = channel();
        for gpu in gpus {
            let (sender, queue, stopped) = (sender.clone(), &queue, &stopped);
            scope.spawn(move || serve(gpu, queue, stopped, &sender));
        }
        drop(sender);
        for (place, groups) in receiver {
            let is_last = match groups {
                Ok(groups) => {
                    done[place] = groups;
                    done[place].iter().any(|group| on_group(group).is_break())
                }
                Err(error) => {
                    failure = Err(error);
                    true
                }
            };
            if is_last {
                stopped.store(true, Ordering::Relaxed);
                break;
            }
        }
    });
    failure.map(|()| Report {
        groups: done.into_iter().flatten().collect(),
    })
}

/// Number of entries after which pipelines are dropped: they take memory, and few are used again.
const ENTRIES_KEPT: usize = 12;

/// Takes entry after entry from the queue, until it is empty or the receiver is gone.
fn serve<'a>(
    gpu: &Gpu,
    queue: &Mutex<impl Iterator<Item = (usize, &'a Work)>>,
    stopped: &AtomicBool,
    sender: &Sender<(usize, Result<Vec<Group>, Error>)>,
) {
    let next = || queue.lock().ok().and_then(|mut queue| queue.next());
    loop {
        let gpu = &gpu.with_planner(Planner::new(gpu.device()));
        for _ in 0..ENTRIES_KEPT {
            let Some((place, groups)) = next() else {
                return;
            };
            if stopped.load(Ordering::Relaxed) || sender.send((place, groups(gpu))).is_err() {
                return;
            }
        }
    }
}

fn work(gpu: &Gpu, selection: &Selection) -> Vec<Work> {
    let mut work: Vec<Work> = Vec::new();
    let swept = |operation| selection.depth == Depth::Full && Operation::ALL.contains(&operation);
    for entry in plain::entries(gpu.planner().abilities()) {
        if selection.has(entry.operation, entry.dtype) && !swept(entry.operation) {
            work.push(Box::new(move |gpu| entry.check(gpu)));
        }
    }
    for entry in linear::entries(gpu) {
        if selection.has(Operation::LinearCrossEntropy, entry.dtype) {
            work.push(Box::new(move |gpu| entry.check(gpu)));
        }
    }
    let swept = Operation::ALL
        .into_iter()
        .filter(|&operation| swept(operation));
    for (operation, dtype) in swept.flat_map(|of| DType::ALL.map(|dtype| (of, dtype))) {
        if selection.has(operation, dtype) {
            work.push(Box::new(move |gpu| sweep::check(gpu, operation, dtype)));
        }
    }
    work
}
