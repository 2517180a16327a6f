//! Programs that a device can run, with their text: all that can be said of a kernel before it is compiled.

use wgpu::{Backend, Limits};

use crate::error::Error;
use crate::shader::params::{self, Params};
use crate::shader::{Binding, Program};

/// The largest alignment of offsets that WebGPU asks for.
pub(crate) const ALIGNMENT: u32 = 256;

/// Bytes of the uniform of a dispatch.
pub(crate) const UNIFORM: u32 = size_of::<Params>() as u32;

/// Bytes between the uniforms of two dispatches.
pub(crate) const UNIFORM_STRIDE: u32 = UNIFORM.next_multiple_of(ALIGNMENT);

/// Workgroups in x, y and z.
pub(crate) type Workgroups = [u32; 3];

/// A program within the limits of a device.
#[derive(Debug)]
pub(crate) struct Runnable {
    pub(crate) program: Program,
    /// The text before its marked loops are unrolled.
    pub(crate) wgsl: String,
    /// Bindings that the text declares, each with true if it may be written.
    pub(crate) bindings: Vec<(Binding, bool)>,
    /// Workgroups that one dimension of a dispatch may have.
    max_workgroups: u32,
}

impl Runnable {
    /// Writes the text of `program`, and checks it against the limits of a device.
    ///
    /// # Errors
    ///
    /// The first limit that it exceeds.
    pub(crate) fn new(program: Program, limits: &Limits) -> Result<Self, Error> {
        let wgsl = program.wgsl();
        let runnable = Self {
            program,
            bindings: Program::bindings_in(&wgsl),
            wgsl,
            max_workgroups: limits.max_compute_workgroups_per_dimension,
        };
        match runnable.unmet(limits) {
            None => Ok(runnable),
            Some((limit, needed, available)) => Err(Error::Limit {
                what: format!("{}.{}", program.operation, program.stage.name()),
                limit,
                needed,
                available,
            }),
        }
    }

    /// Finds the first limit that is exceeded: its name, how much is needed, and how much there is.
    #[rustfmt::skip] // a table
    fn unmet(&self, limits: &Limits) -> Option<(&'static str, u64, u64)> {
        let count = |uniform| self.bindings.iter().filter(|(b, _)| b.is_uniform() == uniform).count() as u32;
        let bindings = 1 + self.bindings.iter().map(|(b, _)| *b as u32).max().unwrap_or(0);
        let invocations = self.program.variant.workgroup;
        let needs = [
            ("max_bind_groups", 1, limits.max_bind_groups),
            ("max_bindings_per_bind_group", bindings, limits.max_bindings_per_bind_group),
            ("max_storage_buffers_per_shader_stage", count(false), limits.max_storage_buffers_per_shader_stage),
            ("max_uniform_buffers_per_shader_stage", count(true), limits.max_uniform_buffers_per_shader_stage),
            ("max_dynamic_uniform_buffers_per_pipeline_layout", 1, limits.max_dynamic_uniform_buffers_per_pipeline_layout),
            ("max_compute_invocations_per_workgroup", invocations, limits.max_compute_invocations_per_workgroup),
            ("max_compute_workgroup_size_x", invocations, limits.max_compute_workgroup_size_x),
            ("max_compute_workgroup_size_y", 1, limits.max_compute_workgroup_size_y),
            ("max_compute_workgroup_size_z", 1, limits.max_compute_workgroup_size_z),
            ("max_compute_workgroup_storage_size", self.workgroup_bytes(), limits.max_compute_workgroup_storage_size),
        ];
        let needs = needs.map(|(name, needed, available)| (name, u64::from(needed), u64::from(available)));
        let size = ("max_uniform_buffer_binding_size", u64::from(UNIFORM), limits.max_uniform_buffer_binding_size);
        let exceeded = needs.into_iter().chain([size]).find(|(_, needed, available)| needed > available);
        let alignments = [
            ("min_uniform_buffer_offset_alignment", limits.min_uniform_buffer_offset_alignment),
            ("min_storage_buffer_offset_alignment", limits.min_storage_buffer_offset_alignment),
        ];
        let apart = alignments.into_iter().find(|(_, alignment)| *alignment > ALIGNMENT);
        exceeded.or(apart.map(|(name, alignment)| (name, ALIGNMENT.into(), alignment.into())))
    }

    /// Returns the text as the compiler behind `backend` takes it.
    pub(crate) fn compiled(&self, backend: Backend) -> String {
        let wgsl = self.program.unrolled(&self.wgsl);
        match backend {
            Backend::BrowserWebGpu => self.program.for_browsers(wgsl),
            _ => wgsl,
        }
    }

    /// Bytes of workgroup memory.
    pub(crate) fn workgroup_bytes(&self) -> u32 {
        self.program.memory_in(&self.wgsl)
    }

    /// Returns true if the kernel reads or writes a matrix.
    pub(crate) fn visits_matrices(&self) -> bool {
        self.bindings.iter().any(|(binding, _)| binding.is_matrix())
    }

    /// Number of slots of a dispatch. A slot serves a part of a row; on a strided axis, a part of as many groups of rows
    /// as an invocation serves.
    pub(crate) fn slots(&self, grid: &params::Grid) -> u64 {
        let rows = match self.program.serves_single_rows() {
            // All rows of the dispatch, or those of a bin or of some lines of a Jacobian.
            true => grid.bin_rows.into(),
            false => {
                let groups = grid.groups / self.program.variant.groups;
                u64::from(grid.rows.div_ceil(grid.inner)) * u64::from(groups)
            }
        };
        rows * u64::from(grid.parts)
    }

