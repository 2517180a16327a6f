//! Processor time of this process, of all its threads.

/// Processor time from a moment on. Browsers do not tell it.
pub(super) struct Effort {
    #[cfg(not(target_arch = "wasm32"))]
    begun: std::io::Result<cpu_time::ProcessTime>,
}

impl Effort {
    /// Begins to count.
    pub(super) fn begin() -> Self {
        Self {
            #[cfg(not(target_arch = "wasm32"))]
            begun: cpu_time::ProcessTime::try_now(),
        }
    }

    /// Returns the nanoseconds since then, where they are known.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn nanoseconds(self) -> Option<f64> {
        let elapsed = self.begun.and_then(|begun| begun.try_elapsed());
        elapsed.ok().map(|elapsed| elapsed.as_nanos() as f64)
    }

    #[cfg(target_arch = "wasm32")]
    pub(super) const fn nanoseconds(self) -> Option<f64> {
        None
    }
}
