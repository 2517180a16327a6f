//! Values to the device, work on it, and values back.

use bytemuck::{NoUninit, Pod};
use futures_intrusive::channel::shared::oneshot_channel;
use wgpu::{Buffer, BufferDescriptor, BufferUsages, CommandEncoder, MapMode, PollType};

use super::Gpu;
use crate::tensor::WIDEST_ACCESS;
use crate::{Bound, Error};

impl Gpu {
    /// A storage buffer that holds `values`, and zeros after them up to a multiple of 16 bytes where `max_buffer_size`
    /// allows: accesses of the last row's end may be as wide as any.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] past the device's `max_buffer_size`; [`Error::Device`] where the device gives no memory to write to.
    pub fn upload<T: NoUninit>(&self, role: &str, values: &[T]) -> Result<Buffer, Error> {
        let contents: &[u8] = bytemuck::cast_slice(values);
        let bytes = contents.len() as u64;
        self.check_size(role, bytes)?;
        let buffer = self.create(&BufferDescriptor {
            label: Some(role),
            size: self.padded(bytes),
            usage: BufferUsages::STORAGE | BufferUsages::COPY_SRC,
            mapped_at_creation: bytes > 0,
        });
        if bytes > 0 {
            let failed = |reason: wgpu::MapRangeError| Error::Device {
                at: format!("buffer `{role}` of {bytes} bytes"),
                reason: reason.to_string(),
            };
            let mut mapped = buffer.get_mapped_range_mut(..).map_err(failed)?;
            mapped.slice(..contents.len()).copy_from_slice(contents);
            drop(mapped);
            buffer.unmap();
        }
        Ok(buffer)
    }

    /// A storage buffer of `bytes` bytes, and as many more as [`upload`](Self::upload) adds, that can be downloaded, its
    /// contents zero.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] past the device's `max_buffer_size`.
    pub fn allocate(&self, role: &str, bytes: u64) -> Result<Buffer, Error> {
        self.check_size(role, bytes)?;
        Ok(self.create(&BufferDescriptor {
            label: Some(role),
            size: self.padded(bytes),
            usage: BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        }))
    }

    fn create(&self, descriptor: &BufferDescriptor<'_>) -> Buffer {
        #[cfg(test)]
        super::memory::note(descriptor);
        self.device.create_buffer(descriptor)
    }

    /// Up to where the widest access to the last element ends, if a buffer may be as long.
    fn padded(&self, bytes: u64) -> u64 {
        let whole = bytes.next_multiple_of(WIDEST_ACCESS);
        match whole <= self.device.limits().max_buffer_size {
            true => whole,
            false => bytes.next_multiple_of(4),
        }
    }

    fn check_size(&self, role: &str, bytes: u64) -> Result<(), Error> {
        let available = self.device.limits().max_buffer_size;
        if bytes <= available {
            return Ok(());
        }
        Err(Error::Limit {
            what: format!("buffer `{role}`"),
            limit: "max_buffer_size",
            needed: bytes,
            available,
        })
    }

    /// Records `bound` into a pass of its own, runs it and waits.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if the device fails; `what` names the work in it.
    pub fn run(&self, bound: &Bound, what: &str) -> Result<(), Error> {
        self.submit(bound, |_| {});
        self.wait(what)
    }

    fn submit(&self, bound: &Bound, and_then: impl FnOnce(&mut CommandEncoder)) {
        let mut encoder = self.device.create_command_encoder(&Default::default());
        bound.record(&mut encoder.begin_compute_pass(&Default::default()));
        and_then(&mut encoder);
        self.queue.submit([encoder.finish()]);
    }

    pub(crate) fn wait(&self, what: &str) -> Result<(), Error> {
        let polled = self.device.poll(PollType::wait_indefinitely());
        let reason = self
            .take_failure()
            .or_else(|| polled.err().map(|error| error.to_string()));
        reason.map_or(Ok(()), |reason| {
            Err(Error::Device {
                at: what.to_owned(),
                reason,
            })
        })
    }

    /// Runs `bound` and brings back the first values of each buffer: so many `u32` words of each.
    pub(super) async fn run_and_fetch(
        &self,
        bound: &Bound,
        outputs: &[(&Buffer, usize)],
        what: &str,
    ) -> Result<Vec<Vec<u32>>, Error> {
        let staging: Vec<_> = outputs
            .iter()
            .map(|(_, words)| self.staging(*words as u64 * 4))
            .collect();
        self.submit(bound, |encoder| {
            for ((buffer, words), staging) in outputs.iter().zip(&staging) {
                encoder.copy_buffer_to_buffer(buffer, 0, staging, 0, *words as u64 * 4);
            }
        });
        let mut fetched = Vec::with_capacity(staging.len());
        for buffer in &staging {
            fetched.push(self.read(buffer, what).await?);
        }
        Ok(fetched)
    }

    /// The contents of a buffer with usage `COPY_SRC`, its first `count` values.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] past the device's `max_buffer_size`, [`Error::Device`] if the device fails.
    pub fn download<T: Pod>(&self, buffer: &Buffer, count: usize) -> Result<Vec<T>, Error> {
        let bytes = count.saturating_mul(size_of::<T>()) as u64;
        self.check_size("staging", bytes)?;
        let staging = self.staging(bytes.next_multiple_of(4));
        let mut encoder = self.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(buffer, 0, &staging, 0, bytes.next_multiple_of(4));
        self.queue.submit([encoder.finish()]);
        pollster::block_on(self.read(&staging, "a download"))
    }

    fn staging(&self, bytes: u64) -> Buffer {
        self.device.create_buffer(&BufferDescriptor {
            label: Some("wgpu-softmax staging"),
            size: bytes,
            usage: BufferUsages::MAP_READ | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    }

    async fn read<T: Pod>(&self, staging: &Buffer, what: &str) -> Result<Vec<T>, Error> {
        let failed = |reason: String| Error::Device {
            at: what.to_owned(),
            reason,
        };
        let (sender, receiver) = oneshot_channel();
        staging.map_async(MapMode::Read, .., move |mapped| {
            // The receiver is gone only if the caller has dropped this future.
            let _ = sender.send(mapped);
        });
        // Drives native devices; browsers drive themselves, and there this does nothing.
        self.wait(what)?;
        match receiver.receive().await {
            Some(Ok(())) => {}
            Some(Err(error)) => return Err(failed(error.to_string())),
            None => {
                return Err(failed(
                    "the device dropped the request to map a buffer".into(),
                ));
            }
        }
        let view = staging
            .get_mapped_range(..)
            .map_err(|error| failed(error.to_string()))?;
        Ok(bytemuck::pod_collect_to_vec(&view))
    }
}
