//! Numbers that tune the choice, by class of devices: the only table of them.

use super::{Abilities, Problem};

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
    /// Groups of four values that a lane holds, at most.
    pub(super) quads: u32,
    /// Groups of four values that a lane writes without a loop, at most, where the row's statistic is known and no value
    /// is held.
    pub(super) unrolled_quads: u32,
    /// Shapes of which one invocation takes a row.
    pub(super) one_invocation: OneInvocation,
    /// The same where every row has a target, whose cost is then shared by the lanes that work in step.
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
    /// Rows below which a long row is split.
    pub(super) few_rows: u64,
    /// Rows, or parts of rows, below which the device does not have enough work.
    pub(super) few_parts: u64,
}

/// Shapes of at most `cols` columns and at least `rows` rows.
#[derive(Clone, Copy)]
pub(super) struct OneInvocation {
    cols: u32,
    rows: u64,
}

impl OneInvocation {
    const NEVER: Self = Self {
        cols: 0,
        rows: u64::MAX,
    };

    pub(super) const fn covers(self, problem: Problem) -> bool {
        problem.cols <= self.cols && problem.rows >= self.rows
    }
}

impl Tuning {
    pub(super) const fn of(abilities: &Abilities) -> &'static Self {
        if abilities.software { &SOFTWARE } else { &GPU }
    }
}

/// Numbers for software adapters: the lanes of a subgroup work in step, and barriers cost more than arithmetic. Measured
/// on 2026-11-22 on two x86-64 cores, on lavapipe (Mesa 22.3.6 and 25.0.7) and SwiftShader (Chromium 156).
const SOFTWARE: Tuning = Tuning {
    int64: true,
    lanes: &[],
    streaming_lanes: 0,
    quads: 32,
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
    few_parts: 256,
};

/// Numbers for GPUs: set by reasoning from what others report of theirs, to be measured.
const GPU: Tuning = Tuning {
    int64: false,
    lanes: &[
        (16, 4),
        (64, 8),
        (128, 16),
        (2048, 32),
        (4096, 64),
        (8192, 128),
    ],
    streaming_lanes: 256,
    quads: 16,
    unrolled_quads: 16,
    one_invocation: OneInvocation::NEVER,
    alone_with_target: OneInvocation::NEVER,
    alone_reading: OneInvocation::NEVER,
    strided_columns: 16,
    strided_groups: 1,
    strided_workgroup: 64,
    strided_part: u32::MAX,
    strided_few: 65_536,
    few_rows: 128,
    few_parts: 16_384,
};
