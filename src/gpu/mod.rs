//! Device of the caller's own, opened by the crate or given: slices in, slices out, for a first try, tests and the
//! command line.
//!
//! Apart from `check` and `bench`, nothing else in the crate waits for the device.

mod adapters;
mod cross_entropy;
mod element;
mod facts;
mod linear;
#[cfg(test)]
mod memory;
mod outputs;
mod row_values;
mod slices;
mod transfer;
#[cfg_attr(target_arch = "wasm32", path = "browser.rs")]
mod waiter;

use wgpu::{Adapter, AdapterInfo, Device, DeviceDescriptor, Queue};

#[cfg(not(target_arch = "wasm32"))]
pub use adapters::adapters;
pub use adapters::{AdapterEntry, Selector};
pub use cross_entropy::{CrossEntropyInputs, CrossEntropyOutput, CrossEntropyWants, Targets};
pub use element::{Element, MaskData};
pub use facts::AdapterFacts;
pub use linear::{LinearCrossEntropyInputs, LinearCrossEntropyOutput, LinearWants};
pub use row_values::RowValues;

use waiter::Waiter;

use crate::device::caps::wanted;
use crate::device::planner::Planner;
use crate::error::Error;

/// Device with its queue and a planner.
///
/// Cheap to clone, and shared by threads: clones have one device, queue and planner. A failure on the device is the error
/// of the call in which it happens, and of no other; the program's own error handler does not see it.
///
/// The `_async` forms return [`Pending`](std::task::Poll::Pending) while the device works: a thread of the `Gpu` waits
/// for it and wakes the task. Their futures may be dropped at any time. The blocking forms wait for them, and do not exist
/// on `wasm32`, where nothing may wait: a browser wakes the task itself, and tells of a failure on a device that the `Gpu` has
/// opened when the next call ends, not the one that failed.
///
/// ```
/// use wgpu_softmax::Gpu;
///
/// let gpu = Gpu::open()?;
/// let probs = gpu.softmax(&[0.0, 0.0, 1.0, 1.0], 2)?; // two rows
/// assert_eq!(probs, [0.5; 4]);
/// # Ok::<(), wgpu_softmax::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Gpu {
    device: Device,
    queue: Queue,
    planner: Planner,
    waiter: Waiter,
}

impl Gpu {
    /// Opens the most powerful adapter, or the one that the environment names: `WGPU_BACKEND` and `WGPU_ADAPTER_NAME`
    /// work as everywhere in wgpu.
    ///
    /// # Errors
    ///
    /// [`Error::NoAdapter`] where there is none, or it gives no device.
    #[cfg(not(target_arch = "wasm32"))]
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
    #[cfg(not(target_arch = "wasm32"))]
    pub fn open_selected(selector: &Selector) -> Result<Self, Error> {
        pollster::block_on(async { Self::from_adapter(&adapters::select(selector).await?).await })
    }

    /// Opens `adapter` with the features and limits that serve best.
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
        #[cfg(target_arch = "wasm32")]
        gpu.waiter.listen(&gpu.device);
        Ok(gpu)
    }

    /// Works on a device and queue of the caller's, whose error handlers stay as they are.
    pub fn from_device(device: Device, queue: Queue) -> Self {
        Self {
            planner: Planner::new(&device),
            device,
            queue,
            waiter: Waiter::default(),
        }
    }

    /// Returns the same device with a planner of the caller's: with a forced variant, for one.
    #[must_use]
    pub fn with_planner(&self, planner: Planner) -> Self {
        Self {
            planner,
            ..self.clone()
        }
    }

    /// Returns the device.
    pub const fn device(&self) -> &Device {
        &self.device
    }

    /// Returns the queue of the device.
    pub const fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Returns the planner, which keeps compiled pipelines from one call to the next.
    pub const fn planner(&self) -> &Planner {
        &self.planner
    }

    /// Returns the description of the adapter.
    pub fn adapter_info(&self) -> AdapterInfo {
        self.device.adapter_info()
    }
}
