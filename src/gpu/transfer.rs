//! Transfer of values to the device and back, and work on them in between.

use bytemuck::{NoUninit, Pod};
use futures_intrusive::channel::shared::{OneshotReceiver, oneshot_channel};
use wgpu::{
    Buffer, BufferAsyncError, BufferDescriptor, BufferUsages, CommandEncoder, MapMode,
    SubmissionIndex,
};

use super::Gpu;
use crate::device::kernel::Bound;
use crate::device::memory::{create, filled, sized};
use crate::device::scope::{contain, failed, require_present};
use crate::error::Error;
use crate::variant::WIDEST_ACCESS;

impl Gpu {
    /// Uploads `values` to a storage buffer, with zeros after them up to a multiple of 16 bytes where `max_buffer_size`
    /// allows: accesses of the last row's end may be as wide as any.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] past the device's `max_buffer_size`, [`Error::OutOfMemory`] where there is no such memory,
    /// [`Error::Lost`] where there is no device any more.
    pub fn upload<T: NoUninit>(&self, role: &str, values: &[T]) -> Result<Buffer, Error> {
        let contents: &[u8] = bytemuck::cast_slice(values);
        let size = self.padded(contents.len() as u64);
        let usage = BufferUsages::STORAGE | BufferUsages::COPY_SRC;
        self.contain(
            || sized(role, size),
            || {
                #[cfg(test)]
                super::memory::note(role, size);
                filled(&self.device, (role, usage), size, contents)
            },
        )
    }

    /// Allocates a storage buffer of `bytes` bytes, and as many more as [`upload`](Self::upload) adds, that can be
    /// downloaded, its contents zero.
    ///
    /// # Errors
    ///
    /// As [`upload`](Self::upload).
    pub fn allocate(&self, role: &str, bytes: u64) -> Result<Buffer, Error> {
        let size = self.padded(bytes);
        let at = || sized(role, size);
        let descriptor = BufferDescriptor {
            label: Some(role),
            size,
            usage: BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        };
        self.contain(at, || {
            #[cfg(test)]
            super::memory::note(role, size);
            let buffer = create(&self.device, &descriptor)?;
            require_present(&self.device, at).map(|()| buffer)
        })
    }

    /// Rounds up to where the widest access to the last element ends, if a buffer may be as long.
    fn padded(&self, bytes: u64) -> u64 {
        let whole = bytes.checked_next_multiple_of(WIDEST_ACCESS);
        whole
            .filter(|&whole| whole <= self.device.limits().max_buffer_size)
            .or(bytes.checked_next_multiple_of(4))
            .unwrap_or(u64::MAX)
    }

    /// Runs `work`, whose errors on the device are those of this call.
    pub(crate) fn contain<T>(
        &self,
        at: impl Fn() -> String,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        contain(&self.device, at, work)
    }

