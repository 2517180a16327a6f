//! Variants of kernels: plain data, chosen only from the shape and the device's abilities.
//!
//! A [`Variant`] can be printed, compared, forced and tested without a GPU. [`choose`] is the only place that prefers
//! one to another.

mod admit;
mod all;
mod choose;
pub(crate) mod geometry;
mod operation;
mod options;
mod parse;
mod rivals;
mod strided;
mod tuning;
mod words;

use std::fmt;

use crate::spec::dtype::DType;

pub use admit::admit;
pub use all::variants;
pub use choose::choose;
pub use operation::Operation;
pub use options::{KernelOptions, Masking, TargetKind};
pub use rivals::rivals;
pub use words::reason;

pub(crate) use admit::part_cols;

/// Bytes of the widest access.
pub(crate) const WIDEST_ACCESS: u64 = 16;

/// Bytes of workgroup memory that a lane, or as many as merge by shuffles, takes where lanes merge through it, as in
/// `shaders/reduce/`: a maximum, a flag and a sum.
pub(crate) const REDUCED: u32 = 12;

/// Bytes that a binding holds in addition to the columns it is for, at most: before the first one, as it begins at a
/// multiple of 256 bytes, and after the last one, up to the end of an access.
const BINDING_SLACK: u64 = 512;

/// Treatment of a row: how often it is read, and in how many parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Family {
    /// A row lies in the registers of its lanes, `quads` times four values in each: one read, one write.
    Registers {
        /// Groups of four values that a lane holds.
        quads: u32,
    },
    /// A row is read to fold its statistic, and read again to be written.
    Streamed,
    /// A row is folded by `parts` groups of lanes; a second dispatch merges and writes.
    Split {
        /// Parts of a row.
        parts: u32,
    },
    /// A row's statistic is known: one read, one write, by `parts` groups of lanes.
    Elementwise {
        /// Parts of a row.
        parts: u32,
    },
}

impl Family {
    /// Number of groups of lanes that share a row.
    pub const fn parts(self) -> u32 {
        match self {
            Self::Registers { .. } | Self::Streamed => 1,
            Self::Split { parts } | Self::Elementwise { parts } => parts,
        }
    }
}

/// Way in which the lanes of a row merge their results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reduce {
    /// No merge: there is one lane.
    Invocation,
    /// A butterfly of shuffles within a subgroup.
    Subgroup,
    /// Shuffles within `subgroup` lanes, then workgroup memory: for rows of more lanes than a subgroup has.
    Hybrid {
        /// Lanes that merge by shuffles: no more than the smallest subgroup has.
        subgroup: u32,
    },
    /// Workgroup memory and barriers alone.
    Workgroup,
}

impl Reduce {
    /// Lanes that merge by shuffles, of `lanes` lanes of a row.
    pub(crate) fn shuffled(self, lanes: u32) -> u32 {
        match self {
            Self::Invocation | Self::Workgroup => 1,
            Self::Subgroup => lanes,
            // A caller may name a hybrid of no lanes, which `admit` refuses.
            Self::Hybrid { subgroup } => subgroup.max(1),
        }
    }

    /// Returns true if lanes merge through workgroup memory, too.
    pub(crate) const fn has_barriers(self) -> bool {
        matches!(self, Self::Hybrid { .. } | Self::Workgroup)
    }

    /// Name in the names of variants, with the number of lanes: for a hybrid, lanes by shuffles times values in memory.
    pub(crate) fn named(self, lanes: u32) -> String {
        match self {
            Self::Invocation => format!("invocation{lanes}"),
            Self::Subgroup => format!("subgroup{lanes}"),
            Self::Hybrid { subgroup } => {
                format!("hybrid{subgroup}x{}", lanes / self.shuffled(lanes))
            }
            Self::Workgroup => format!("workgroup{lanes}"),
        }
    }

    /// Bytes of workgroup memory that `workgroup` invocations take to merge.
    pub(crate) fn workgroup_bytes(self, workgroup: u32) -> u32 {
        match self {
            Self::Invocation | Self::Subgroup => 0,
            Self::Hybrid { .. } | Self::Workgroup => {
                REDUCED.saturating_mul(workgroup / self.shuffled(workgroup))
            }
        }
    }
}

/// Accesses by which four neighbouring values are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Access {
    /// One access of 16 bytes, or of 8 in 16-bit storage: every row starts on a multiple of four elements.
    Quads,
    /// As `Quads`, but from up to three elements before the row on: the rows of all matrices are equally far from
    /// multiples of four elements.
    Shifted,
    /// Two accesses of 8 bytes, or of 4 in 16-bit storage: every row starts and ends on a multiple of two elements.
    Pairs,
    /// Four 4-byte accesses: any row.
    Words,
}

impl Access {
    /// Elements before a row at which accesses may begin, at most.
    pub(crate) const fn most_shifted(self) -> u32 {
        match self {
            Self::Shifted => 3,
            Self::Quads | Self::Pairs | Self::Words => 0,
        }
    }

