//! Choice of the kernels that run a case.

use super::subject::Subject;
use crate::error::Error;
use crate::gpu::Gpu;
use crate::spec::dtype::DType;
use crate::variant::{Abilities, Family, KernelOptions, Operation, Reduce, Variant, variants};

/// Kernels that run a shape.
#[derive(Clone, Copy)]
pub(super) enum Kernels {
    /// Every kind of kernel that can.
    Forced,
    /// The preferred kernel.
    Preferred,
    /// The preferred kernel, and one invocation a row.
    Long,
    /// The preferred kernel, and one row a workgroup: the number of workgroups exceeds one dimension of a dispatch.
    Tall,
}

impl Kernels {
    pub(super) fn of(self, gpu: &Gpu, subject: &Subject) -> Result<Vec<Variant>, Error> {
        let abilities = gpu.planner().abilities();
        let problem = subject.problem();
        let preferred = gpu.planner().variant(problem)?;
        Ok(match self {
            Self::Forced => {
                let mut kinds = variants(problem, abilities);
                if problem.alignment > 1 {
                    kinds.retain(|kind| kind.access == preferred.access);
                }
                // 16-bit storage takes every third of them, another third for each operation.
                let (skip, step) = match subject.dtype {
                    DType::F32 => (0, 1),
                    _ => (subject.operation as usize % 3, 3),
                };
                kinds.into_iter().skip(skip).step_by(step).collect()
            }
            Self::Preferred => vec![preferred],
            Self::Long => vec![preferred, one_invocation(preferred, problem.operation, 64)],
            Self::Tall => vec![preferred, one_invocation(preferred, problem.operation, 1)],
        })
    }
}

/// True if no other kind merges more lanes in the same way.
pub(super) fn has_most_lanes(kind: &Variant, abilities: &Abilities) -> bool {
    match kind.reduce {
        Reduce::Invocation | Reduce::Hybrid { .. } => true,
        Reduce::Subgroup => Some(kind.lanes) == abilities.subgroup,
        Reduce::Workgroup => kind.lanes >= 64,
    }
}

/// Returns the variant of one invocation a row: on a long row it reaches every level of the nested sums.
fn one_invocation(preferred: Variant, operation: Operation, workgroup: u32) -> Variant {
    Variant {
        family: match operation.is_elementwise() {
            true => Family::Elementwise { parts: 1 },
            false => Family::Streamed,
        },
        reduce: Reduce::Invocation,
        lanes: 1,
        workgroup,
        ..preferred
    }
}

/// Names a kernel by its variant, without the numbers that follow from the shape, and its code options.
pub(super) fn name(variant: Variant, options: KernelOptions) -> String {
    let family = match variant.family {
        Family::Registers { .. } => "registers",
        Family::Streamed => "streamed",
        Family::Split { .. } => "split",
        Family::Elementwise { .. } => "elementwise",
    };
    let reduce = match variant.reduce {
        Reduce::Invocation => "invocation".to_owned(),
        reduce => reduce.named(variant.lanes),
    };
    let strided = match variant.groups {
        0 => String::new(),
        groups => format!(".{}rows", 4 * groups),
    };
    let word = if variant.int64 { "64" } else { "" };
    let access = format!("{:?}", variant.access).to_ascii_lowercase();
    format!("{family}.{reduce}.{access}{word}{strided}{options}")
}
