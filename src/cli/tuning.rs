//! The file of `tune -o`, and its use by the other commands.

use super::args::Tuned;
use super::failure::Failure;
use std::fs;
use wgpu_softmax::{Gpu, Tuning};

impl Tuned {
    /// Returns the device with a planner that takes the kernels of the file, if one is given.
    pub(crate) fn apply(&self, gpu: Gpu) -> Result<Gpu, Failure> {
        let Some(path) = &self.tuning else {
            return Ok(gpu);
        };
        let text =
            fs::read_to_string(path).map_err(|error| Failure::system("read", path, &error))?;
        let tunings: Vec<Tuning> = serde_json::from_str(&text)
            .map_err(|error| Failure::expected(path.display(), "what tune -o writes", error))?;
        let planner = gpu.planner().with_tunings(&tunings);
        let at = path.display().to_string();
        let planner = planner.map_err(|error| Failure::Library { at, error })?;
        Ok(gpu.with_planner(planner))
    }

    /// Applies it to every device.
    pub(crate) fn apply_each(&self, gpus: Vec<Gpu>) -> Result<Vec<Gpu>, Failure> {
        gpus.into_iter().map(|gpu| self.apply(gpu)).collect()
    }
}