    /// Returns true if 64-bit integers can be used. A shifted row is written by words, since it may begin in the middle
    /// of such an integer, and in place a row is read as it is written.
    pub(crate) const fn takes_int64(self, in_place: bool) -> bool {
        match self {
            Self::Quads | Self::Pairs => true,
            Self::Shifted => !in_place,
            Self::Words => false,
        }
    }
}

/// One way to compute an operation.
///
/// ```
/// # use wgpu_softmax::{Error, Gpu, SoftmaxSpec, variant::Variant};
/// # let gpu = Gpu::open()?;
/// let variant: Variant = "streamed.workgroup64of64.quads".parse()?;
/// let forced = gpu.planner().with_variant(variant);
/// assert_eq!(forced.softmax(SoftmaxSpec::new(1024, 1000))?.variant(), variant);
/// assert!(matches!(forced.softmax(SoftmaxSpec::new(1024, 999)), Err(Error::Variant { .. })));
/// # Ok::<(), wgpu_softmax::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Variant {
    /// Treatment of a row.
    pub family: Family,
    /// Way in which its lanes merge.
    pub reduce: Reduce,
    /// Lanes that share a row, or a part of one: a power of two.
    pub lanes: u32,
    /// Invocations of a workgroup: a multiple of `lanes`.
    pub workgroup: u32,
    /// Accesses by which values are moved.
    pub access: Access,
    /// True if values are moved by 64-bit integers, two words at a time: some software adapters move every component of a
    /// vector separately.
    pub int64: bool,
    /// Groups of four rows that an invocation serves on a strided axis; else 0.
    pub groups: u32,
}

impl Variant {
    /// The same variant by words, for rows that its accesses do not suit, if there can be such rows.
    pub(crate) fn by_words(self, problem: Problem) -> Option<Self> {
        let access = match self.access {
            Access::Shifted => Access::Words,
            Access::Quads | Access::Pairs | Access::Words => return None,
        };
        let family = match self.family {
            Family::Registers { .. } => Family::Registers {
                quads: problem.quads(self.lanes, access),
            },
            other => other,
        };
        Some(Self {
            family,
            access,
            int64: false,
            ..self
        })
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.family {
            Family::Registers { quads } => write!(f, "registers{quads}")?,
            Family::Streamed => write!(f, "streamed")?,
            Family::Split { parts } => write!(f, "split{parts}")?,
            Family::Elementwise { parts } => write!(f, "elementwise{parts}")?,
        }
        write!(f, ".{}of{}", self.reduce.named(self.lanes), self.workgroup)?;
        let access = match self.access {
            Access::Quads => "quads",
            Access::Shifted => "shifted",
            Access::Pairs => "pairs",
            Access::Words => "words",
        };
        let word = if self.int64 { "64" } else { "" };
        write!(f, ".{access}{word}")?;
        match self.groups {
            0 => Ok(()),
            groups => write!(f, ".{}rows", 4 * groups),
        }
    }
}

/// Maker of a device or its driver, as far as the choice of kernels depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Vendor {
    /// Radeon and Instinct.
    Amd,
    /// GeForce and the data centre's.
    Nvidia,
    /// Arc and integrated graphics.
    Intel,
    /// The M series.
    Apple,
    /// Mesa's software adapter up to version 22: it moves the lanes of an access in a loop, which later ones write out.
    Mesa22,
    /// Any other, or unknown: browsers may not say.
    #[default]
    Other,
}

/// Abilities of a device: the part of its features and limits that decides which kernels it can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Abilities {
    /// Lanes of the smallest subgroup; none if shaders may not use subgroups.
    pub subgroup: Option<u32>,
    /// True if the device is a software adapter.
    pub software: bool,
    /// Maker of the device, as the adapter states it.
    pub vendor: Vendor,
    /// True if shaders may use 64-bit integers.
    pub int64: bool,
    /// Invocations of a workgroup, at most.
    pub max_invocations: u32,
    /// Bytes of workgroup memory, at most.
    pub max_workgroup_bytes: u32,
    /// Bytes of a storage binding, at most.
    pub max_binding_bytes: u64,
}

impl Abilities {
    /// Number of trips that all loops of an invocation may make together. Mesa, at least up to version 22, stops every
    /// loop after 65,535 trips without an error.
    pub const fn max_trips(&self) -> u32 {
        if self.software { 60_000 } else { u32::MAX }
    }

    /// Bytes that are addressed through one binding, in whole accesses of the widest kind: element indices stay below
    /// 2^31.
    pub(crate) fn binding_bytes(&self) -> u64 {
        let most = self.max_binding_bytes.min(1 << 31);
        most - most % WIDEST_ACCESS
    }

    /// Invocations of the largest workgroup whose lanes can merge through its memory: a power of two, up to 256.
    pub(crate) fn widest_workgroup(&self) -> u32 {
        let in_memory = self.max_workgroup_bytes / REDUCED;
        1 << self.max_invocations.min(in_memory).clamp(1, 256).ilog2()
    }

