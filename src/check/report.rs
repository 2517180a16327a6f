//! Report of a check, with digests of the bits of results.

use super::Comparison;
use crate::gpu::AdapterFacts;
use crate::spec::dtype::DType;
use crate::variant::Operation;

/// Comparisons of one operation by one kernel variant over one distribution of inputs.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Group {
    /// The operation's name.
    pub op: String,
    /// The storage type's name.
    pub dtype: String,
    /// The kernel variant, without the numbers that follow from the shape.
    pub variant: String,
    /// The distribution's name.
    pub inputs: String,
    /// Number of elements compared, in all outputs and shapes.
    pub elements: u64,
    /// The largest error in steps of the storage type, over values that may be off by 1024 steps at most: for smaller and more
    /// uncertain values steps mean nothing.
    #[cfg_attr(feature = "serde", serde(serialize_with = "or_name"))]
    pub worst_ulp: f64,
    /// The largest error divided by its bound; above 1 is a failure.
    #[cfg_attr(feature = "serde", serde(serialize_with = "or_name"))]
    pub worst_bound: f64,
    /// Digest of the bits of every output, in the order in which they were read back: on one machine it is the same in every run.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub digest: u64,
    /// True if every element is within its bound.
    pub passed: bool,
    /// The worst element in words: its shape, output, place and both values.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub note: Option<String>,
}

/// Serializes a number, or the name of one that JSON lacks: "NaN", "inf", "-inf".
#[cfg(feature = "serde")]
fn or_name<S: serde::Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    match number.is_finite() {
        true => serializer.serialize_f64(*number),
        false => serializer.collect_str(number),
    }
}

impl Group {
    pub(super) fn new(op: Operation, dtype: DType, variant: &str, inputs: &str) -> Self {
        Self {
            op: op.name().to_owned(),
            dtype: dtype.name().to_owned(),
            variant: variant.to_owned(),
            inputs: inputs.to_owned(),
            elements: 0,
            worst_ulp: 0.0,
            worst_bound: 0.0,
            digest: EMPTY,
            passed: true,
            note: None,
        }
    }

    /// Adds the comparison of one output, and the largest error in steps. `place` names the shape and the output.
    pub(super) fn add(&mut self, comparison: &Comparison, steps: f64, place: &str) {
        self.elements += comparison.elements as u64;
        self.worst_ulp = self.worst_ulp.max(steps);
        if comparison.worst_share > self.worst_bound || self.note.is_none() {
            self.worst_bound = comparison.worst_share;
            self.note = Some(format!("{place}: {comparison}"));
        }
        self.passed &= comparison.passed();
    }

    /// Adds the digest of a case's outputs.
    pub(super) fn add_digest(&mut self, of_case: u64) {
        self.digest = digest(self.digest, [of_case as u32, (of_case >> 32) as u32]);
    }

    /// Notes a failure that no comparison of numbers shows.
    pub(super) fn fail(&mut self, reason: String) {
        self.worst_bound = f64::INFINITY;
        self.note = Some(reason);
        self.passed = false;
    }
}

/// Every group of a check.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The groups, in the order in which they ran.
    pub groups: Vec<Group>,
}

impl Report {
    /// True if every group passed, and there was at least one.
    pub fn passed(&self) -> bool {
        !self.groups.is_empty() && self.groups.iter().all(|group| group.passed)
    }
}

/// Groups of one adapter: with `serde`, an entry of what `check --json` writes.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Checked {
    /// The adapter.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub adapter: AdapterFacts,
    /// The groups, in the order in which they ran.
    pub groups: Vec<Group>,
}

/// The digest of no bits.
pub(super) const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;

/// Computes FNV-1a, continued from `so_far` over the bytes of `words`. If the digests of two builds of the crate agree on one
/// machine, their results are the same.
pub(super) fn digest(so_far: u64, words: impl IntoIterator<Item = u32>) -> u64 {
    let bytes = words.into_iter().flat_map(u32::to_le_bytes);
    bytes.fold(so_far, |digest, byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::{EMPTY, digest};

    #[test]
    fn digests_are_those_of_fnv_1a() {
        assert_eq!(digest(EMPTY, []), EMPTY);
        // The published value for this text.
        let word = u32::from_le_bytes(*b"foob");
        assert_eq!(digest(EMPTY, [word]), 0xdd12_0e79_0c25_12af);
    }

    #[test]
    fn a_digest_goes_on_where_it_ended() {
        let parted = digest(digest(EMPTY, [1]), [2, 3]);
        assert_eq!(parted, digest(EMPTY, [1, 2, 3]));
        assert_ne!(parted, digest(EMPTY, [1, 3, 2]));
    }
}
