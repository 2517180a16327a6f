//! Which kernel runs: plain data, chosen from the shape and the device's abilities alone.
//!
//! A [`Variant`] can be printed, compared, forced and tested without a GPU. [`choose`] is the only place that prefers
//! one to another.

use std::fmt;

use crate::Error;

/// What is computed of each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operation {
    /// `exp(x - max) / sum`.
    Softmax,
    /// `(x - max) - ln(sum)`.
    LogSoftmax,
    /// `max + ln(sum)`, one value a row.
    LogSumExp,
    /// `p (g - sum of p g)`.
    SoftmaxBackward,
    /// `g - exp(l) (sum of g)`.
    LogSoftmaxBackward,
    /// `g exp(x - max) / sum`, one upstream value `g` a row.
    LogSumExpBackward,
    /// `(max - x_t) + ln(sum)`, one loss a row.
    CrossEntropy,
    /// `g (p - onehot)`, from the pair that the forward pass has saved.
    CrossEntropyBackward,
    /// Loss and gradient in one call.
    CrossEntropyFused,
    /// `p_i ([i = j] - p_j)`, a square matrix a row.
    Jacobian,
    /// The statistic of some columns of a row.
    PartialStatistic,
    /// The statistic of a row, from those of its columns.
    MergeStatistics,
    /// `exp(x - max) / sum`, from the merged statistic.
    SoftmaxFromPairs,
    /// `(max - x_t) + ln(sum)`, from the merged statistic.
    CrossEntropyFromPairs,
}

impl Operation {
    /// Every operation on whole rows.
    pub const ALL: [Self; 10] = [
        Self::Softmax,
        Self::LogSoftmax,
        Self::LogSumExp,
        Self::SoftmaxBackward,
        Self::LogSoftmaxBackward,
        Self::LogSumExpBackward,
        Self::CrossEntropy,
        Self::CrossEntropyBackward,
        Self::CrossEntropyFused,
        Self::Jacobian,
    ];

    /// The operations on rows that are split over bindings, devices or hosts.
    pub const SHARDED: [Self; 4] = [
        Self::PartialStatistic,
        Self::MergeStatistics,
        Self::SoftmaxFromPairs,
        Self::CrossEntropyFromPairs,
    ];

    /// The operation's name on the command line and in labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Softmax => "softmax",
            Self::LogSoftmax => "log-softmax",
            Self::LogSumExp => "logsumexp",
            Self::SoftmaxBackward => "softmax-backward",
            Self::LogSoftmaxBackward => "log-softmax-backward",
            Self::LogSumExpBackward => "logsumexp-backward",
            Self::CrossEntropy => "cross-entropy",
            Self::CrossEntropyBackward => "cross-entropy-backward",
            Self::CrossEntropyFused => "cross-entropy-fused",
            Self::Jacobian => "jacobian",
            Self::PartialStatistic => "partial-statistic",
            Self::MergeStatistics => "merge-statistics",
            Self::SoftmaxFromPairs => "softmax-from-pairs",
            Self::CrossEntropyFromPairs => "cross-entropy-from-pairs",
        }
    }

    /// Whether a matrix is written, as opposed to one value a row.
    pub const fn writes_matrix(self) -> bool {
        !matches!(
            self,
            Self::LogSumExp
                | Self::CrossEntropy
                | Self::PartialStatistic
                | Self::MergeStatistics
                | Self::CrossEntropyFromPairs
        )
    }

    /// Whether each row is known beforehand, so that no reduction is needed.
    pub const fn is_elementwise(self) -> bool {
        matches!(
            self,
            Self::CrossEntropyBackward
                | Self::Jacobian
                | Self::SoftmaxFromPairs
                | Self::CrossEntropyFromPairs
        )
    }

    /// How many matrices are read.
    pub const fn matrices_read(self) -> u32 {
        match self {
            Self::SoftmaxBackward | Self::LogSoftmaxBackward => 2,
            _ => 1,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What happens to a row.
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
    /// How many groups of lanes share a row.
    pub const fn parts(self) -> u32 {
        match self {
            Self::Registers { .. } | Self::Streamed => 1,
            Self::Split { parts } | Self::Elementwise { parts } => parts,
        }
    }
}

/// How the lanes of a row merge what they have found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reduce {
    /// There is one lane.
    Invocation,
    /// By a butterfly of shuffles within a subgroup.
    Subgroup,
    /// Through workgroup memory and barriers.
    Workgroup,
}

