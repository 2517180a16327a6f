//! Variants of kernels: plain data, chosen only from the shape and the device's abilities.
//!
//! A [`Variant`] can be printed, compared, forced and tested without a GPU. [`choose`] is the only place that prefers
//! one to another.

mod abilities;
mod admit;
mod all;
mod choose;
mod classes;
mod operation;
mod options;
mod parse;
pub(crate) mod problem;
mod rivals;
mod strided;
mod tile;
mod tuning;
mod words;

use std::fmt;

pub use abilities::{Abilities, Vendor};
pub use admit::admit;
pub use all::variants;
pub use choose::choose;
pub use operation::Operation;
pub use options::{KernelOptions, Masking, TargetKind};
pub use problem::Problem;
pub use rivals::rivals;
pub use tile::{Product, Tile};
pub use words::reason;

pub(crate) use admit::part_cols;

/// Bytes of the widest access.
pub(crate) const WIDEST_ACCESS: u64 = 16;

/// Bytes of workgroup memory that a lane, or as many as merge by shuffles, takes where lanes merge through it, as in
/// `shaders/reduce/`: a maximum, a flag and a sum.
pub(crate) const REDUCED: u32 = 12;

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
    /// vector separately. Shifted rows in place are moved by words all the same.
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
