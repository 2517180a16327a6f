//! Error scopes: errors of a device belong to the call that caused them.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use wgpu::{BufferDescriptor, BufferUsages, Device, ErrorFilter};

use crate::error::Error;

/// Runs `work`, and fails with the first error that `device` reports meanwhile; `at` gives the operation and its sizes.
///
/// wgpu keeps error scopes by thread: neither the program's own handler nor a call on another thread sees these errors. A browser
/// tells of an error only later, and nothing here can wait for that: there it goes to the device's handler.
pub(crate) fn contain<T>(
    device: &Device,
    at: impl Fn() -> String,
    work: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    if cfg!(target_arch = "wasm32") {
        return work();
    }
    let memory = device.push_error_scope(ErrorFilter::OutOfMemory);
    let internal = device.push_error_scope(ErrorFilter::Internal);
    let validation = device.push_error_scope(ErrorFilter::Validation);
    let done = work();
    let [invalid, internal, memory] =
        [validation, internal, memory].map(|scope| ready(scope.pop()));
    // An object that was short of memory is invalid wherever it is used: report the cause first.
    match (memory, internal.or(invalid)) {
        (Some(_), _) => Err(Error::OutOfMemory { at: at() }),
        (None, Some(error)) => Err(failed(device, at(), error.to_string())),
        // A lost device is reported with this operation, wherever the loss was noticed.
        (None, None) => done.map_err(|error| match error {
            Error::Lost { .. } => Error::Lost { at: at() },
            other => other,
        }),
    }
}

/// Makes the error for a failure without a typed reason: a lost device, or the device's own words.
pub(crate) fn failed(device: &Device, at: String, reason: String) -> Error {
    match is_lost(device) {
        true => Error::Lost { at },
        false => Error::Device { at, reason },
    }
}

/// Fails on a lost device, since wgpu itself reports the loss only where it has promised to.
pub(crate) fn require_present(device: &Device, at: impl FnOnce() -> String) -> Result<(), Error> {
    match is_lost(device) {
        true => Err(Error::Lost { at: at() }),
        false => Ok(()),
    }
}

/// Returns true if a buffer cannot be mapped although there is memory. In a browser it always can.
fn is_lost(device: &Device) -> bool {
    if cfg!(target_arch = "wasm32") {
        return false;
    }
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

/// Returns the error of a scope, which native backends have at once.
fn ready<T>(future: impl Future<Output = Option<T>>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(error) => error,
        Poll::Pending => None,
    }
}
