//! Tunings: kernels that were measured to be the fastest on one device, as plain data.

use wgpu::Device;

use crate::error::Error;
use crate::shader::digest;
use crate::spec::dtype::DType;
use crate::variant::{Abilities, Family, Operation, Problem, Variant, admit};

/// Kernels that were measured to be the fastest on one device, by classes of problems.
///
/// It holds for that device alone, with the same driver, version of this crate and shaders:
/// [`Planner::with_tunings`](crate::Planner::with_tunings) refuses every other. The module `tune` (feature `bench`) measures one, as
/// does the command `wgpu-softmax tune`. With the feature `serde` it is what that command writes, a list of them as JSON.
///
/// ```
/// # use wgpu_softmax::{DType, Gpu, SoftmaxSpec, TunedKernel, Tuning, variant::Operation};
/// # let device = Gpu::open()?.device().clone();
/// # let planner = wgpu_softmax::Planner::new(&device);
/// let spec = SoftmaxSpec::new(1024, 1000);
/// let mut tuning = Tuning::of(&device); // of no kernel yet
/// let variant = "streamed.workgroup64of64.quads".parse()?;
/// tuning.kernels.push(TunedKernel::new(spec.problem(Operation::Softmax)?, variant));
///
/// let tuned = planner.with_tunings(&[tuning])?;
/// assert_eq!(tuned.softmax(spec)?.variant(), variant);
/// # Ok::<(), wgpu_softmax::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Tuning {
    /// Name of the device, as its adapter states it.
    pub device: String,
    /// Backend of wgpu: `vulkan`, `metal`, `dx12`, `gl`.
    pub backend: String,
    /// Name of the driver, as the adapter states it.
    pub driver: String,
    /// Version of the driver, in its own words.
    pub driver_version: String,
    /// Version of this crate.
    pub crate_version: String,
    /// Digest of the shaders.
    pub shaders: String,
    /// Kernels; of several for one problem, the first that can serve it.
    pub kernels: Vec<TunedKernel>,
}

/// Kernel for a class of problems: of one operation, storage type and kind of axis, in ranges of columns and rows.
///
/// Problems with a mask, causal rows, dense targets or auxiliary outputs are in no class.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct TunedKernel {
    /// The operation.
    #[cfg_attr(feature = "serde", serde(rename = "op", with = "by_name"))]
    pub operation: Operation,
    /// Storage type of the matrices.
    #[cfg_attr(feature = "serde", serde(with = "by_name"))]
    pub dtype: DType,
    /// True for rows on a strided axis.
    pub strided: bool,
    /// Columns of a row: the fewest and the most.
    pub cols: (u32, u32),
    /// Rows: the fewest and the most.
    pub rows: (u64, u64),
    /// Kernel for them. The quads of a row in registers follow from its columns, whatever is said here.
    #[cfg_attr(feature = "serde", serde(with = "by_name"))]
    pub variant: Variant,
    /// How it was measured, in words.
    pub measured: String,
}

impl Tuning {
    /// Makes a tuning of no kernel for a device.
    pub fn of(device: &Device) -> Self {
        let info = device.adapter_info();
        Self {
            device: info.name,
            backend: info.backend.to_string(),
            driver: info.driver,
            driver_version: info.driver_info,
            crate_version: env!("CARGO_PKG_VERSION").into(),
            shaders: format!("{:016x}", digest()),
            kernels: Vec::new(),
        }
    }

    /// Joins those of `tunings` that were made for the device of `self`, which may be several.
    ///
    /// # Errors
    ///
    /// [`Error::Tuning`] if there is none: the first fact in which the one that comes nearest differs.
    pub(crate) fn join(mut self, tunings: &[Self]) -> Result<Self, Error> {
        let same = |other: &Self| {
            let facts = self.facts().into_iter().zip(other.facts());
            facts.take_while(|(own, other)| own == other).count()
        };
        let facts = self.facts().len();
        let (nearest, agrees) = tunings
            .iter()
            .map(|other| (Some(other), same(other)))
            .max_by_key(|(_, agrees)| *agrees)
            .unwrap_or((None, 0));
        if agrees < facts {
            let (what, expected) = self.facts()[agrees];
            return Err(Error::Tuning {
                what,
                expected: expected.to_owned(),
                found: nearest
                    .map_or("no tuning", |other| other.facts()[agrees].1)
                    .to_owned(),
            });
        }
        let own = tunings.iter().filter(|other| same(other) == facts);
        let kernels = own.flat_map(|tuning| tuning.kernels.iter().cloned());
        self.kernels = kernels.collect();
        Ok(self)
    }