    /// Lanes that can share a row where `subgroup` of them merge by shuffles: a power of two, up to 1,024. Each lane adds at
    /// most sixteen values of others in series.
    pub(crate) fn widest_hybrid(&self, subgroup: u32) -> u32 {
        let in_memory = (self.max_workgroup_bytes / REDUCED).saturating_mul(subgroup);
        let in_series = subgroup.saturating_mul(subgroup).saturating_mul(16);
        let most = self.max_invocations.min(in_memory).min(in_series);
        1 << most.clamp(1, 1024).ilog2()
    }

    /// Lanes of a workgroup that this crate prefers for a tally of rows.
    pub(crate) const fn tally_lanes(&self) -> u32 {
        tuning::Tuning::of(self).tally_lanes
    }

    /// Invocations of a workgroup that needs no memory: the largest power of two up to `wanted` that the device allows.
    pub(crate) fn workgroup(&self, wanted: u32) -> u32 {
        1 << self.max_invocations.clamp(1, wanted).ilog2()
    }
}

/// A problem: the properties of an operation and its shape that decide the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Problem {
    /// The operation.
    pub operation: Operation,
    /// Code options.
    pub options: KernelOptions,
    /// Rows, at most.
    pub rows: u64,
    /// Columns of a row, at least 1.
    pub cols: u32,
    /// Rows next to each other on a strided axis, which is also the distance, in elements, between the columns of a row;
    /// else 1.
    pub inner: u32,
    /// 4 where every row of every matrix starts on a multiple of four elements, 2 where it starts and ends on a multiple
    /// of two, else 1.
    pub alignment: u32,
    /// True if the rows of all matrices are equally far from multiples of four elements of 4 bytes.
    pub congruent: bool,
    /// Storage type of the matrices.
    pub dtype: DType,
}

impl Problem {
    /// Makes the problem of contiguous rows.
    pub fn contiguous(operation: Operation, rows: u64, cols: u32, dtype: DType) -> Self {
        let alignment = match cols % 4 {
            0 => 4,
            2 => 2,
            _ => 1,
        };
        Self {
            operation,
            options: KernelOptions::default(),
            rows,
            cols,
            inner: 1,
            alignment,
            congruent: operation != Operation::Jacobian,
            dtype,
        }
    }

    /// Returns true if rows can be moved by such accesses.
    pub(crate) const fn allows(&self, access: Access) -> bool {
        match access {
            Access::Quads => self.alignment == 4,
            Access::Shifted => self.congruent && self.cols >= 4,
            Access::Pairs => self.alignment == 2,
            Access::Words => true,
        }
    }

    /// Puts contiguous rows on a strided axis, `inner` of them in a slice: a divisor of the rows.
    #[must_use]
    pub fn strided(self, inner: u32) -> Self {
        let alignment = match inner {
            1 => return self,
            inner if inner % 4 == 0 => 4,
            inner if inner % 2 == 0 => 2,
            _ => 1,
        };
        Self {
            inner,
            alignment,
            congruent: false,
            ..self
        }
    }

    /// Groups of four values of a row that each of `lanes` lanes holds; on a strided axis, columns of a group of four
    /// rows.
    pub(crate) const fn quads(&self, lanes: u32, access: Access) -> u32 {
        if self.inner > 1 {
            return self.cols;
        }
        (self.cols + access.most_shifted()).div_ceil(4 * lanes)
    }

    /// Columns of a row, or of a slice of rows on a strided axis, that a binding holds wherever they begin: a multiple of
    /// four, or any number on a strided axis.
    pub(crate) fn bound_cols(&self, abilities: &Abilities) -> u64 {
        let bytes = abilities.binding_bytes().saturating_sub(BINDING_SLACK);
        let cols = bytes / (self.dtype.bytes() * u64::from(self.inner));
        match self.inner {
            1 => cols - cols % 4,
            _ => cols,
        }
    }

    /// Fewest parts of a row, or of a slice of rows on a strided axis, each of which a binding holds. None if a binding
    /// does not hold one column.
    pub(crate) fn least_parts(&self, abilities: &Abilities) -> Option<u32> {
        let in_parts = !self.operation.is_per_row()
            && !matches!(
                self.operation,
                Operation::PartialStatistic | Operation::MergeStatistics | Operation::Jacobian
            );
        let fitting = self.bound_cols(abilities);
        let cols = u64::from(self.cols);
        if !in_parts || cols <= fitting {
            return Some(1);
        }
        let cols = match self.inner {
            1 => cols + u64::from(Access::Shifted.most_shifted()),
            _ => cols,
        };
        (fitting > 0)
            .then(|| cols.div_ceil(fitting))?
            .try_into()
            .ok()
    }

    /// Number of matrices that a row in registers takes, where a dense target distribution counts as one.
    pub(crate) const fn matrices_held(&self) -> u32 {
        match self.options.target_kind {
            TargetKind::OneHot => self.options.matrices_read(self.operation),
            TargetKind::Smoothed | TargetKind::Probabilities => 2,
        }
    }

    /// Name of the kernel that solves it.
    pub fn kernel(&self, variant: Variant, dtype: DType) -> String {
        format!("{}{}.{variant}.{dtype}", self.operation, self.options)
    }
}
