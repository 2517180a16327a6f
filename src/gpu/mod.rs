//! A device of one's own: slices in, slices out, for a first try, tests and the command line.
//!
//! Nothing else in the crate waits for the device.

mod adapters;
mod cross_entropy;
mod element;
mod masked;
#[cfg(test)]
mod memory;
mod row_values;
mod slices;
mod transfer;

use std::sync::{Arc, Mutex, PoisonError};

use wgpu::{Adapter, AdapterInfo, Device, DeviceDescriptor, Queue};

pub use adapters::{AdapterEntry, Selector, adapters};
pub use cross_entropy::{CrossEntropyInputs, CrossEntropyOutput, CrossEntropyWants, Targets};
pub use element::Element;
pub use masked::MaskData;
pub use row_values::RowValues;

use crate::{Error, Planner, wanted};

/// A device with its queue and a planner.
///
/// Cheap to clone; clones share all three.
#[derive(Debug, Clone)]
pub struct Gpu {
    device: Device,
    queue: Queue,
    planner: Planner,
    failure: Arc<Mutex<Option<String>>>,
}

impl Gpu {
    /// Opens the most powerful adapter, or the one that the environment names: `WGPU_BACKEND` and `WGPU_ADAPTER_NAME`
    /// work as everywhere in wgpu.
    ///
    /// # Errors
    ///
    /// [`Error::NoAdapter`] where there is none, or it gives no device.
    pub fn open() -> Result<Self, Error> {
        pollster::block_on(Self::open_async())
    }

    /// [`open`](Self::open), without blocking.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_async() -> Result<Self, Error> {
        Self::from_adapter(&adapters::default_adapter().await?).await
    }

    /// Opens the first adapter that `selector` means.
    ///
    /// # Errors
    ///
    /// [`Error::NoAdapter`] where there is none, or it gives no device.
    pub fn open_selected(selector: &Selector) -> Result<Self, Error> {
        pollster::block_on(async { Self::from_adapter(&adapters::select(selector).await?).await })
    }

    /// Opens `adapter` with the features and limits that serve best.
    ///
    /// Errors of the device, which would otherwise panic, are kept and returned by the operation that waits next.
    ///
    /// # Errors
    ///
    /// [`Error::NoAdapter`] where it gives no device.
    pub async fn from_adapter(adapter: &Adapter) -> Result<Self, Error> {
        let (required_features, required_limits) = wanted(adapter);
        let descriptor = DeviceDescriptor {
            label: Some("wgpu-softmax"),
            required_features,
            required_limits,
            ..Default::default()
        };
        let (device, queue) = adapter
            .request_device(&descriptor)
            .await
            .map_err(|error| Error::NoAdapter(error.to_string()))?;
        let gpu = Self::from_device(device, queue);
        gpu.keep_errors();
        Ok(gpu)
    }

    /// Works on a device and queue of the caller's, whose error handlers stay as they are.
    pub fn from_device(device: Device, queue: Queue) -> Self {
        Self {
            planner: Planner::new(&device),
            device,
            queue,
            failure: Arc::default(),
        }
    }

    /// The same device, but a planner of the caller's: with a forced variant, for one.
    #[must_use]
    pub fn with_planner(&self, planner: Planner) -> Self {
        Self {
            planner,
            ..self.clone()
        }
    }

    /// The device.
    pub const fn device(&self) -> &Device {
        &self.device
    }

    /// Its queue.
    pub const fn queue(&self) -> &Queue {
        &self.queue
    }

    /// The planner, which keeps compiled pipelines from one call to the next.
    pub const fn planner(&self) -> &Planner {
        &self.planner
    }

    /// Which adapter this is.
    pub fn adapter_info(&self) -> AdapterInfo {
        self.device.adapter_info()
    }

    fn keep_errors(&self) {
        let keep = |failure: Arc<Mutex<Option<String>>>, text: String| {
            failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get_or_insert(text);
        };
        let failure = Arc::clone(&self.failure);
        self.device
            .on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
                keep(Arc::clone(&failure), error.to_string())
            }));
        let failure = Arc::clone(&self.failure);
        self.device.set_device_lost_callback(move |reason, text| {
            keep(
                Arc::clone(&failure),
                format!("device lost ({reason:?}): {text}"),
            );
        });
    }

    /// The first error that the device has reported since the last call.
    fn take_failure(&self) -> Option<String> {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}