    fn facts(&self) -> [(&'static str, &str); 6] {
        [
            ("device", &self.device),
            ("backend", &self.backend),
            ("driver", &self.driver),
            ("driver's version", &self.driver_version),
            ("crate's version", &self.crate_version),
            ("digest of the shaders", &self.shaders),
        ]
    }

    /// Finds the first kernel that can serve a problem, fitted to it.
    pub(crate) fn find(
        &self,
        problem: Problem,
        abilities: &Abilities,
    ) -> Option<(&TunedKernel, Variant)> {
        let covering = self.kernels.iter().filter(|kernel| kernel.covers(problem));
        covering
            .map(|kernel| (kernel, kernel.fitted(problem)))
            .find(|(_, variant)| admit(*variant, problem, abilities).is_ok())
    }

    /// Explains the choice of one of its kernels.
    pub(crate) fn reason(&self, kernel: &TunedKernel) -> String {
        let Self {
            device,
            backend,
            driver,
            driver_version,
            ..
        } = self;
        let measured = &kernel.measured;
        format!("Tuned on {device} ({backend}, {driver} {driver_version}): {measured}.")
    }
}

impl TunedKernel {
    /// Makes the kernel for problems of the rows and columns of `problem`, neither more nor less: widen the ranges as wanted.
    pub fn new(problem: Problem, variant: Variant) -> Self {
        Self {
            operation: problem.operation,
            dtype: problem.dtype,
            strided: problem.inner > 1,
            cols: (problem.cols, problem.cols),
            rows: (problem.rows, problem.rows),
            variant,
            measured: "by hand".into(),
        }
    }

    fn covers(&self, problem: Problem) -> bool {
        let options = problem.options;
        let is_measured = !options.is_masked() && !options.is_dense() && !options.is_auxiliary();
        let class = (problem.operation, problem.dtype, problem.inner > 1);
        is_measured
            && (self.operation, self.dtype, self.strided) == class
            && (self.cols.0..=self.cols.1).contains(&problem.cols)
            && (self.rows.0..=self.rows.1).contains(&problem.rows)
    }

    fn fitted(&self, problem: Problem) -> Variant {
        let Variant {
            family,
            lanes,
            access,
            int64,
            ..
        } = self.variant;
        let family = match family {
            // A file may name lanes without end, which `admit` refuses.
            Family::Registers { .. } if (1..=1 << 20).contains(&lanes) => Family::Registers {
                quads: problem.quads(lanes, access),
            },
            other => other,
        };
        Variant {
            family,
            int64: int64 && access.takes_int64(problem.options.in_place),
            ..self.variant
        }
    }
}

/// Names in place of values.
#[cfg(feature = "serde")]
mod by_name {
    use std::fmt::Display;

    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    use super::{DType, Operation, Variant};

    pub(super) trait Named: Sized {
        const WHAT: &'static str;
        fn named(name: &str) -> Option<Self>;
    }

    impl Named for Operation {
        const WHAT: &'static str = "the name of an operation";
        fn named(name: &str) -> Option<Self> {
            Self::ALL.into_iter().find(|one| one.name() == name)
        }
    }

    impl Named for DType {
        const WHAT: &'static str = "f32, f16 or bf16";
        fn named(name: &str) -> Option<Self> {
            Self::ALL.into_iter().find(|one| one.name() == name)
        }
    }

    impl Named for Variant {
        const WHAT: &'static str = "a variant as registers4.subgroup8of64.quads";
        fn named(name: &str) -> Option<Self> {
            name.parse().ok()
        }
    }

    pub(super) fn serialize<T: Display, S: Serializer>(
        value: &T,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(super) fn deserialize<'de, T: Named, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        let name = String::deserialize(from)?;
        T::named(&name)
            .ok_or_else(|| D::Error::custom(format!("expected {}, found {name:?}", T::WHAT)))
    }
}

#[cfg(test)]
mod tests;