/// How four neighbouring values are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Access {
    /// By one 16-byte access: every row starts on a multiple of four elements and has a multiple of four columns.
    Quads,
    /// By four 4-byte accesses: any row.
    Words,
}

/// One way to compute an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Variant {
    /// What happens to a row.
    pub family: Family,
    /// How its lanes merge.
    pub reduce: Reduce,
    /// Lanes that share a row, or a part of one: a power of two.
    pub lanes: u32,
    /// Invocations of a workgroup: a multiple of `lanes`.
    pub workgroup: u32,
    /// How values are moved.
    pub access: Access,
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.family {
            Family::Registers { quads } => write!(f, "registers{quads}")?,
            Family::Streamed => write!(f, "streamed")?,
            Family::Split { parts } => write!(f, "split{parts}")?,
            Family::Elementwise { parts } => write!(f, "elementwise{parts}")?,
        }
        let reduce = match self.reduce {
            Reduce::Invocation => "invocation",
            Reduce::Subgroup => "subgroup",
            Reduce::Workgroup => "workgroup",
        };
        let access = match self.access {
            Access::Quads => "quads",
            Access::Words => "words",
        };
        write!(f, ".{reduce}{}of{}.{access}", self.lanes, self.workgroup)
    }
}

/// What of a device decides which kernels it can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Abilities {
    /// The smallest subgroup, where shaders may use subgroups.
    pub subgroup: Option<u32>,
    /// Whether the device is a software adapter.
    pub software: bool,
    /// Invocations that a workgroup may have.
    pub max_invocations: u32,
    /// Bytes of workgroup memory.
    pub max_workgroup_bytes: u32,
    /// Bytes of a storage binding.
    pub max_binding_bytes: u64,
}

impl Abilities {
    /// Trips that all loops of an invocation may make together. Mesa up to 22 at least stops every loop after
    /// 65,535 without a word.
    pub const fn max_trips(&self) -> u32 {
        if self.software { 60_000 } else { u32::MAX }
    }
}

/// The shape of a problem, as far as it decides the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Problem {
    /// The operation.
    pub operation: Operation,
    /// Rows, at most.
    pub rows: u64,
    /// Columns of a row, at least 1.
    pub cols: u32,
    /// Whether every row starts on a multiple of four elements and has a multiple of four columns.
    pub aligned: bool,
}

/// Registers that a lane spends on a row, in groups of four values.
const MAX_QUADS: u32 = 32;

/// The largest sum of partial statistics that one lane adds in series.
const MAX_PARTIALS_PER_LANE: u32 = 16;

/// Why `variant` cannot compute `problem` on a device with these abilities, or nothing if it can.
///
/// # Errors
///
/// [`Error::Variant`] with the first reason found.
pub fn admit(variant: Variant, problem: Problem, abilities: &Abilities) -> Result<(), Error> {
    match obstacle(variant, problem, abilities) {
        None => Ok(()),
        Some(reason) => Err(Error::Variant {
            kernel: format!("{}.{variant}", problem.operation),
            reason,
        }),
    }
}

fn obstacle(variant: Variant, problem: Problem, abilities: &Abilities) -> Option<String> {
    let Variant {
        family,
        reduce,
        lanes,
        workgroup,
        access,
    } = variant;
    let elementwise = matches!(family, Family::Elementwise { .. });
    let say = |reason: String| Some(reason);
    if !lanes.is_power_of_two() || workgroup == 0 || workgroup % lanes != 0 {
        return say(format!(
            "{lanes} lanes do not divide a workgroup of {workgroup}"
        ));
    }
    if workgroup > abilities.max_invocations {
        return say(format!(
            "a workgroup has {} invocations at most",
            abilities.max_invocations
        ));
    }
    if access == Access::Quads && !problem.aligned {
        return say("rows do not start on multiples of four elements".into());
    }
    if elementwise != problem.operation.is_elementwise() {
        return say("the operation belongs to another family".into());
    }
    match reduce {
        Reduce::Invocation if lanes != 1 => return say("one invocation has one lane".into()),
        Reduce::Subgroup if abilities.subgroup.is_none_or(|size| lanes > size) => {
            return say(format!(
                "subgroups have {} lanes",
                abilities.subgroup.unwrap_or(0)
            ));
        }
        Reduce::Workgroup if 12 * workgroup > abilities.max_workgroup_bytes => {
            return say(format!(
                "workgroup memory has {} bytes",
                abilities.max_workgroup_bytes
            ));
        }
        _ => {}
    }
    match family {
        Family::Registers { quads } if quads > MAX_QUADS => {
            return say(format!("a lane holds {MAX_QUADS} quads at most"));
        }
        Family::Registers { quads }
            if quads == 0 || u64::from(problem.cols) > 4 * u64::from(quads) * u64::from(lanes) =>
        {
            return say(format!(
                "{lanes} lanes of {quads} quads do not hold {} columns",
                problem.cols
            ));
        }
        _ if problem.operation == Operation::MergeStatistics
            && problem.cols > MAX_PARTIALS_PER_LANE * lanes =>
        {
            return say(format!(
                "{lanes} lanes merge {} parts at most",
                MAX_PARTIALS_PER_LANE * lanes
            ));
        }
        Family::Split { parts } if parts > MAX_PARTIALS_PER_LANE * lanes => {
            return say(format!(
                "{lanes} lanes merge {} parts at most",
                MAX_PARTIALS_PER_LANE * lanes
            ));
        }
        Family::Split { parts } | Family::Elementwise { parts } if parts == 0 => {
            return say("no parts".into());
        }
        _ => {}
    }
    let trips = loop_trips(variant, problem);
    (trips > u64::from(abilities.max_trips())).then(|| {
        format!(
            "loops of {trips} trips exceed the {} that software adapters make",
            abilities.max_trips()
        )
    })
}

