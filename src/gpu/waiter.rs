//! The thread that waits for the device, so that no executor has to.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;

use futures_intrusive::channel::shared::{OneshotSender, oneshot_channel};
use wgpu::{Device, PollType, SubmissionIndex};

/// Starts its thread when somebody waits for the first time, and ends it with its last clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Waiter {
    jobs: Arc<Mutex<Option<Sender<Job>>>>,
}

/// A submission, and who is to hear of its end.
struct Job {
    submission: SubmissionIndex,
    ended: OneshotSender<Result<(), String>>,
}

impl Waiter {
    /// Ends when the submission has, and what is mapped after it; wakes the task that polls it then.
    ///
    /// # Errors
    ///
    /// In the device's words, if it was lost meanwhile; in the system's, if there is no thread.
    pub(super) async fn finished(
        &self,
        device: &Device,
        submission: SubmissionIndex,
    ) -> Result<(), String> {
        let (ended, end) = oneshot_channel();
        self.send(device, Job { submission, ended })?;
        let gone = || Err("the thread that waits for the device is gone".into());
        end.receive().await.unwrap_or_else(gone)
    }

    fn send(&self, device: &Device, job: Job) -> Result<(), String> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = match &*jobs {
            Some(sender) => sender,
            None => jobs.insert(start(device.clone()).map_err(|error| error.to_string())?),
        };
        sender.send(job).map_err(|error| error.to_string())
    }
}

fn start(device: Device) -> std::io::Result<Sender<Job>> {
    let (sender, jobs) = channel();
    let name = "wgpu-softmax waiter".into();
    Builder::new()
        .name(name)
        .spawn(move || serve(&device, jobs))?;
    Ok(sender)
}

fn serve(device: &Device, jobs: Receiver<Job>) {
    for Job { submission, ended } in jobs {
        // The task is gone if its future was dropped.
        let _ = ended.send(wait(device, &submission));
    }
}

/// Waits for a submission on this thread.
///
/// # Errors
///
/// In the device's words, if it was lost meanwhile.
pub(super) fn wait(device: &Device, submission: &SubmissionIndex) -> Result<(), String> {
    // Without a timeout: beside submissions of other threads, wgpu 30 panics in a wait that has timed out.
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
