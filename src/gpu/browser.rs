//! Waits for the device in a browser, which drives it and tells when it is done: no thread of ours could.

use std::sync::{Arc, Mutex, PoisonError};

use futures_intrusive::channel::shared::oneshot_channel;
use wgpu::{Device, SubmissionIndex};

use super::Gpu;

/// First failure that the device has reported since somebody waited for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Waiter {
    failure: Arc<Mutex<Option<String>>>,
}

impl Waiter {
    /// Takes note of what the device reports. It is not to be a caller's: his has a handler of his own.
    pub(super) fn listen(&self, device: &Device) {
        let (failed, lost) = (self.clone(), self.clone());
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            failed.note(error.to_string());
        }));
        device.set_device_lost_callback(move |_, reason| {
            lost.note(format!("the browser has lost it: {reason}"));
        });
    }

    fn note(&self, reason: String) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(reason);
    }

    /// Completes when all that was submitted has ended.
    ///
    /// # Errors
    ///
    /// As [`reported`](Self::reported).
    pub(super) async fn finished(&self, gpu: &Gpu, _: SubmissionIndex) -> Result<(), String> {
        let (ended, end) = oneshot_channel();
        gpu.queue.on_submitted_work_done(move || {
            // The task is gone if its future was dropped.
            let _ = ended.send(());
        });
        end.receive().await;
        self.reported()
    }

    /// Checks that the device has not reported a failure since the last time.
    ///
    /// # Errors
    ///
    /// The first failure.
    pub(super) fn reported(&self) -> Result<(), String> {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.take().map_or(Ok(()), Err)
    }
}
