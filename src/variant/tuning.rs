//! Numbers that tune the choice, by class of devices: the only table of them.

use super::{Abilities, Problem, Tile, Vendor};

/// Groups of four values of a row that a lane holds in registers, at most.
pub(super) const MAX_QUADS: u32 = 32;

/// Groups of four rows on a strided axis that an invocation serves, at most.
pub(super) const MAX_GROUPS: u32 = 4;

/// Partial statistics that one lane merges, at most, where there is a choice: it adds them in series.
pub(super) const FEW_PARTIALS_PER_LANE: u32 = 16;

/// Partial statistics that one lane merges, at most, where there is no choice: 16 of them make one sum, 16 such sums one,
/// and 16 of those one.
pub(super) const MAX_PARTIALS_PER_LANE: u32 = 4096;

/// Numbers that tune the choice for a class of devices.
pub(super) struct Tuning {
    /// True if values are moved by 64-bit integers, where shaders may use them.
    pub(super) int64: bool,
    /// Numbers of values of a row, in ascending order, each with the lanes for rows of no more values. Longer rows get
    /// the streaming lanes.
    pub(super) lanes: &'static [(u32, u32)],
    /// Lanes a row, or a part of one, where it is read from memory twice. 0 stands for the lanes of a subgroup, or one
    /// invocation without subgroups.
    pub(super) streaming_lanes: u32,
    /// Groups of four values that a lane holds of all matrices, at most, where there are fewer lanes than the table wants;
    /// of one matrix, [`MAX_QUADS`] at most.
    pub(super) quads: u32,
    /// Groups of four values that a lane holds of each matrix, at most, where there are as many.
    pub(super) quads_of_many: u32,
    /// Groups of four values that a lane writes without a loop, at most, where the row's statistic is known and no value
    /// is held.
    pub(super) unrolled_quads: u32,
    /// Shapes of which one invocation takes a row.
    pub(super) one_invocation: OneInvocation,
    /// The same where every row has a target, whose cost is then shared by the lanes that work in step, and no row is held.
    pub(super) alone_with_target: OneInvocation,
    /// The same where a row is only read.
    pub(super) alone_reading: OneInvocation,
    /// Columns of rows on a strided axis that an invocation holds, at most.
    pub(super) strided_columns: u32,
    /// Groups of four rows on a strided axis that an invocation serves, and invocations of a workgroup then.
    pub(super) strided_groups: u32,
    pub(super) strided_workgroup: u32,
    /// Columns of a part of rows on a strided axis, about, where each column is on a page of its own: a part is served
    /// for all rows of a slice before the next part.
    pub(super) strided_part: u32,
    /// Invocations below which rows on a strided axis are split.
    pub(super) strided_few: u64,
    /// Rows below which a row that no registers hold is split.
    pub(super) few_rows: u64,
    /// The same of rows that registers hold, if they have as many columns.
    pub(super) few_held: (u64, u32),
    /// Lanes of a part, or 0 for the streaming lanes, and columns of such a lane, at least.
    pub(super) part_lanes: u32,
    pub(super) part_columns: u32,
    /// Rows, or parts of rows, below which the device does not have enough work.
    pub(super) few_parts: u64,
    /// Tile of a product of matrices.
    pub(super) tile: Tile,
    /// Lanes of a workgroup that tallies rows.
    pub(super) tally_lanes: u32,
}

/// Shapes of at most `cols` columns and at least `rows` rows.
#[derive(Clone, Copy)]
pub(super) struct OneInvocation {
    cols: u32,
    rows: u64,
}

impl OneInvocation {
    pub(super) const fn covers(self, problem: Problem) -> bool {
        problem.cols <= self.cols && problem.rows >= self.rows
    }
}

impl Tuning {
    pub(super) const fn of(abilities: &Abilities) -> &'static Self {
        match (abilities.software, abilities.vendor) {
            (true, Vendor::Mesa22) => &MESA_22,
            (true, _) => &SOFTWARE,
            (_, Vendor::Intel) => &INTEL,
            (_, Vendor::Apple) => &APPLE,
            _ => &GPU,
        }
    }
}

