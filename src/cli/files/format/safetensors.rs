//! `.safetensors`: eight bytes with the length of a JSON text, the text, and the tensors' bytes without gaps.
//!
//! The crate `safetensors` checks that the tensors follow each other and have the bytes of their shapes. Checks of ours
//! come before and after, since it wants the whole file in memory, takes the last of two tensors of one name, and lets a
//! header be long enough to fill the memory several times:
//!
//! 1. the text is there, begins with a brace as the format demands, and is no longer than [`LONGEST_HEADER`];
//! 2. no name comes twice;
//! 3. exactly the bytes of all tensors stand behind it, where the file's length is known.

use super::{Bad, Float, Header, Stored, append, brief, pick, require_few_axes};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::io::Read;

/// Length of a header in bytes, at most: enough for some hundred thousand tensors.
const LONGEST_HEADER: u64 = 25_000_000;

/// Name that the format keeps for itself among the names of tensors.
const METADATA: &str = "__metadata__";

const SAFETENSORS: &str = "a .safetensors file";

/// Returns true if these bytes can be the first ones of such a file: a length and a brace.
pub(super) fn begin(start: &[u8]) -> bool {
    let length = start
        .first_chunk()
        .map(|length| u64::from_le_bytes(*length));
    length.is_some_and(|length| length <= LONGEST_HEADER) && start.get(8) == Some(&b'{')
}

/// Reads the header of a file of `length` bytes, if that is known, for one of its tensors, or for the only one.
pub(super) fn read_header(
    reader: &mut impl Read,
    length: Option<u64>,
    wanted: Option<&str>,
) -> Result<Header, Bad> {
    let text = read_text(reader, length)?;
    let tensors: Tensors = serde_json::from_slice(&text).map_err(bad_header)?;
    let start = 8 + text.len() as u64;
    require_data(&tensors, length.map(|length| length.saturating_sub(start)))?;
    let (_, info) = pick(&tensors.0, "tensor", wanted)?;
    require_few_axes(&info.shape)?;
    Ok(Header {
        stored: stored(info.dtype)?,
        shape: info.shape.clone(),
        big_endian: false,
        fortran: false,
        start: start + info.data_offsets.0 as u64,
    })
}

/// Returns the header of a file with this tensor alone.
pub(super) fn head(name: &str, float: Float, shape: &[usize]) -> Result<Vec<u8>, Bad> {
    if name.is_empty() || name == METADATA {
        return Err(Bad::content(
            "a tensor's name after #",
            format!("\"{name}\""),
        ));
    }
    let (dtype, shape) = (dtype(float), shape.to_vec());
    let bytes = shape
        .iter()
        .try_fold(Stored::Float(float).width(), |bytes, &axis| {
            bytes.checked_mul(axis)
        })
        .ok_or_else(|| Bad::content("a size that fits 64 bits", format!("shape {shape:?}")))?;
    let info = TensorInfo {
        dtype,
        shape,
        data_offsets: (0, bytes),
    };
    let metadata = Metadata::new(None, vec![(name.to_owned(), info)]).map_err(bad_header)?;
    let mut text = serde_json::to_vec(&metadata).map_err(bad_header)?;
    text.resize(text.len().next_multiple_of(8), b' ');
    Ok([&(text.len() as u64).to_le_bytes(), text.as_slice()].concat())
}

fn bad_header(error: impl fmt::Display) -> Bad {
    Bad::content(
        "the header of a .safetensors file",
        brief(&error.to_string()),
    )
}

/// Reads the JSON text, which must lie within the file.
fn read_text(reader: &mut impl Read, length: Option<u64>) -> Result<Vec<u8>, Bad> {
    let mut word = Vec::new();
    append(reader, &mut word, 8, SAFETENSORS)?;
    let claimed = word
        .iter()
        .rfold(0, |claimed, &byte| claimed << 8 | u64::from(byte));
    if let Some(length) = length.filter(|length| claimed > length.saturating_sub(8)) {
        let found = format!("a header of {claimed} bytes in a file of {length}");
        return Err(Bad::content(SAFETENSORS, found));
    }
    if claimed > LONGEST_HEADER {
        let most = format!("a header of at most {LONGEST_HEADER} bytes");
        return Err(Bad::content(most, claimed.to_string()));
    }
    let mut text = Vec::new();
    append(reader, &mut text, claimed, SAFETENSORS)?;
    if text.first() != Some(&b'{') {
        let start = brief(&String::from_utf8_lossy(&text[..text.len().min(8)]));
        let found = format!("a header that starts with \"{start}\"");
        return Err(Bad::content(SAFETENSORS, found));
    }
    Ok(text)
}

/// Refuses tensors with gaps, and those that are not exactly the `found` bytes behind the header.
fn require_data(tensors: &Tensors, found: Option<u64>) -> Result<(), Bad> {
    let mut in_order: Vec<_> = tensors
        .0
        .iter()
        .map(|(name, info)| (name.clone(), info.clone()))
        .collect();
    in_order.sort_by_key(|(_, info)| info.data_offsets);
    let wanted = Metadata::new(None, in_order)
        .map_err(bad_header)?
        .data_len();
    if let Some(found) = found.filter(|&found| found != wanted as u64) {
        let wanted = format!("{wanted} bytes of data for all tensors");
        return Err(Bad::content(wanted, found.to_string()));
    }
    Ok(())
}

fn stored(dtype: Dtype) -> Result<Stored, Bad> {
    Ok(match dtype {
        Dtype::F16 => Stored::Float(Float::F16),
        Dtype::BF16 => Stored::Float(Float::Bf16),
        Dtype::F32 => Stored::Float(Float::F32),
        Dtype::F64 => Stored::Float(Float::F64),
        Dtype::I8 => Stored::I8,
        Dtype::I16 => Stored::I16,
        Dtype::I32 => Stored::I32,
        Dtype::I64 => Stored::I64,
        Dtype::U8 => Stored::U8,
        Dtype::U16 => Stored::U16,
        Dtype::U32 => Stored::U32,
        Dtype::U64 => Stored::U64,
        Dtype::BOOL => Stored::Bool,
        other => {
            let known = "F16, BF16, F32, F64, integers or BOOL";
            return Err(Bad::content(known, other.to_string()));
        }
    })
}

fn dtype(float: Float) -> Dtype {
    match float {
        Float::F16 => Dtype::F16,
        Float::Bf16 => Dtype::BF16,
        Float::F32 => Dtype::F32,
        Float::F64 => Dtype::F64,
    }
}

/// Tensors of a file by their names.
struct Tensors(BTreeMap<String, TensorInfo>);

impl<'de> Deserialize<'de> for Tensors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Tensors;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tensors by their names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tensors, A::Error> {
        let mut tensors = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == METADATA {
                map.next_value::<Option<BTreeMap<String, String>>>()?;
                continue;
            }
            match tensors.entry(name) {
                Entry::Vacant(place) => {
                    place.insert(map.next_value()?);
                }
                Entry::Occupied(taken) => {
                    let name = taken.key();
                    let twice = format_args!("tensor `{name}` comes twice");
                    return Err(A::Error::custom(twice));
                }
            }
        }
        Ok(Tensors(tensors))
    }
}

#[cfg(test)]
mod tests;
