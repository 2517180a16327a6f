//! Thread that waits for the device, so that no executor has to.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Builder, JoinHandle};

use futures_intrusive::channel::shared::{OneshotSender, oneshot_channel};
use wgpu::{Device, PollType, SubmissionIndex};

use super::Gpu;

/// Handle of the thread, which starts when somebody waits for the first time. The last clone waits for that thread to
/// end: a process must not end while a driver is at work in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Waiter {
    thread: Arc<Mutex<Option<Serving>>>,
}

/// The thread, and the channel to it.
#[derive(Debug)]
struct Serving {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// A submission, and the channel on which its end is reported.
#[derive(Debug)]
struct Job {
    device: Device,
    submission: SubmissionIndex,
    ended: OneshotSender<Result<(), String>>,
}

impl Waiter {
    /// Completes when the submission has ended, and the mappings after it have; wakes the task that polls it then.
    ///
    /// # Errors
    ///
    /// The device's message, if it was lost meanwhile; the system's, if there is no thread.
    pub(super) async fn finished(
        &self,
        gpu: &Gpu,
        submission: SubmissionIndex,
    ) -> Result<(), String> {
        let (ended, end) = oneshot_channel();
        let device = gpu.device.clone();
        self.send(Job {
            device,
            submission,
            ended,
        })?;
        let gone = || Err("the thread that waits for the device is gone".into());
        end.receive().await.unwrap_or_else(gone)
    }

    fn send(&self, job: Job) -> Result<(), String> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let serving = match &*thread {
            Some(serving) => serving,
            None => thread.insert(Serving::start().map_err(|error| error.to_string())?),
        };
        match &serving.jobs {
            Some(jobs) => jobs.send(job).map_err(|error| error.to_string()),
            None => Err("the thread that waits for the device has ended".into()),
        }
    }
}

impl Serving {
    fn start() -> io::Result<Self> {
        let (sender, jobs) = channel();
        let builder = Builder::new().name("wgpu-softmax waiter".into());
        Ok(Self {
            thread: Some(builder.spawn(move || serve(jobs))?),
            jobs: Some(sender),
        })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.jobs.take());
        let another = |thread: &JoinHandle<()>| thread.thread().id() != thread::current().id();
        if let Some(thread) = self.thread.take().filter(another) {
            // The thread does not panic.
            let _ = thread.join();
        }
    }
}

fn serve(jobs: Receiver<Job>) {
    for job in jobs {
        let result = wait(&job.device, &job.submission);
        // The last handle of a device is not to be dropped here.
        drop(job.device);
        // The task is gone if its future was dropped.
        let _ = job.ended.send(result);
    }
}

/// Waits for a submission on this thread.
///
/// # Errors
///
/// The device's message, if it was lost meanwhile.
pub(super) fn wait(device: &Device, submission: &SubmissionIndex) -> Result<(), String> {
    // Without a timeout: with submissions of other threads, wgpu 30 panics in a wait that has timed out.
    let poll = || {
        device.poll(PollType::Wait {
            submission_index: Some(submission.clone()),
            timeout: None,
        })
    };
    // wgpu panics where a driver reports the loss of a device that is waited for.
    match catch_unwind(AssertUnwindSafe(poll)) {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the driver lost it".into()),
    }
}