    /// Workgroups in x, y and z for `slots` slots.
    pub(crate) fn workgroups(&self, slots: u64) -> Result<Workgroups, Error> {
        let variant = self.program.variant;
        let groups = slots.div_ceil(u64::from(variant.workgroup / variant.lanes));
        fold(groups, self.max_workgroups).ok_or_else(|| Error::Limit {
            what: format!("{} of {groups} workgroups", self.program.label()),
            limit: "max_compute_workgroups_per_dimension",
            needed: (groups as f64).cbrt().ceil() as u64,
            available: self.max_workgroups.into(),
        })
    }
}

/// Folds `groups` workgroups into three dimensions of at most `most` each, with as little waste as the fold allows.
/// Returns `None` where three dimensions do not hold them.
pub(crate) fn fold(groups: u64, most: u32) -> Option<Workgroups> {
    let most = u64::from(most);
    let rows = groups.div_ceil(most.max(1)).max(1);
    let z = rows.div_ceil(most.max(1));
    let y = rows.div_ceil(z);
    let x = groups.div_ceil(y * z);
    let narrow = |n: u64| u32::try_from(n).ok();
    let fits = x <= most && z <= most;
    fits.then_some([narrow(x)?, narrow(y)?, narrow(z)?])
}

#[cfg(test)]
mod tests {
    use super::{Runnable, Workgroups, fold};
    use crate::error::Error;
    use crate::shader::{Program, Stage};
    use crate::variant::problem::Geometry;
    use crate::variant::{KernelOptions, Operation};
    use wgpu::{Backend, Limits};

    #[test]
    fn a_limit_that_a_program_exceeds_is_named() {
        let options = KernelOptions {
            loss_options: true,
            ..KernelOptions::default()
        };
        let program = Program::tally(Stage::ReduceLosses, options, 256);
        assert!(Runnable::new(program, &Limits::default()).is_ok());
        type Lower = fn(&mut Limits);
        let lowered: [(Lower, _); 7] = [
            (
                |l| l.max_bindings_per_bind_group = 12,
                ("max_bindings_per_bind_group", 13, 12),
            ),
            (
                |l| l.max_storage_buffers_per_shader_stage = 5,
                ("max_storage_buffers_per_shader_stage", 6, 5),
            ),
            (
                |l| l.max_compute_workgroup_size_x = 128,
                ("max_compute_workgroup_size_x", 256, 128),
            ),
            (
                |l| l.max_compute_workgroup_storage_size = 8191,
                ("max_compute_workgroup_storage_size", 8192, 8191),
            ),
            (
                |l| l.max_uniform_buffer_binding_size = 287,
                ("max_uniform_buffer_binding_size", 288, 287),
            ),
            (
                |l| l.max_dynamic_uniform_buffers_per_pipeline_layout = 0,
                ("max_dynamic_uniform_buffers_per_pipeline_layout", 1, 0),
            ),
            (
                |l| l.min_uniform_buffer_offset_alignment = 512,
                ("min_uniform_buffer_offset_alignment", 256, 512),
            ),
        ];
        for (lower, expected) in lowered {
            let mut limits = Limits::default();
            lower(&mut limits);
            match Runnable::new(program, &limits) {
                Err(Error::Limit {
                    limit,
                    needed,
                    available,
                    ..
                }) => assert_eq!((limit, needed, available), expected),
                other => panic!("{expected:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn workgroups_fold_into_three_dimensions() {
        let folds: [(u64, u32, Option<Workgroups>); 8] = [
            (0, 65_535, Some([0, 1, 1])),
            (65_535, 65_535, Some([65_535, 1, 1])),
            (65_536, 65_535, Some([32_768, 2, 1])),
            (313, 64, Some([63, 5, 1])),
            (5000, 64, Some([63, 40, 2])),
            (64 * 64 * 64, 64, Some([64, 64, 64])),
            (64 * 64 * 64 + 1, 64, None),
            (1, 0, None),
        ];
        for (groups, most, expected) in folds {
            assert_eq!(fold(groups, most), expected, "{groups} of {most}");
        }
        for groups in 1..=1000_u64 {
            let grid = fold(groups, 10).expect("a grid");
            let folded: u64 = grid.iter().map(|&n| u64::from(n)).product();
            assert!(folded >= groups && grid.iter().all(|n| (1..=10).contains(n)));
            assert!(folded - groups < 110, "{grid:?} for {groups}");
        }
    }

    #[test]
    fn browsers_are_told_of_subgroups_and_nobody_else_is() {
        for (variant, told) in [
            ("streamed.subgroup32of64.quads", true),
            ("streamed.hybrid32x8of256.quads", true),
            ("streamed.workgroup64of64.quads", false),
            ("streamed.invocation1of64.quads", false),
        ] {
            let variant = variant.parse().expect("a variant");
            let geometry = Geometry::contiguous(Operation::Softmax, 64, 1000).expect("a shape");
            let program = Program::of(&geometry, variant)[0];
            let runnable = Runnable::new(program, &Limits::default()).expect("a program");
            let text = runnable.compiled(Backend::Vulkan);
            assert!(!text.contains("enable"), "{variant}");
            assert_eq!(text.contains("subgroupShuffleXor"), told, "{variant}");
            let expected = match told {
                true => format!("enable subgroups;\n{text}"),
                false => text,
            };
            assert_eq!(runnable.compiled(Backend::BrowserWebGpu), expected);
        }
    }
}