    /// Records `bound` into a pass of its own, runs it and waits.
    ///
    /// # Errors
    ///
    /// [`Error::Lost`], [`Error::OutOfMemory`] or [`Error::Device`] if the device fails; `what` names the work in it.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn run(&self, bound: &Bound, what: &str) -> Result<(), Error> {
        pollster::block_on(self.run_async(bound, what))
    }

    /// [`run`](Self::run), as a future.
    ///
    /// # Errors
    ///
    /// The same.
    pub async fn run_async(&self, bound: &Bound, what: &str) -> Result<(), Error> {
        let submission = self.submit(what, |encoder| record(bound, encoder))?;
        self.finished(submission, what).await
    }

    /// Submits what `record` records.
    pub(crate) fn submit(
        &self,
        what: &str,
        record: impl FnOnce(&mut CommandEncoder),
    ) -> Result<SubmissionIndex, Error> {
        self.contain(
            || what.to_owned(),
            || {
                let mut encoder = self.device.create_command_encoder(&Default::default());
                record(&mut encoder);
                Ok(self.queue.submit([encoder.finish()]))
            },
        )
    }

    async fn finished(&self, submission: SubmissionIndex, what: &str) -> Result<(), Error> {
        let ended = self.waiter.finished(self, submission).await;
        self.ended(ended, what)
    }

    /// Waits on this thread, so that times do not include those of another thread; in a browser as for any other work.
    #[cfg(feature = "bench")]
    pub(crate) async fn wait(&self, submission: SubmissionIndex, what: &str) -> Result<(), Error> {
        #[cfg(not(target_arch = "wasm32"))]
        let ended = super::waiter::wait(&self.device, &submission);
        #[cfg(target_arch = "wasm32")]
        let ended = self.waiter.finished(self, submission).await;
        self.ended(ended, what)
    }

    /// Checks that work has ended without an error, and that the device was not lost meanwhile, which ends all work, too.
    fn ended(&self, ended: Result<(), String>, what: &str) -> Result<(), Error> {
        let at = || what.to_owned();
        ended.map_err(|reason| failed(&self.device, at(), reason))?;
        require_present(&self.device, at)
    }

    /// Runs `bound` and downloads the first values of each buffer: the given number of `u32` words.
    pub(super) async fn run_and_fetch(
        &self,
        bound: &Bound,
        outputs: &[&(Buffer, usize)],
        what: &str,
    ) -> Result<Vec<Vec<u32>>, Error> {
        let outputs = outputs.iter();
        let outputs: Vec<_> = outputs
            .map(|(buffer, words)| (buffer, (*words as u64).saturating_mul(4)))
            .collect();
        self.run_all(std::slice::from_ref(bound), &outputs, what)
            .await
    }

    /// Runs `bounds` and downloads the first bytes of each buffer, the given number of them.
    pub(crate) async fn run_all<T: Pod>(
        &self,
        bounds: &[Bound],
        outputs: &[(&Buffer, u64)],
        what: &str,
    ) -> Result<Vec<Vec<T>>, Error> {
        let mapped = self.fetch(bounds, outputs, what).await?.into_iter();
        let values = |(buffer, &(_, bytes))| self.values(buffer, bytes, what);
        mapped.zip(outputs).map(values).collect()
    }

    /// Downloads the first `count` values of a buffer with usage `COPY_SRC`.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] past the device's `max_buffer_size`; [`Error::Lost`], [`Error::OutOfMemory`] or [`Error::Device`] if the
    /// device fails, a buffer with fewer values among it.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn download<T: Pod>(&self, buffer: &Buffer, count: usize) -> Result<Vec<T>, Error> {
        pollster::block_on(self.download_async(buffer, count))
    }

    /// [`download`](Self::download), as a future.
    ///
    /// # Errors
    ///
    /// The same.
    pub async fn download_async<T: Pod>(
        &self,
        buffer: &Buffer,
        count: usize,
    ) -> Result<Vec<T>, Error> {
        let bytes = count.saturating_mul(size_of::<T>()) as u64;
        let whole = bytes.checked_next_multiple_of(4).unwrap_or(u64::MAX);
        let what = format!("a download of {bytes} bytes");
        let mut fetched = self.run_all(&[], &[(buffer, whole)], &what).await?;
        let mut values = fetched.pop().unwrap_or_default();
        values.truncate(count);
        Ok(values)
    }

    /// Runs `bounds`, and returns mapped buffers with the first bytes of each of `outputs`, the given number of them.
    async fn fetch(
        &self,
        bounds: &[Bound],
        outputs: &[(&Buffer, u64)],
        what: &str,
    ) -> Result<Vec<Buffer>, Error> {
        let at = || what.to_owned();
        let (submission, staged) = self.contain(at, || {
            let staging: Vec<Buffer> = outputs
                .iter()
                .map(|&(_, bytes)| self.staging(bytes))
                .collect::<Result<_, _>>()?;
            let submission = self.submit(what, |encoder| {
                bounds.iter().for_each(|bound| record(bound, encoder));
                for (&(buffer, bytes), staging) in outputs.iter().zip(&staging) {
                    encoder.copy_buffer_to_buffer(buffer, 0, staging, 0, bytes);
                }
            })?;
            let staged = staging.into_iter().map(Staged::map).collect::<Vec<_>>();
            Ok((submission, staged))
        })?;
        // In a browser the mappings themselves tell when the work has ended: Firefox looks for that ten times a second.
        #[cfg(not(target_arch = "wasm32"))]
        self.finished(submission, what).await?;
        #[cfg(target_arch = "wasm32")]
        let _ = submission;
        let mut fetched = Vec::with_capacity(staged.len());
        for staged in staged {
            let mapped = staged.mapped().await;
            #[cfg(target_arch = "wasm32")]
            self.ended(self.waiter.reported(), what)?;
            fetched.push(mapped.map_err(|reason| failed(&self.device, at(), reason))?);
        }
        Ok(fetched)
    }

    /// Copies the first `bytes` bytes of a mapped buffer.
    fn values<T: Pod>(&self, mapped: Buffer, bytes: u64, what: &str) -> Result<Vec<T>, Error> {
        let at = || what.to_owned();
        let count = bytes as usize / size_of::<T>();
        let mut values = Vec::new();
        let reserved = values.try_reserve_exact(count);
        reserved.map_err(|_| Error::OutOfMemory { at: at() })?;
        values.resize(count, T::zeroed());
        let view = mapped
            .get_mapped_range(..)
            .map_err(|error| failed(&self.device, at(), error.to_string()))?;
        let copied: &mut [u8] = bytemuck::cast_slice_mut(&mut values);
        copied.copy_from_slice(&view[..copied.len()]);
        Ok(values)
    }

    fn staging(&self, bytes: u64) -> Result<Buffer, Error> {
        create(
            &self.device,
            &BufferDescriptor {
                label: Some("wgpu-softmax staging"),
                // An empty buffer cannot be mapped.
                size: bytes.max(4),
                usage: BufferUsages::MAP_READ | BufferUsages::COPY_DST,
                mapped_at_creation: false,
            },
        )
    }
}

fn record(bound: &Bound, encoder: &mut CommandEncoder) {
    bound.record(&mut encoder.begin_compute_pass(&Default::default()));
}

/// Buffer that the host can read once the submitted work has ended.
struct Staged {
    buffer: Buffer,
    mapped: OneshotReceiver<Result<(), BufferAsyncError>>,
}

impl Staged {
    fn map(buffer: Buffer) -> Self {
        let (sender, mapped) = oneshot_channel();
        buffer.map_async(MapMode::Read, .., move |result| {
            // The receiver is gone if the caller has dropped the future.
            let _ = sender.send(result);
        });
        Self { buffer, mapped }
    }

    /// Returns the buffer when it is mapped; else the reason why it is not.
    async fn mapped(self) -> Result<Buffer, String> {
        match self.mapped.receive().await {
            Some(Ok(())) => Ok(self.buffer),
            Some(Err(error)) => Err(error.to_string()),
            None => Err("it dropped the request to map a buffer".into()),
        }
    }
}
