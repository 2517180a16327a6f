//! The planner: pipelines, compiled once for each program.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use wgpu::{Device, Limits};

use crate::Error;
use crate::caps::{abilities_of, check};
use crate::kernel::Kernel;
use crate::layout::Geometry;
use crate::shader::Program;
use crate::variant::{Abilities, Problem, Variant, admit, choose};

/// Makes plans on a device of the caller's, and keeps the pipelines that they share.
///
/// Cheap to clone; clones share pipelines. Plans that differ in rows or in plain numbers share them too: a warm
/// planner compiles nothing.
#[derive(Debug, Clone)]
pub struct Planner {
    shared: Arc<Shared>,
    forced: Option<Variant>,
}

#[derive(Debug)]
struct Shared {
    device: Device,
    abilities: Abilities,
    limits: Limits,
    kernels: Mutex<HashMap<Program, Arc<Kernel>>>,
}

impl Planner {
    /// A planner for `device`, which may have any features and limits; see [`wanted`](crate::wanted) for those that
    /// serve best. Does no work.
    pub fn new(device: &Device) -> Self {
        let shared = Shared {
            device: device.clone(),
            abilities: abilities_of(device),
            limits: device.limits(),
            kernels: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
            forced: None,
        }
    }

    /// The same planner, but every plan of it uses `variant`, or fails with [`Error::Variant`] where it cannot.
    #[must_use]
    pub fn with_variant(&self, variant: Variant) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            forced: Some(variant),
        }
    }

    /// The same planner, with its own choice of variants.
    pub(crate) fn unforced(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            forced: None,
        }
    }

    /// Whether every plan uses a variant of the caller's.
    pub(crate) const fn is_forced(&self) -> bool {
        self.forced.is_some()
    }

    /// What of the device decides which kernels it can run.
    pub fn abilities(&self) -> &Abilities {
        &self.shared.abilities
    }

    /// Forgets its pipelines: those that plans and bindings hold live as long as these, and what is planned from now on is
    /// compiled anew. For programs that are done with some shapes, as a software adapter's pipeline takes a megabyte or more.
    pub fn clear(&self) {
        let shared = &self.shared;
        let mut kernels = shared
            .kernels
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        kernels.clear();
    }

    pub(crate) fn device(&self) -> &Device {
        &self.shared.device
    }

    /// The variant for a problem: the forced one if it will do, else the preferred one.
    pub(crate) fn variant(&self, problem: Problem) -> Result<Variant, Error> {
        match self.forced {
            Some(variant) => admit(variant, problem, self.abilities()).map(|()| variant),
            None => choose(problem, self.abilities()),
        }
    }

    pub(crate) fn kernels(
        &self,
        geometry: &Geometry,
        variant: Variant,
    ) -> Result<Vec<Arc<Kernel>>, Error> {
        Program::of(geometry, variant)
            .into_iter()
            .map(|program| self.kernel(program))
            .collect()
    }

    /// The kernel of causal rows in registers, of which each lane holds so many quads at most: the first `counted` of them
    /// are of columns that every row counts.
    pub(crate) fn narrow_kernel(
        &self,
        geometry: &Geometry,
        variant: Variant,
        (counted, most): (u32, u32),
    ) -> Result<Arc<Kernel>, Error> {
        let narrow = |program: Program| Program {
            stage: program.stage.narrowed(counted, most),
            ..program
        };
        let program = Program::of(geometry, variant).remove(0);
        self.kernel(narrow(program))
    }

    pub(crate) fn kernel(&self, program: Program) -> Result<Arc<Kernel>, Error> {
        let mut kernels = self
            .shared
            .kernels
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(kernel) = kernels.get(&program) {
            return Ok(Arc::clone(kernel));
        }
        check(&program, &self.shared.limits)?;
        let kernel = Arc::new(Kernel::new(&self.shared.device, program)?);
        kernels.insert(program, Arc::clone(&kernel));
        Ok(kernel)
    }
}
