//! Kernels as readable text: the WGSL of each dispatch, and its cost for a shape.

use std::fmt;

use crate::device::runnable::Runnable;
use crate::device::tensor::Role;
use crate::device::window::Window;
use crate::shader::params::Params;
use crate::shader::{Binding, Program, Stage};
use crate::variant::{Masking, Operation};

/// A kernel of a plan as readable text. Its `Display` is the WGSL with a head of comments.
///
/// ```
/// # use wgpu_softmax::{Gpu, SoftmaxSpec};
/// # let gpu = Gpu::open()?;
/// for kernel in gpu.planner().softmax(SoftmaxSpec::new(1024, 1000))?.wgsl()? {
///     println!("{}: {}", kernel.entry_point, kernel.reason);
///     assert!(kernel.to_string().contains("@compute"));
/// }
/// # Ok::<(), wgpu_softmax::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct KernelText {
    /// The label of the pipeline and of its dispatches.
    pub label: String,
    /// The name of the entry point.
    pub entry_point: &'static str,
    /// The variant in words.
    pub variant: String,
    /// Reason for the choice of the variant.
    pub reason: String,
    /// Condition under which the kernel is dispatched, if that depends on the buffers.
    pub condition: Option<&'static str>,
    /// Number of dispatches that serve all rows of the plan.
    pub dispatches: u64,
    /// Workgroups of the largest dispatch, in x, y and z.
    pub workgroups: [u32; 3],
    /// Invocations of a workgroup.
    pub workgroup_size: u32,
    /// Bytes of workgroup memory.
    pub workgroup_bytes: u32,
    /// Bytes read for each row; bytes that are read twice count twice, and optional bindings are left out.
    #[cfg_attr(feature = "serde", serde(rename = "bytes_read_per_row"))]
    pub bytes_read: u64,
    /// Bytes written for each row; optional bindings are left out.
    #[cfg_attr(feature = "serde", serde(rename = "bytes_written_per_row"))]
    pub bytes_written: u64,
    /// Bindings of group 0, by number.
    pub bindings: Vec<KernelBinding>,
    /// The WGSL text before its marked loops are unrolled.
    pub wgsl: String,
    #[cfg_attr(feature = "serde", serde(skip))]
    program: Program,
}

/// A binding of a kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct KernelBinding {
    /// Number in group 0.
    pub number: u32,
    /// Name, that of the buffer that is given for it.
    pub name: &'static str,
    /// True if the kernel may write to it.
    pub written: bool,
    /// True if the caller may leave it out.
    pub optional: bool,
    /// Bytes bound for the largest dispatch; 0 for a binding without a buffer.
    pub bytes: u64,
}

/// Dispatches of a kernel that serve all rows.
#[derive(Debug, Default)]
pub(crate) struct Dispatches {
    pub(crate) count: u64,
    pub(crate) workgroups: [u32; 3],
    /// Windows that the dispatches read or write, by binding.
    pub(crate) windows: Vec<(Binding, Window)>,
}

impl Dispatches {
    pub(crate) fn add(&mut self, workgroups: [u32; 3]) {
        let all = |[x, y, z]: [u32; 3]| u64::from(x) * u64::from(y) * u64::from(z);
        self.count += 1;
        if all(workgroups) > all(self.workgroups) || self.count == 1 {
            self.workgroups = workgroups;
        }
    }
}

/// Description of a kernel in addition to its text.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) variant: String,
    pub(crate) reason: String,
    pub(crate) condition: Option<&'static str>,
}

impl KernelText {
    pub(crate) fn new(
        runnable: &Runnable,
        said: Said,
        roles: &[Role],
        params: &Params,
        dispatches: &Dispatches,
    ) -> Self {
        let program = &runnable.program;
        let bindings = runnable.bindings.iter();
        let (bytes_read, bytes_written) = traffic(runnable, roles, params);
        Self {
            label: program.label(),
            entry_point: program.entry_point(),
            variant: said.variant,
            reason: said.reason,
            condition: said.condition,
            bindings: bindings
                .map(|&(binding, written)| described(binding, written, roles, dispatches))
                .collect(),
            dispatches: dispatches.count,
            workgroups: dispatches.workgroups,
            workgroup_size: program.variant.workgroup,
            workgroup_bytes: runnable.workgroup_bytes(),
            bytes_read,
            bytes_written,
            wgsl: runnable.wgsl.clone(),
            program: *program,
        }
    }

    /// Returns the WGSL text that is compiled: [`wgsl`](Self::wgsl) with its marked loops unrolled.
    pub fn compiled_wgsl(&self) -> String {
        self.program.unrolled(&self.wgsl)
    }

    /// Adds the condition under which the kernel is dispatched.
    pub(crate) fn only(self, condition: &'static str) -> Self {
        Self {
            condition: Some(condition),
            ..self
        }
    }
}

