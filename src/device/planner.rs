//! The planner: the choice of kernels on a device, and their pipelines, which are compiled when they are first bound.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wgpu::{Device, Limits};

use crate::device::caps::abilities_of;
#[cfg(feature = "kernels")]
use crate::device::caps::limits_of;
use crate::device::kernel::{Bound, Kernel, Step};
use crate::device::memory::{Make, no_device, scratch};
use crate::device::runnable::Runnable;
use crate::device::scope::contain;
use crate::device::tuning::{TunedKernel, Tuning};
use crate::error::Error;
use crate::shader::Program;
use crate::variant::problem::Geometry;
use crate::variant::{Abilities, Problem, Variant, admit, choose, reason};

/// Makes plans on a device of the caller, and keeps the pipelines that they share.
///
/// Cheap to clone; clones share pipelines. Plans that differ in rows or in plain numbers share them too: once all are
/// compiled, binding compiles nothing. A loss without options (weights, z-loss, an upstream gradient and the like) has
/// kernels without the code of the options; a loss with any of them has kernels with the code of all.
///
/// ```
/// # use wgpu_softmax::{Gpu, Planner, SoftmaxSpec};
/// # let device = Gpu::open()?.device().clone();
/// let planner = Planner::new(&device);
/// let plan = planner.softmax(SoftmaxSpec::new(1024, 50_257))?;
/// println!("{} moves {} bytes", plan.kernel(), plan.bytes_moved());
/// # Ok::<(), wgpu_softmax::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Planner {
    shared: Arc<Shared>,
    forced: Option<Variant>,
    tuning: Option<Arc<Tuning>>,
}

#[derive(Debug)]
struct Shared {
    /// None if kernels are only planned, described and exported.
    device: Option<Device>,
    abilities: Abilities,
    limits: Limits,
    /// Programs that the device can run: to find out takes their text.
    runnable: Mutex<HashMap<Program, Arc<Runnable>>>,
    kernels: Mutex<HashMap<Program, Arc<Kernel>>>,
}

// The methods that plan operations stand beside them, in `ops`.
impl Planner {
    /// Makes a planner for `device`, which may have any features and limits; see [`wanted`](crate::wanted) for those that
    /// serve best. Does no work.
    pub fn new(device: &Device) -> Self {
        Self::of(Some(device), abilities_of(device), device.limits())
    }

    /// Makes a planner without a device, to see and to [export](crate::export) the kernels that a device of these abilities
    /// gets. What its plans ask of a device in addition, such as the size of buffers, is in their exports. To bind one of them
    /// is an error.
    ///
    /// ```
    /// use wgpu_softmax::{Planner, SoftmaxSpec, variant::Abilities};
    ///
    /// let planner = Planner::of_abilities(Abilities::WEBGPU);
    /// let plan = planner.softmax(SoftmaxSpec::new(1024, 50_257))?;
    /// println!("{}", plan.wgsl()?[0]);
    /// # Ok::<(), wgpu_softmax::Error>(())
    /// ```
    #[cfg(feature = "kernels")]
    pub fn of_abilities(abilities: Abilities) -> Self {
        Self::of(None, abilities, limits_of(&abilities))
    }

    fn of(device: Option<&Device>, abilities: Abilities, limits: Limits) -> Self {
        let shared = Shared {
            device: device.cloned(),
            abilities,
            limits,
            kernels: Mutex::default(),
            runnable: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
            forced: None,
            tuning: None,
        }
    }

    /// The same planner, but every plan of it uses `variant`, or fails with [`Error::Variant`] where it cannot.
    #[must_use]
    #[cfg(feature = "kernels")]
    pub fn with_variant(&self, variant: Variant) -> Self {
        Self {
            forced: Some(variant),
            ..self.clone()
        }
    }

    /// The same planner, but its plans use the kernels that were measured to be the fastest on this device: `tunings` may hold
    /// those of other devices, too. Problems that they do not cover, or that the device as it was opened cannot serve so, get
    /// the kernels that the planner chooses without them. Nothing is measured here. Other kernels may round differently, within
    /// the same bounds.
    ///
    /// # Errors
    ///
    /// [`Error::Tuning`] if none was made for this device, its driver, this version of the crate and its shaders;
    /// [`Error::Value`] if the planner has no device.
    #[cfg(feature = "kernels")]
    pub fn with_tunings(&self, tunings: &[Tuning]) -> Result<Self, Error> {
        let tuning = Tuning::of(self.device()?).join(tunings)?;
        Ok(Self {
            tuning: Some(Arc::new(tuning)),
            ..self.clone()
        })
    }

    /// A planner on the same device that chooses as for a device of other abilities, without tunings: to see the kernels that it
    /// would get. A plan fails with [`Error::Limit`] where they exceed the limits of this device, on which their pipelines
    /// compile.
    #[must_use]
    #[cfg(feature = "kernels")]
    pub fn with_abilities(&self, abilities: Abilities) -> Self {
        let device = self.shared.device.as_ref();
        let limits = match device {
            Some(_) => self.shared.limits.clone(),
            None => limits_of(&abilities),
        };
        Self {
            forced: self.forced,
            ..Self::of(device, abilities, limits)
        }
    }

