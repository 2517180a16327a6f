//! Errors of a device belong to the call that made them.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use wgpu::{BufferDescriptor, BufferUsages, Device, ErrorFilter};

use crate::Error;

/// Runs `work`, and fails with what `device` reports meanwhile; `at` says at what, and of which sizes.
///
/// wgpu keeps error scopes by thread: neither the program's own handler nor a call on another thread meets these errors.
pub(crate) fn contain<T>(
    device: &Device,
    at: impl Fn() -> String,
    work: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    let memory = device.push_error_scope(ErrorFilter::OutOfMemory);
    let internal = device.push_error_scope(ErrorFilter::Internal);
    let validation = device.push_error_scope(ErrorFilter::Validation);
    let done = work();
    let [invalid, internal, memory] =
        [validation, internal, memory].map(|scope| ready(scope.pop()));
    // What was short of memory is invalid wherever it is used: the cause comes first.
    match (memory, internal.or(invalid)) {
        (Some(_), _) => Err(Error::OutOfMemory { at: at() }),
        (None, Some(error)) => Err(failed(device, at(), error.to_string())),
        // A device is lost as a whole, wherever that shows.
        (None, None) => done.map_err(|error| match error {
            Error::Lost { .. } => Error::Lost { at: at() },
            other => other,
        }),
    }
}

/// A failure without a typed reason of its own: of a lost device, or in the device's words.
pub(crate) fn failed(device: &Device, at: String, reason: String) -> Error {
    match is_lost(device) {
        true => Error::Lost { at },
        false => Error::Device { at, reason },
    }
}

/// Refuses a lost device, of which wgpu itself says nothing to whom it did not promise to.
pub(crate) fn require_present(device: &Device, at: impl FnOnce() -> String) -> Result<(), Error> {
    match is_lost(device) {
        true => Err(Error::Lost { at: at() }),
        false => Ok(()),
    }
}

/// Whether nothing can be mapped any more, though there is memory.
fn is_lost(device: &Device) -> bool {
    let scope = device.push_error_scope(ErrorFilter::OutOfMemory);
    let probe = device.create_buffer(&BufferDescriptor {
        label: Some("wgpu-softmax probe"),
        size: 16,
        usage: BufferUsages::COPY_SRC,
        mapped_at_creation: true,
    });
    let unmapped = probe.get_mapped_range_mut(..).is_err();
    ready(scope.pop()).is_none() && unmapped
}

/// The error of a scope: native backends have it at once.
fn ready<T>(future: impl Future<Output = Option<T>>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(error) => error,
        Poll::Pending => None,
    }
}
