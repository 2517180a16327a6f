//! Engine of an operation: an adapter, or the reference.

use super::adapters;
use super::args::Common;
use super::failure::{Failure, note};
use super::outputs::Outputs;
use super::report;
use super::rows::{self, Rows};
use wgpu_softmax::variant::Problem;
use wgpu_softmax::{Error, Gpu};

/// Engine that computes an operation on given rows.
#[derive(Debug)]
pub(crate) enum Engine {
    Reference,
    Gpu {
        gpu: Box<Gpu>,
        /// Name of the kernel that runs; none where there is nothing to run.
        kernel: Option<String>,
    },
}

impl Engine {
    /// Opens the adapter that the command line names, with the kernel that suits all of `rows`: `problem` makes the
    /// problem of a number of rows.
    pub(crate) fn open(
        common: &Common,
        rows: &Rows,
        problem: impl FnOnce(u64) -> Result<Problem, Error>,
    ) -> Result<Self, Failure> {
        Ok(Self::chosen(common, rows, problem)?.told(common))
    }

    /// Opens the adapter that the command line names, for an operation of which `kernel` names the kernel.
    pub(crate) fn of(
        common: &Common,
        rows: &Rows,
        kernel: impl FnOnce(&Gpu) -> Result<String, Error>,
    ) -> Result<Self, Failure> {
        if common.reference {
            return Ok(Self::Reference.told(common));
        }
        let gpu = Box::new(
            common
                .tuned
                .apply(adapters::open(common.adapter.as_deref())?)?,
        );
        let kernel = kernel(&gpu).map_err(|error| Self::at(rows, error))?;
        let engine = Self::Gpu {
            gpu,
            kernel: Some(kernel),
        };
        Ok(engine.told(common))
    }

    /// Says what computes, if that is wanted.
    fn told(self, common: &Common) -> Self {
        if common.verbose {
            match &self {
                Self::Reference => note("computes", "the f64 reference, on the CPU"),
                Self::Gpu { gpu, kernel } => {
                    note("adapter", report::Adapter::from(gpu.adapter_info()));
                    note("kernel", kernel.as_deref().unwrap_or("none, for no rows"));
                }
            }
        }
        self
    }

    fn chosen(
        common: &Common,
        rows: &Rows,
        problem: impl FnOnce(u64) -> Result<Problem, Error>,
    ) -> Result<Self, Failure> {
        if common.reference {
            return Ok(Self::Reference);
        }
        let gpu = Box::new(
            common
                .tuned
                .apply(adapters::open(common.adapter.as_deref())?)?,
        );
        if rows.rows == 0 {
            return Ok(Self::Gpu { gpu, kernel: None });
        }
        // More rows are computed in blocks, and nothing depends on how many more they are.
        let most = (u32::MAX as usize / rows.inner).max(1) * rows.inner;
        let many = rows.rows.min(most) as u64;
        let at = |error| Self::at(rows, error);
        let problem = problem(many).map_err(at)?;
        let planner = gpu.planner();
        let variant = planner.variant(problem).map_err(at)?;
        Ok(Self::Gpu {
            // Chosen for all rows, so that those of a short block give the same bits.
            gpu: Box::new(gpu.with_planner(planner.with_variant(variant))),
            kernel: Some(problem.kernel(variant, rows.float.dtype())),
        })
    }

    /// Returns true for the reference, which takes the columns of a row one after the other.
    pub(crate) fn is_reference(&self) -> bool {
        matches!(self, Self::Reference)
    }

    /// Returns the largest number of bytes of a block of rows.
    pub(crate) fn block_bytes(&self, common: &Common) -> u64 {
        match self {
            Self::Reference => common.block_bytes,
            Self::Gpu { gpu, .. } => common
                .block_bytes
                .min(gpu.device().limits().max_buffer_size),
        }
    }

    /// Describes the work, and writes a note if f64 is computed in f32.
    pub(crate) fn doing(&self, rows: &Rows) -> String {
        rows::tell_of_f64(rows.path(), rows.float, rows.wide);
        format!("computing on {}", rows.describe())
    }

    /// Computes on a block of `rows`, on the GPU or by the reference.
    pub(crate) fn compute<B, T>(
        &self,
        rows: &Rows,
        block: B,
        on_gpu: impl FnOnce(&Gpu, B) -> Result<T, Error>,
        by_reference: impl FnOnce(B) -> T,
    ) -> Result<T, Failure> {
        match self {
            Self::Reference => Ok(by_reference(block)),
            Self::Gpu { gpu, .. } => on_gpu(gpu, block).map_err(|error| Self::at(rows, error)),
        }
    }

    /// Returns the JSON report of the command `operation` on `rows`.
    pub(crate) fn report(
        &self,
        operation: &str,
        rows: &Rows,
        outputs: &Outputs,
        loss: Option<f32>,
    ) -> String {
        let (adapter, kernel) = match self {
            Self::Reference => (None, Some("reference".into())),
            Self::Gpu { gpu, kernel } => (Some(gpu.adapter_info().into()), kernel.clone()),
        };
        let outputs = outputs.arrays();
        let outputs = outputs.map(|(name, path)| (name, path.display().to_string()));
        report::json(&report::Operation {
            operation,
            adapter,
            kernel,
            rows: rows.rows,
            cols: rows.cols,
            outputs: outputs.collect(),
            loss: loss.map(report::Number),
        })
    }

    /// Returns the failure of work on these rows.
    pub(crate) fn at(rows: &Rows, error: Error) -> Failure {
        Failure::Library {
            at: rows.describe(),
            error,
        }
    }
}
