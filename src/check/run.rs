//! Runs of the check: the selection of what is checked, and the devices it runs on.

use std::ops::ControlFlow;
use std::sync::Mutex;

use super::plain::Entry;
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
    /// Quick check: of every operation and storage type the kernel that covers the most, over every distribution. Meant for
    /// adapters that compile slowly, as those of browsers do.
    Quick,
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

    /// Selects the quick check.
    pub fn quick() -> Self {
        Self {
            depth: Depth::Quick,
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
        let of_linear: usize = self.linear(gpu).map(|entry| entry.groups()).sum();
        let of_rows: usize = self.entries(gpu).map(|entry| entry.groups()).sum();
        (self.depth != Depth::Full).then(|| of_rows + of_linear)
    }

    fn entries(&self, gpu: &Gpu) -> impl Iterator<Item = Entry> {
        let entries = plain::entries(gpu.planner().abilities(), self.depth);
        let selected = |entry: &Entry| self.has(entry.operation, entry.dtype);
        entries.into_iter().filter(selected)
    }

    fn linear(&self, gpu: &Gpu) -> impl Iterator<Item = linear::Entry> {
        let selected = |entry: &linear::Entry| self.has(Operation::LinearCrossEntropy, entry.dtype);
        linear::entries(gpu, self.depth)
            .into_iter()
            .filter(selected)
    }

    fn has(&self, operation: Operation, dtype: DType) -> bool {
        let of_operation = self.operations.is_empty() || self.operations.contains(&operation);
        of_operation && (self.dtypes.is_empty() || self.dtypes.contains(&dtype))
    }
}

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
#[cfg(not(target_arch = "wasm32"))]
pub fn run(
    gpus: &[Gpu],
    selection: &Selection,
    on_group: &mut dyn FnMut(&Group) -> ControlFlow<()>,
) -> Result<Report, Error> {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::{sync::mpsc::channel, thread};

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
            scope.spawn(move || {
                let mut tell = |place, group| {
                    let unheard = sender.send(Ok((place, group))).is_err();
                    go_on(!unheard && !stopped.load(Ordering::Relaxed))
                };
                if let Err(error) = pollster::block_on(serve(gpu, queue, &mut tell)) {
                    // The receiver is gone if the check was stopped.
                    let _ = sender.send(Err(error));
                }
            });
        }
        drop(sender);
        for told in receiver {
            let verdict = match told {
                Ok((place, group)) => {
                    let verdict = on_group(&group);
                    done[place].push(group);
                    verdict
                }
                Err(error) => {
                    failure = Err(error);
                    ControlFlow::Break(())
                }
            };
            if verdict.is_break() {
                stopped.store(true, Ordering::Relaxed);
                break;
            }
        }
    });
    failure.map(|()| Report {
        groups: done.into_iter().flatten().collect(),
    })
}

#[cfg(not(target_arch = "wasm32"))]
const fn go_on(goes_on: bool) -> ControlFlow<()> {
    match goes_on {
        true => ControlFlow::Continue(()),
        false => ControlFlow::Break(()),
    }
}

/// [`run`] on one device, as a future.
///
/// # Errors
///
/// The same.
pub async fn run_async(
    gpu: &Gpu,
    selection: &Selection,
    mut on_group: impl FnMut(&Group) -> ControlFlow<()>,
) -> Result<Report, Error> {
    let work = work(gpu, selection);
    let queue = Mutex::new(work.iter().enumerate());
    let mut groups = Vec::new();
    let mut tell = |_, group| {
        let verdict = on_group(&group);
        groups.push(group);
        verdict
    };
    serve(gpu, &queue, &mut tell).await?;
    Ok(Report { groups })
}

/// Number of works after which pipelines are dropped: they take memory, and few are used again.
const WORKS_KEPT: usize = 12;

/// Takes work after work from the queue, until it is empty or `on_group`, which gets each group with the place of its work, has
/// broken off.
async fn serve<'a>(
    gpu: &Gpu,
    queue: &Mutex<impl Iterator<Item = (usize, &'a Work)>>,
    on_group: &mut impl FnMut(usize, Group) -> ControlFlow<()>,
) -> Result<(), Error> {
    let next = || queue.lock().ok().and_then(|mut queue| queue.next());
    loop {
        let gpu = &gpu.with_planner(Planner::new(gpu.device()));
        for _ in 0..WORKS_KEPT {
            let Some((place, work)) = next() else {
                return Ok(());
            };
            let tell = &mut |group| on_group(place, group);
            if work.check(gpu, tell).await?.is_break() {
                return Ok(());
            }
        }
    }
}

/// Work that one device does on its own.
enum Work {
    Entry(Entry),
    Linear(linear::Entry),
    Sweep(Operation, DType),
}

impl Work {
    /// Tells of each group when it is complete, until `on_group` breaks off.
    async fn check(
        &self,
        gpu: &Gpu,
        on_group: &mut impl FnMut(Group) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Error> {
        match self {
            Self::Entry(entry) => entry.check(gpu, on_group).await,
            Self::Linear(entry) => entry.check(gpu, on_group).await,
            Self::Sweep(operation, dtype) => {
                let groups = sweep::check(gpu, *operation, *dtype).await?;
                Ok(groups.into_iter().try_for_each(on_group))
            }
        }
    }
}

fn work(gpu: &Gpu, selection: &Selection) -> Vec<Work> {
    let swept = |operation| selection.depth == Depth::Full && Operation::ALL.contains(&operation);
    let entries = selection.entries(gpu);
    let entries = entries.filter(|entry| !swept(entry.operation));
    let all = Operation::ALL.into_iter();
    let sweeps = all.flat_map(|operation| DType::ALL.map(|dtype| (operation, dtype)));
    let sweeps = sweeps.filter(|&(of, dtype)| swept(of) && selection.has(of, dtype));
    let sweeps = sweeps.map(|(operation, dtype)| Work::Sweep(operation, dtype));
    let linear = selection.linear(gpu).map(Work::Linear);
    entries
        .map(Work::Entry)
        .chain(linear)
        .chain(sweeps)
        .collect()
}
