//! `.safetensors`: eight bytes with the length of a JSON text, the text, and the tensors' bytes without gaps.
//!
//! The crate `safetensors` checks that the tensors follow each other and have the bytes of their shapes. Checks of ours
//! come before and after, since it wants the whole file in memory, takes the last of two tensors of one name, and lets a
//! header be long enough to fill the memory several times:
//!
//! 1. the text is there, begins with a brace as the format demands, and is no longer than [`LONGEST_HEADER`];
//! 2. no name comes twice;
//! 3. exactly the bytes of all tensors stand behind it, where the file's length is known.

use super::{Bad, Bytes, Float, Header, Stored};
use super::{append, brief, little_endian, pick, require_few_axes, require_short_header};
use safetensors::tensor::{Metadata, TensorInfo};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::io::Read;
use std::path::{Component, Path};

/// Length of a header or an index in bytes, at most: enough for some hundred thousand tensors.
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
        stored: Stored::of(info.dtype).ok_or_else(|| {
            let known = "F16, BF16, F32, F64, integers or BOOL";
            Bad::content(known, info.dtype.to_string())
        })?,
        shape: info.shape.clone(),
        big_endian: false,
        fortran: false,
        start: start + info.data_offsets.0 as u64,
    })
}

/// Returns the header of a file with this tensor alone.
pub(super) fn head(name: &str, float: Float, shape: &[usize]) -> Result<Vec<u8>, Bad> {
    if name.is_empty() || name == METADATA {
        let found = format!("\"{name}\"");
        return Err(Bad::content("a tensor's name after #", found));
    }
    let stored = Stored::Float(float);
    let bytes = shape
        .iter()
        .try_fold(stored.width(), |bytes, &axis| bytes.checked_mul(axis));
    let bytes = bytes
        .ok_or_else(|| Bad::content("a size that fits 64 bits", format!("shape {shape:?}")))?;
    let info = TensorInfo {
        dtype: stored.dtype(),
        shape: shape.to_vec(),
        data_offsets: (0, bytes),
    };
    let metadata = Metadata::new(None, vec![(name.to_owned(), info)]).map_err(bad_header)?;
    let mut text = serde_json::to_vec(&metadata).map_err(bad_header)?;
    text.resize(text.len().next_multiple_of(8), b' ');
    Ok([&(text.len() as u64).to_le_bytes(), text.as_slice()].concat())
}

fn bad_header(error: impl fmt::Display) -> Bad {
    let found = brief(&error.to_string());
    Bad::content("the header of a .safetensors file", found)
}

/// Reads the JSON text, which must lie within the file.
fn read_text(reader: &mut impl Read, length: Option<u64>) -> Result<Vec<u8>, Bad> {
    let mut word = Vec::new();
    append(reader, &mut word, 8, SAFETENSORS)?;
    let claimed = little_endian(&word);
    if let Some(length) = length.filter(|length| claimed > length.saturating_sub(8)) {
        let found = format!("a header of {claimed} bytes in a file of {length}");
        return Err(Bad::content(SAFETENSORS, found));
    }
    require_short_header(claimed, LONGEST_HEADER)?;
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
    let mut in_order: Vec<_> = tensors.0.clone().into_iter().collect();
    in_order.sort_by_key(|(_, info)| info.data_offsets);
    let metadata = Metadata::new(None, in_order).map_err(bad_header)?;
    let wanted = metadata.data_len();
    if let Some(found) = found.filter(|&found| found != wanted as u64) {
        let wanted = format!("{wanted} bytes of data for all tensors");
        return Err(Bad::content(wanted, found.to_string()));
    }
    Ok(())
}

/// Tensors of a file by their names.
#[derive(Default)]
struct Tensors(BTreeMap<String, TensorInfo>);

impl<'de> Deserialize<'de> for Tensors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self::default())
    }
}

impl<'de> Visitor<'de> for Tensors {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tensors by their names")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == METADATA {
                map.next_value::<Option<BTreeMap<String, String>>>()?;
                continue;
            }
            let Entry::Vacant(place) = self.0.entry(name.clone()) else {
                let twice = format_args!("tensor `{name}` comes twice");
                return Err(A::Error::custom(twice));
            };
            place.insert(map.next_value()?);
        }
        Ok(self)
    }
}

/// Index of tensors in several files, `model.safetensors.index.json`: the file of each tensor.
#[derive(serde::Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// Returns the file that has the tensor, as a path from the index on, and the tensor's name.
pub(crate) fn shard(bytes: &mut Bytes, wanted: Option<&str>) -> Result<(String, String), Bad> {
    let mut text = Vec::new();
    bytes.take(LONGEST_HEADER + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LONGEST_HEADER {
        let most = format!("an index of at most {LONGEST_HEADER} bytes");
        return Err(Bad::content(most, "a longer one"));
    }
    let index: Index = serde_json::from_slice(&text).map_err(|error| {
        let index = "an index of tensors, JSON with a \"weight_map\"";
        Bad::content(index, brief(&error.to_string()))
    })?;
    let (tensor, shard) = pick(&index.weight_map, "tensor", wanted)?;
    let is_name = |part| matches!(part, Component::Normal(_));
    if shard.is_empty() || !Path::new(shard).components().all(is_name) {
        let found = format!("\"{}\"", brief(shard));
        return Err(Bad::content("a shard beside its index", found));
    }
    Ok((shard.clone(), tensor.to_owned()))
}
