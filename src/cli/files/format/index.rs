//! Index of tensors in several `.safetensors` files, `model.safetensors.index.json`: the file of each tensor.

use super::{Bad, Bytes, brief, pick};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Component, Path};

/// Length of an index in bytes, at most: enough for some hundred thousand tensors.
const LONGEST: u64 = 25_000_000;

const INDEX: &str = "an index of tensors, JSON with a \"weight_map\"";

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// Returns the file that has the tensor, as a path from the index on, and the tensor's name.
pub(crate) fn shard(bytes: &mut Bytes<'_>, wanted: Option<&str>) -> Result<(String, String), Bad> {
    let mut text = Vec::new();
    bytes.take(LONGEST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LONGEST {
        let most = format!("an index of at most {LONGEST} bytes");
        return Err(Bad::content(most, "a longer one"));
    }
    let index: Index = serde_json::from_slice(&text)
        .map_err(|error| Bad::content(INDEX, brief(&error.to_string())))?;
    let (tensor, shard) = pick(&index.weight_map, "tensor", wanted)?;
    let is_name = |part| matches!(part, Component::Normal(_));
    if shard.is_empty() || !Path::new(shard).components().all(is_name) {
        let found = format!("\"{}\"", brief(shard));
        return Err(Bad::content("a shard beside its index", found));
    }
    Ok((shard.clone(), tensor.to_owned()))
}
