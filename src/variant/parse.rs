//! Parsing of variants from their names.

use std::str::FromStr;

use super::{Access, Family, Reduce, Variant};
use crate::error::Error;

impl FromStr for Variant {
    type Err = Error;

    /// Parses the variant from its displayed name, such as `registers4.subgroup8of64.quads`.
    fn from_str(text: &str) -> Result<Self, Error> {
        parsed(text).ok_or_else(|| Error::Value {
            what: "variant",
            expected: "a name as registers4.subgroup8of64.quads",
            found: text.into(),
        })
    }
}

fn parsed(text: &str) -> Option<Variant> {
    let mut words = text.split('.');
    let (family, count) = named(words.next()?);
    let family = match (family, count) {
        ("registers", quads) => Family::Registers {
            quads: number(quads)?,
        },
        ("streamed", "") => Family::Streamed,
        ("split", parts) => Family::Split {
            parts: number(parts)?,
        },
        ("elementwise", parts) => Family::Elementwise {
            parts: number(parts)?,
        },
        _ => return None,
    };
    let (lanes, workgroup) = words.next()?.split_once("of")?;
    let (reduce, lanes) = named(lanes);
    let lanes = number(lanes)?;
    let (reduce, lanes) = match reduce {
        "invocation" => (Reduce::Invocation, lanes),
        "subgroup" => (Reduce::Subgroup, lanes),
        "workgroup" => (Reduce::Workgroup, lanes),
        hybrid => {
            let subgroup = number(hybrid.strip_prefix("hybrid")?.strip_suffix('x')?)?;
            (Reduce::Hybrid { subgroup }, lanes.checked_mul(subgroup)?)
        }
    };
    let (access, bits) = named(words.next()?);
    let access = match access {
        "quads" => Access::Quads,
        "shifted" => Access::Shifted,
        "pairs" => Access::Pairs,
        "words" => Access::Words,
        _ => return None,
    };
    let rows = words.next().map(|word| word.strip_suffix("rows"));
    let groups = match rows {
        None => 0,
        Some(rows) => number(rows?)? / 4,
    };
    let variant = Variant {
        family,
        reduce,
        lanes,
        workgroup: number(workgroup)?,
        access,
        int64: bits == "64",
        groups,
    };
    // Rejects other spellings, such as leading zeros or further words.
    (variant.to_string() == text).then_some(variant)
}

/// Splits a word into a name and the digits after it.
fn named(word: &str) -> (&str, &str) {
    word.split_at(
        word.trim_end_matches(|char: char| char.is_ascii_digit())
            .len(),
    )
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok()
}