/// Columns of a part: a multiple of what its lanes fold in one trip, or of four.
pub(crate) fn part_cols(variant: Variant, cols: u32) -> u32 {
    let parts = variant.family.parts();
    if parts == 1 {
        return cols.next_multiple_of(4);
    }
    cols.div_ceil(parts).next_multiple_of(4)
}

/// Trips of all loops of one invocation together.
fn loop_trips(variant: Variant, problem: Problem) -> u64 {
    let merges = 40 + 2 * u64::from(variant.family.parts().div_ceil(variant.lanes));
    match variant.family {
        Family::Registers { quads } => 3 * u64::from(quads) + merges,
        _ => 2 * u64::from(part_cols(variant, problem.cols).div_ceil(16 * variant.lanes)) + merges,
    }
}

/// Lanes a row, workgroup size and quads a lane by the number of columns, for devices that are GPUs: entries in
/// ascending order, of which the first that has room is taken. Set by reasoning, to be measured.
const GPU_ROWS: [(u32, u32, u32); 7] = [
    // columns up to, lanes, workgroup
    (16, 4, 128),
    (64, 8, 128),
    (128, 16, 128),
    (2048, 32, 128),
    (4096, 64, 64),
    (8192, 128, 128),
    (16384, 256, 256),
];

/// Rows below which a software adapter with subgroups splits rows, so that every core has work.
const FEW_ROWS_SOFTWARE: u64 = 16;

/// Rows below which a GPU splits rows.
const FEW_ROWS_GPU: u64 = 128;

/// The variant that is expected to be the fastest.
///
/// # Errors
///
/// [`Error::Limit`] if no variant can serve the row length on this device.
pub fn choose(problem: Problem, abilities: &Abilities) -> Result<Variant, Error> {
    candidates(problem, abilities)
        .into_iter()
        .find(|variant| obstacle(*variant, problem, abilities).is_none())
        .ok_or_else(|| Error::Limit {
            what: format!("{} of {} columns", problem.operation, problem.cols),
            limit: "loop trips of an invocation",
            needed: u64::from(problem.cols),
            available: u64::from(abilities.max_trips()),
        })
}

