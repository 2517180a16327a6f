//! How values are written that JSON lacks, and operations by their names.

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use crate::variant::Operation;

pub(super) fn by_name<S: Serializer>(of: &Operation, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(of.name())
}

/// Writes numbers, and the strings "NaN", "inf" and "-inf".
pub(super) fn numbers<S: Serializer>(of: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(of.len()))?;
    for number in of {
        list.serialize_element(&Number(*number))?;
    }
    list.end()
}

struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.is_finite() {
            true => serializer.serialize_f64(self.0),
            false => serializer.collect_str(&self.0),
        }
    }
}
