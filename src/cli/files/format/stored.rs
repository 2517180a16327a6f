//! Types of values that files hold.

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

/// Types, each with NumPy's name, the name in a `.npy` header without the byte order, and the bytes of a value.
const TYPES: [(Stored, &str, &str, usize); 13] = [
    (Stored::Float(Float::F16), "float16", "f2", 2),
    (Stored::Float(Float::Bf16), "bfloat16", "V2", 2),
    (Stored::Float(Float::F32), "float32", "f4", 4),
    (Stored::Float(Float::F64), "float64", "f8", 8),
    (Stored::I8, "int8", "i1", 1),
    (Stored::I16, "int16", "i2", 2),
    (Stored::I32, "int32", "i4", 4),
    (Stored::I64, "int64", "i8", 8),
    (Stored::U8, "uint8", "u1", 1),
    (Stored::U16, "uint16", "u2", 2),
    (Stored::U32, "uint32", "u4", 4),
    (Stored::U64, "uint64", "u8", 8),
    (Stored::Bool, "bool", "b1", 1),
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
    pub(crate) fn named(name: &str) -> Option<Self> {
        let is_named =
            |&&(_, own, code, _): &&(Self, &str, &str, usize)| [own, code].contains(&name);
        let (stored, ..) = TYPES.iter().find(is_named)?;
        Some(*stored)
    }

    /// Returns the name in a `.npy` header, without the byte order.
    pub(crate) fn code(self) -> &'static str {
        self.entry().2
    }

    /// Returns the number of bytes of a value.
    pub(crate) fn width(self) -> usize {
        self.entry().3
    }

    fn entry(self) -> &'static (Self, &'static str, &'static str, usize) {
        TYPES
            .iter()
            .find(|(known, ..)| *known == self)
            .expect("the table has every type")
    }
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.entry().1)
    }
}

impl fmt::Display for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Stored::Float(*self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::{Stored, TYPES};

    #[test]
    fn every_type_has_its_own_names_and_width() {
        for (stored, name, code, width) in TYPES {
            assert_eq!([name, code].map(Stored::named), [Some(stored); 2]);
            assert_eq!((stored.to_string().as_str(), stored.code()), (name, code));
            assert_eq!(stored.width(), width);
        }
    }
}