fn described(
    binding: Binding,
    written: bool,
    roles: &[Role],
    dispatches: &Dispatches,
) -> KernelBinding {
    let role = roles.iter().find(|role| role.binding == binding);
    let bytes_in = |role: &Role| {
        let windows = dispatches.windows.iter();
        let sizes = windows
            .filter(|(of, _)| *of == binding)
            .map(|(_, window)| role.shape.bytes_in(*window).0)
            .map(|bytes| bytes.end - bytes.start);
        sizes.max().unwrap_or(0)
    };
    let params = ("params", size_of::<Params>() as u64);
    let (name, bytes) = match role {
        Some(role) => (role.name, bytes_in(role)),
        None if binding == Binding::Params => params,
        None => ("none", 0),
    };
    KernelBinding {
        number: binding as u32,
        name,
        written,
        optional: role.is_some_and(|role| role.optional),
        bytes,
    }
}

/// Bytes read and written for each row.
fn traffic(runnable: &Runnable, roles: &[Role], params: &Params) -> (u64, u64) {
    let program = &runnable.program;
    let (mut read, mut written) = (0_u64, 0_u64);
    for &(binding, writes) in &runnable.bindings {
        let role = roles.iter().find(|role| role.binding == binding);
        let Some(role) = role.filter(|role| !role.optional) else {
            continue;
        };
        let bytes = role.shape.bytes_of_row();
        let (reads, writes) = match binding {
            Binding::Source | Binding::Upstream => (of_matrix(program, bytes, params), 0),
            Binding::Mask => (of_mask(program, params), 0),
            Binding::Result if program.options.in_place => {
                (of_matrix(program, bytes, params), bytes)
            }
            Binding::Partials => match program.stage {
                Stage::Partial => (0, bytes),
                Stage::Combine => (bytes, bytes / u64::from(params.grid.parts.max(1))),
                _ => (bytes, 0),
            },
            _ if writes => (0, bytes),
            _ => (bytes, 0),
        };
        read = read.saturating_add(reads);
        written = written.saturating_add(writes);
    }
    (read, written)
}

/// Bytes read for a row of a matrix.
fn of_matrix(program: &Program, bytes: u64, params: &Params) -> u64 {
    read_by(program, (bytes, program.dtype.bytes()), params)
}

/// Bytes read for a row of so many bytes, of elements of so many.
fn read_by(program: &Program, (bytes, element): (u64, u64), params: &Params) -> u64 {
    let times = match (program.stage, program.operation) {
        // Each line of the square reads the row.
        (_, Operation::Jacobian) => u64::from(params.grid.cols),
        (Stage::Streamed, operation) if operation.writes_matrix() => 2,
        // Single elements are read.
        (_, operation) if operation.is_per_row() => {
            return element * u64::from(params.loss.candidates + 1);
        }
        _ => 1,
    };
    bytes.saturating_mul(times)
}

fn of_mask(program: &Program, params: &Params) -> u64 {
    let element = match program.options.masking {
        Masking::None => 0,
        Masking::Added | Masking::AddedByQuads => 4,
        Masking::Kept | Masking::KeptByQuads => 1,
    };
    let bytes = element * u64::from(params.grid.cols);
    read_by(program, (bytes, element), params)
}

impl fmt::Display for KernelText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "// ==== {}", self.label)?;
        writeln!(f, "// Variant: {}.", self.variant)?;
        writeln!(f, "// Why: {}", self.reason)?;
        if let Some(condition) = self.condition {
            writeln!(f, "// When: {condition}.")?;
        }
        let [x, y, z] = self.workgroups;
        let times = match self.dispatches {
            1 => String::new(),
            more => format!(", at most, in {more} dispatches"),
        };
        writeln!(
            f,
            "// Workgroups: {x} x {y} x {z}{times}; each of {} invocations, with {} bytes of memory.",
            self.workgroup_size, self.workgroup_bytes
        )?;
        let (read, written) = (self.bytes_read, self.bytes_written);
        writeln!(f, "// A row: {read} bytes read, {written} bytes written.")?;
        writeln!(f, "// Bindings:")?;
        self.bindings
            .iter()
            .try_for_each(|binding| writeln!(f, "//   {binding}"))?;
        write!(f, "\n{}", self.wgsl)
    }
}

impl fmt::Display for KernelBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = if self.written { "read_write" } else { "read" };
        write!(f, "{:>2}  {:<12} {access:<10}  ", self.number, self.name)?;
        match (self.bytes, self.optional) {
            (0, _) => f.write_str("a placeholder"),
            (bytes, false) => write!(f, "{bytes} bytes"),
            (bytes, true) => write!(f, "{bytes} bytes if given, else a placeholder"),
        }
    }
}