/// Numbers for software adapters: the lanes of a subgroup work in step, and barriers cost more than arithmetic. Measured
/// on 2026-11-22 and 2026-11-29 on two x86-64 cores, on lavapipe (Mesa 22.3.6 and 25.0.7) and SwiftShader (Chromium 156). On Mesa
/// 25 each access of a kernel takes 1.3 KB of code, since each lane of it is written out: rows of two matrices in 32 quads of each
/// outgrow the caches.
const SOFTWARE: Tuning = Tuning {
    int64: true,
    // Rows of 128 columns by four lanes meet in few sets of the caches.
    lanes: &[(127, 4)],
    streaming_lanes: 0,
    quads: 32,
    quads_of_many: 32,
    unrolled_quads: 16,
    one_invocation: OneInvocation {
        cols: 64,
        rows: 128,
    },
    alone_with_target: OneInvocation {
        cols: 128,
        rows: 128,
    },
    alone_reading: OneInvocation {
        cols: 4096,
        rows: 1024,
    },
    strided_columns: 32,
    strided_groups: 4,
    strided_workgroup: 8,
    strided_part: 250,
    strided_few: 16,
    few_rows: 16,
    few_held: (0, 0),
    part_lanes: 0,
    part_columns: 64,
    few_parts: 256,
    tile: Tile::REGISTERS,
    tally_lanes: 16,
};

/// Numbers for Mesa 22, whose code is three times as short, and whose accesses take longer: it is worth much to read a row once.
const MESA_22: Tuning = Tuning {
    quads: 64,
    ..SOFTWARE
};

/// Lanes of rows in registers, two quads each up to 128 columns and eight beyond.
const LANES: [(u32, u32); 9] = [
    (16, 4),
    (64, 8),
    (128, 16),
    (1024, 32),
    (2048, 64),
    (4096, 128),
    (8192, 256),
    (16_384, 512),
    (65_536, 1024),
];

/// Rows that a lane of a GPU takes alone, where there are enough of them to fill it: several lanes would each do again what a
/// row needs once, and have too few columns to share.
const SHORT: OneInvocation = OneInvocation {
    cols: 16,
    rows: 32_768,
};

/// Numbers for GPUs whose subgroups have 32 or 64 lanes, such as NVIDIA's and AMD's, and for unknown ones. Read from the machine
/// code for RDNA 2 and 3 (`tests/isa`), where eight quads a lane leave 16 waves a SIMD; not measured. NVIDIA's 1,024 lanes have 64
/// registers each, which eight quads suit. Without subgroups or by low limits, fewer lanes hold more quads.
const GPU: Tuning = Tuning {
    int64: false,
    lanes: &LANES,
    streaming_lanes: 256,
    quads: 16,
    quads_of_many: 8,
    unrolled_quads: 16,
    one_invocation: SHORT,
    alone_with_target: SHORT,
    alone_reading: SHORT,
    strided_columns: 16,
    strided_groups: 1,
    strided_workgroup: 64,
    strided_part: u32::MAX,
    strided_few: 65_536,
    few_rows: 512,
    few_held: (32, 16_384),
    part_lanes: 64,
    part_columns: 4,
    few_parts: 16_384,
    tile: Tile::SHARED,
    tally_lanes: 256,
};

/// Numbers for Intel's GPUs, whose smallest subgroups have 8 or 16 lanes. Reasoned from the machine code for Gen 12: four quads a
/// lane, since more spill, and at most 512 lanes.
const INTEL: Tuning = Tuning {
    lanes: &[
        (16, 4),
        (128, 8),
        (256, 16),
        (512, 32),
        (1024, 64),
        (2048, 128),
        (4096, 256),
        (8192, 512),
    ],
    quads: 8,
    quads_of_many: 4,
    unrolled_quads: 8,
    ..GPU
};

/// Numbers for Apple's GPUs, whose subgroups have 32 lanes. Reasoned, not measured: many registers a lane leave few waves, and so
/// do large workgroups; longer rows are read twice, near to the caches.
const APPLE: Tuning = Tuning {
    lanes: LANES.split_at(8).0,
    ..GPU
};