/// Variants in order of preference.
fn candidates(problem: Problem, abilities: &Abilities) -> Vec<Variant> {
    let access = if problem.aligned {
        Access::Quads
    } else {
        Access::Words
    };
    let with = |family, (reduce, lanes, workgroup)| Variant {
        family,
        reduce,
        lanes,
        workgroup,
        access,
    };
    let lanes = |wanted| lanes_of(wanted, abilities);
    let (few, streaming) = if abilities.software {
        (FEW_ROWS_SOFTWARE, lanes(abilities.subgroup.unwrap_or(1)))
    } else {
        (FEW_ROWS_GPU, lanes(256))
    };
    match problem.operation {
        Operation::PartialStatistic | Operation::MergeStatistics => {
            return vec![with(Family::Streamed, streaming)];
        }
        Operation::CrossEntropyFromPairs => {
            return vec![with(Family::Elementwise { parts: 1 }, lanes(1))];
        }
        _ => {}
    }
    // Serves rows too long for the loops of few lanes.
    let widest = lanes(256);
    if problem.operation.is_elementwise() {
        let elementwise = |lanes: (Reduce, u32, u32)| Family::Elementwise {
            parts: problem.cols.div_ceil(64 * lanes.1).clamp(1, 1024),
        };
        return [streaming, widest]
            .map(|lanes| with(elementwise(lanes), lanes))
            .to_vec();
    }
    let mut list = Vec::new();
    let short = abilities.software && problem.cols <= 32 && problem.rows >= 128;
    if short || problem.cols == 1 {
        list.push(with(
            Family::Registers {
                quads: problem.cols.div_ceil(4),
            },
            (Reduce::Invocation, 1, 64),
        ));
    }
    let row = if abilities.software {
        streaming
    } else {
        lanes(gpu_lanes(problem.cols))
    };
    let quads = problem.cols.div_ceil(4 * row.1);
    let merging = row.0 != Reduce::Invocation;
    if merging && quads * problem.operation.matrices_read() <= MAX_QUADS {
        list.push(with(Family::Registers { quads }, row));
    }
    let parts = (problem.cols / (64 * streaming.1)).clamp(1, MAX_PARTIALS_PER_LANE * streaming.1);
    if problem.rows < few && parts > 1 {
        list.push(with(
            Family::Split {
                parts: parts.min(few_parts(problem.rows, few)),
            },
            streaming,
        ));
    }
    list.push(with(Family::Streamed, streaming));
    for lanes in [streaming, widest] {
        let parts = MAX_PARTIALS_PER_LANE * lanes.1;
        list.push(with(Family::Split { parts }, lanes));
    }
    list
}

/// Parts that give `few` rows' worth of groups.
fn few_parts(rows: u64, few: u64) -> u32 {
    u32::try_from((2 * few).div_ceil(rows.max(1)))
        .unwrap_or(u32::MAX)
        .max(2)
}

fn gpu_lanes(cols: u32) -> u32 {
    GPU_ROWS
        .iter()
        .find(|(limit, ..)| cols <= *limit)
        .map_or(256, |(_, lanes, _)| *lanes)
}

/// The way to join `wanted` lanes on a device, or the widest that it has.
fn lanes_of(wanted: u32, abilities: &Abilities) -> (Reduce, u32, u32) {
    let widest = abilities.max_invocations.min(256);
    match abilities.subgroup {
        _ if wanted == 1 => (Reduce::Invocation, 1, 64.min(widest)),
        Some(size) if wanted <= size => (Reduce::Subgroup, wanted, 64.max(size).min(widest)),
        _ => {
            let lanes = wanted.min(widest).next_power_of_two();
            (Reduce::Workgroup, lanes, lanes.max(64).min(widest))
        }
    }
}

/// Every kind of variant that can compute `problem` here: each family with each way to merge and each access.
/// This is what `check` and the tests force; it ignores what [`choose`] prefers.
pub fn variants(problem: Problem, abilities: &Abilities) -> Vec<Variant> {
    let mut list = Vec::new();
    for (reduce, lanes, workgroup) in lane_groups(abilities) {
        for family in families(problem, lanes) {
            for access in [Access::Quads, Access::Words] {
                list.push(Variant {
                    family,
                    reduce,
                    lanes,
                    workgroup,
                    access,
                });
            }
        }
    }
    list.retain(|variant| obstacle(*variant, problem, abilities).is_none());
    list
}

fn lane_groups(abilities: &Abilities) -> Vec<(Reduce, u32, u32)> {
    let mut groups = vec![
        (Reduce::Invocation, 1, 64),
        (Reduce::Workgroup, 4, 16),
        (Reduce::Workgroup, 64, 64),
    ];
    if !abilities.software {
        groups.push((Reduce::Workgroup, 256, 256));
    }
    if let Some(size) = abilities.subgroup {
        groups.push((Reduce::Subgroup, size, 64.max(size)));
        groups.push((Reduce::Subgroup, size / 2, 64.max(size)));
    }
    groups
}

fn families(problem: Problem, lanes: u32) -> Vec<Family> {
    if problem.operation.is_elementwise() {
        return vec![
            Family::Elementwise { parts: 1 },
            Family::Elementwise { parts: 3 },
        ];
    }
    let quads = problem.cols.div_ceil(4 * lanes);
    let mut list = vec![Family::Streamed, Family::Split { parts: 5 }];
    if quads <= MAX_QUADS {
        list.push(Family::Registers { quads });
    }
    list
}
