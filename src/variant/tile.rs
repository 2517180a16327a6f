//! Tiles: how the invocations of a workgroup divide a product of matrices.

use std::fmt;

use super::tuning::Tuning;
use super::{Abilities, Access, Family, Reduce, Variant};

/// Product of matrices of a linear layer with a loss: `x` hidden, `w` the weight, `g` the gradient by the logits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Product {
    /// `x w^T`, and the bias.
    Logits,
    /// `g w`.
    GradHidden,
    /// `g^T x`.
    GradWeight,
}

impl Product {
    /// Every product, in the order of their dispatches.
    pub const ALL: [Self; 3] = [Self::Logits, Self::GradHidden, Self::GradWeight];

    /// Name in labels: that of the result.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logits => "logits",
            Self::GradHidden => "grad_hidden",
            Self::GradWeight => "grad_weight",
        }
    }
}

/// Tile of a product: the rows and columns of the result that a workgroup computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    /// Rows that an invocation holds.
    pub rows: u32,
    /// Groups of four columns that it holds of each.
    pub quads: u32,
    /// Invocations side by side.
    pub across: u32,
    /// Invocations of a workgroup: a multiple of those side by side.
    pub lanes: u32,
    /// True if operands go through workgroup memory.
    pub shared: bool,
}

impl Tile {
    /// 64 x 128 elements through workgroup memory, 4 x 8 an invocation.
    pub const SHARED: Self = Self {
        rows: 4,
        quads: 2,
        across: 16,
        lanes: 256,
        shared: true,
    };

    /// 8 x 8 elements an invocation, and nothing shared.
    pub const REGISTERS: Self = Self {
        rows: 8,
        quads: 2,
        across: 8,
        lanes: 8,
        shared: false,
    };

    /// Every tile.
    pub const ALL: [Self; 2] = [Self::SHARED, Self::REGISTERS];

    /// Chooses the tile for a device: that of its class, if it has the invocations and the memory.
    pub fn of(abilities: &Abilities) -> Self {
        let preferred = Tuning::of(abilities).tile;
        if preferred.fits(abilities) {
            preferred
        } else {
            Self::REGISTERS
        }
    }

    /// Returns true if a device has the invocations and the workgroup memory.
    pub const fn fits(self, abilities: &Abilities) -> bool {
        self.lanes <= abilities.max_invocations
            && self.workgroup_bytes() <= abilities.max_workgroup_bytes
    }

    /// Rows of the result that a workgroup computes.
    pub const fn height(self) -> u32 {
        self.lanes / self.across * self.rows
    }

    /// Columns of the result that a workgroup computes.
    pub const fn width(self) -> u32 {
        4 * self.across * self.quads
    }

    /// Bytes of workgroup memory, as in `shaders/tile/workgroup.wgsl`.
    pub const fn workgroup_bytes(self) -> u32 {
        match self.shared {
            true => {
                let rows_of_lanes = self.lanes / self.across;
                4 * 16 * (5 * (rows_of_lanes + 1) + (4 * self.quads + 1) * (self.across + 1))
            }
            false => 0,
        }
    }

    /// The variant of a kernel with this tile, of which every row starts on a multiple of four elements or not.
    pub(crate) const fn variant(self, is_aligned: bool) -> Variant {
        Variant {
            family: Family::Streamed,
            reduce: match self.shared {
                true => Reduce::Workgroup,
                false => Reduce::Invocation,
            },
            lanes: self.lanes,
            workgroup: self.lanes,
            access: match is_aligned && self.shared {
                true => Access::Quads,
                false => Access::Words,
            },
            int64: false,
            groups: 0,
        }
    }

    /// Describes the tile in words.
    pub fn in_words(self) -> String {
        let (height, width, rows, cols) = (self.height(), self.width(), self.rows, 4 * self.quads);
        let by = match self.shared {
            true => "operands through workgroup memory",
            false => "operands read by each",
        };
        format!("{height} x {width} elements a workgroup, {rows} x {cols} an invocation; {by}")
    }

    /// Explains the choice.
    pub(crate) const fn reason(self, abilities: &Abilities) -> &'static str {
        match (self.shared, abilities.software) {
            (true, _) => "Workgroup memory is faster than the caches of a GPU.",
            (false, true) => "A software adapter gains nothing from workgroup memory.",
            (false, false) => {
                "The device has too few invocations or too little workgroup memory for a shared tile."
            }
        }
    }
}

impl fmt::Display for Tile {
    /// Writes the elements of a workgroup, those of an invocation, and where the operands are: `64x128.4x8.workgroup`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (height, width) = (self.height(), self.width());
        let place = if self.shared {
            "workgroup"
        } else {
            "registers"
        };
        write!(
            f,
            "{height}x{width}.{}x{}.{place}",
            self.rows,
            4 * self.quads
        )
    }
}
