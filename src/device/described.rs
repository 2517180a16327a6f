//! The dispatches of a plan over memory that is only described.

use crate::device::kernel::Step;
use crate::device::memory::Memory;
use crate::device::tensor::{Role, Shape};
use crate::error::Error;
use crate::shader::Binding;
use crate::spec::dtype::DType;
use crate::spec::target_type::TargetType;

/// Type of the elements of a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Element {
    /// 32-bit float.
    F32,
    /// 16-bit float, two in a word.
    F16,
    /// The upper half of a 32-bit float, two in a word.
    Bf16,
    /// Signed 32-bit integer.
    I32,
    /// Unsigned 32-bit integer.
    U32,
    /// Signed 64-bit integer, the lower word first.
    I64,
    /// Byte of a boolean mask: 0 excludes.
    U8,
    /// 32-bit words of several types: a [`Status`](crate::Status), or [`RowOutputs`](crate::RowOutputs).
    Words,
}

impl Element {
    pub(crate) const fn bytes(self) -> u64 {
        match self {
            Self::U8 => 1,
            Self::F16 | Self::Bf16 => 2,
            Self::F32 | Self::I32 | Self::U32 | Self::Words => 4,
            Self::I64 => 8,
        }
    }

    /// Storage type of floats; none for others.
    #[cfg(feature = "check")]
    pub(crate) const fn floats(self) -> Option<DType> {
        match self {
            Self::F32 => Some(DType::F32),
            Self::F16 => Some(DType::F16),
            Self::Bf16 => Some(DType::Bf16),
            _ => None,
        }
    }

    /// Type of class ids; none for probabilities.
    pub(crate) const fn of_ids(targets: TargetType) -> Option<Self> {
        match targets {
            TargetType::I32 => Some(Self::I32),
            TargetType::U32 => Some(Self::U32),
            TargetType::I64 => Some(Self::I64),
            TargetType::Probs => None,
        }
    }
}

impl From<DType> for Element {
    fn from(dtype: DType) -> Self {
        match dtype {
            DType::F32 => Self::F32,
            DType::F16 => Self::F16,
            DType::Bf16 => Self::Bf16,
        }
    }
}

/// A buffer of a caller.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) role: Role,
    pub(crate) written: bool,
    pub(crate) element: Element,
    pub(crate) memory: Memory,
    /// Rows, columns, and rows next to each other on a strided axis.
    pub(crate) extents: [u64; 3],
}

/// The buffers of a caller, and the dispatches over them.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) given: Vec<Given>,
    pub(crate) steps: Vec<Step>,
}

impl Described {
    /// Returns the steps with the buffers that `given` holds, each with true if it is written, and the type of its elements.
    pub(crate) fn new(
        extents: [u64; 3],
        steps: Vec<Step>,
        given: impl Iterator<Item = (Role, Memory)>,
        holds: impl Fn(&Role) -> (bool, Element),
    ) -> Self {
        let given = given.map(|(role, memory)| {
            let (written, element) = holds(&role);
            Given {
                role,
                written,
                element,
                memory,
                extents,
            }
        });
        Self {
            given: given.collect(),
            steps,
        }
    }
}

/// Refuses to export no rows.
pub(crate) fn check_any(rows: u64) -> Result<(), Error> {
    match rows {
        0 => Err(Error::value("rows to export", "at least 1", rows)),
        _ => Ok(()),
    }
}

/// Describes memory for each role, exactly as large as `rows` rows need: a result `in_place` lies in the first one.
pub(crate) fn memory_of(roles: &[Role], rows: u64, in_place: bool) -> Result<Vec<Memory>, Error> {
    check_any(rows)?;
    let mut all: Vec<Memory> = Vec::new();
    for role in roles {
        let over = in_place && role.binding == Binding::Result;
        all.push(match all.first() {
            Some(first) if over => first.clone(),
            _ => Memory::described(role.name, role.shape.bytes(rows)),
        });
    }
    Ok(all)
}

impl Given {
    /// Extents of the axes, elements before the first one, and elements from each start along the first axis to the next.
    pub(crate) fn layout(&self) -> (Vec<u64>, u64, u64) {
        let [rows, cols, inner] = self.extents;
        let size = self.element.bytes();
        match self.role.shape {
            Shape::Matrix { rows: at, .. } => {
                let extents = match (self.role.name, inner) {
                    ("jacobian", _) => vec![rows, cols, cols],
                    (_, 1) => vec![rows, cols],
                    _ => vec![rows / inner, cols, inner],
                };
                (extents, at.offset, at.stride)
            }
            Shape::PerRow { bytes } if bytes == size => (vec![rows], 0, 1),
            Shape::PerRow { bytes } => (vec![rows, bytes / size], 0, bytes / size),
            Shape::Whole { bytes } => (vec![bytes / size], 0, 1),
        }
    }
}
