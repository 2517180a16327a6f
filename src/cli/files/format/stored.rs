//! Types of values that files hold.

use safetensors::Dtype;
use std::fmt;
use wgpu_softmax::DType;

/// A float as a file holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Float {
    F16,
    Bf16,
    F32,
    F64,
}

/// A value as a file holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    Float(Float),
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Bool,
}

/// A type, its type in a `.safetensors` file, NumPy's name, and the name in a `.npy` header without the byte order.
type Names = (Stored, Dtype, &'static str, &'static str);

const TYPES: [Names; 13] = [
    (Stored::Float(Float::F16), Dtype::F16, "float16", "f2"),
    (Stored::Float(Float::Bf16), Dtype::BF16, "bfloat16", "V2"),
    (Stored::Float(Float::F32), Dtype::F32, "float32", "f4"),
    (Stored::Float(Float::F64), Dtype::F64, "float64", "f8"),
    (Stored::I8, Dtype::I8, "int8", "i1"),
    (Stored::I16, Dtype::I16, "int16", "i2"),
    (Stored::I32, Dtype::I32, "int32", "i4"),
    (Stored::I64, Dtype::I64, "int64", "i8"),
    (Stored::U8, Dtype::U8, "uint8", "u1"),
    (Stored::U16, Dtype::U16, "uint16", "u2"),
    (Stored::U32, Dtype::U32, "uint32", "u4"),
    (Stored::U64, Dtype::U64, "uint64", "u8"),
    (Stored::Bool, Dtype::BOOL, "bool", "b1"),
];

impl Float {
    /// Returns the type as which the kernels read this one: f64 as f32.
    pub(crate) fn dtype(self) -> DType {
        match self {
            Self::F16 => DType::F16,
            Self::Bf16 => DType::Bf16,
            Self::F32 | Self::F64 => DType::F32,
        }
    }

    /// Returns the type of results computed from this one: f64 is computed in f32.
    pub(crate) fn of_results(self) -> Self {
        match self {
            Self::F64 => Self::F32,
            other => other,
        }
    }
}

impl Stored {
    /// Finds the type by either of its names.
    pub(super) fn named(wanted: &str) -> Option<Self> {
        Self::found(|(_, _, name, code)| [*name, *code].contains(&wanted))
    }

    /// Finds the type of a `.safetensors` file.
    pub(super) fn of(wanted: Dtype) -> Option<Self> {
        Self::found(|(_, dtype, ..)| *dtype == wanted)
    }

    fn found(is_wanted: impl Fn(&Names) -> bool) -> Option<Self> {
        let names = TYPES.iter().find(|names| is_wanted(names));
        names.map(|(stored, ..)| *stored)
    }

    /// Returns the type in a `.safetensors` file.
    pub(super) fn dtype(self) -> Dtype {
        self.names().1
    }

    /// Returns the name in a `.npy` header, without the byte order.
    pub(super) fn code(self) -> &'static str {
        self.names().3
    }

    /// Returns the number of bytes of a value.
    pub(crate) fn width(self) -> usize {
        self.dtype().bitsize() / 8
    }

    fn names(self) -> &'static Names {
        let own = TYPES.iter().find(|(stored, ..)| *stored == self);
        own.expect("the table has every type")
    }
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.names().2)
    }
}

impl fmt::Display for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Stored::Float(*self).fmt(f)
    }
}