    /// The same planner, with its own choice of variants.
    pub(crate) fn unforced(&self) -> Self {
        Self {
            forced: None,
            ..self.clone()
        }
    }

    /// Abilities of the device: the part of its features and limits that decides which kernels it can run.
    #[cfg_attr(not(feature = "kernels"), doc(hidden))]
    pub fn abilities(&self) -> &Abilities {
        &self.shared.abilities
    }

    /// Number of pipelines that it holds: those of all programs that were bound.
    pub fn pipelines(&self) -> usize {
        locked(&self.shared.kernels).len()
    }

    /// Drops its pipelines, and the texts of what was planned. Plans and bindings keep those that they hold; whatever is planned from now on is compiled
    /// anew. Meant for programs that no longer need some shapes, as a pipeline on a software adapter takes a megabyte or
    /// more.
    pub fn clear(&self) {
        locked(&self.shared.kernels).clear();
        locked(&self.shared.runnable).clear();
    }

    /// Returns the device.
    ///
    /// # Errors
    ///
    /// As [`no_device`].
    pub(crate) fn device(&self) -> Result<&Device, Error> {
        self.shared.device.as_ref().ok_or_else(no_device)
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// Binds the dispatches that `steps` gives from a maker of memory; `at` gives the operation and its sizes. Buffers are checked
    /// before; within the device's error scope, rows are divided into dispatches, whose uniforms are filled, then kernels are
    /// compiled that no binding has needed yet, and bind groups made.
    pub(crate) fn bind(
        &self,
        at: impl Fn() -> String,
        steps: impl FnOnce(Make<'_>) -> Result<Vec<Step>, Error>,
    ) -> Result<Bound, Error> {
        let device = self.device()?;
        contain(device, at, || {
            let steps = steps(&|name, bytes| scratch(device, name, bytes))?;
            Bound::new(self, &steps)
        })
    }

    /// Returns the variant for a problem: the forced one, or a tuned one if there is one that can serve, or the preferred one.
    ///
    /// # Errors
    ///
    /// [`Error::Variant`] if the forced one cannot serve, [`Error::Limit`] if no variant can.
    #[cfg_attr(not(feature = "kernels"), doc(hidden))]
    pub fn variant(&self, problem: Problem) -> Result<Variant, Error> {
        match (self.forced, self.tuned(problem)) {
            (Some(variant), _) => admit(variant, problem, self.abilities()).map(|()| variant),
            (None, Some((_, variant))) => Ok(variant),
            (None, None) => choose(problem, self.abilities()),
        }
    }

    fn tuned(&self, problem: Problem) -> Option<(&TunedKernel, Variant)> {
        self.tuning.as_ref()?.find(problem, self.abilities())
    }

    /// Explains the variant for a problem.
    pub(crate) fn reason(&self, problem: Problem, variant: Variant) -> String {
        match (self.forced, &self.tuning, self.tuned(problem)) {
            (Some(_), ..) => "The caller has asked for it.".into(),
            (None, Some(tuning), Some((kernel, _))) => tuning.reason(kernel),
            _ => reason(problem, variant, self.abilities()),
        }
    }

    /// Returns the programs of a variant, and checks that the device can run each of them.
    pub(crate) fn programs(
        &self,
        geometry: &Geometry,
        variant: Variant,
    ) -> Result<Vec<Arc<Runnable>>, Error> {
        let programs = Program::of(geometry, variant).into_iter();
        programs.map(|program| self.checked(program)).collect()
    }

    /// Returns the program with its text, if the device can run it.
    pub(crate) fn checked(&self, program: Program) -> Result<Arc<Runnable>, Error> {
        if let Some(runnable) = locked(&self.shared.runnable).get(&program) {
            return Ok(Arc::clone(runnable));
        }
        let runnable = Arc::new(Runnable::new(program, &self.shared.limits)?);
        let mut held = locked(&self.shared.runnable);
        Ok(Arc::clone(held.entry(program).or_insert(runnable)))
    }

    /// Returns the pipeline of a program, compiled on first use.
    pub(crate) fn kernel(&self, runnable: &Arc<Runnable>) -> Result<Arc<Kernel>, Error> {
        if let Some(kernel) = locked(&self.shared.kernels).get(&runnable.program) {
            return Ok(Arc::clone(kernel));
        }
        // Not under the lock: other threads may bind meanwhile.
        let kernel = Arc::new(Kernel::new(self.device()?, runnable)?);
        let mut held = locked(&self.shared.kernels);
        Ok(Arc::clone(held.entry(runnable.program).or_insert(kernel)))
    }
}

fn locked<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}
