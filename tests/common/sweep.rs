//! Extent of the sweeps of a test run.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test binary uses a part of this"
)]

use std::collections::BTreeSet;

use wgpu_softmax::variant::{Access, Family, Reduce, Variant};

/// True if a run sweeps everything: requested by `WGPU_SOFTMAX_TESTS=full`.
pub fn is_full() -> bool {
    std::env::var("WGPU_SOFTMAX_TESTS").is_ok_and(|asked| asked == "full")
}

/// Returns the number of random cases of a test whose cases take long.
pub fn cases(quick: u32, full: u32) -> u32 {
    if is_full() { full } else { quick }
}

/// Returns every `step`th element of a list, the first of them by `turn`; all elements in a full run.
pub fn some<T>(list: Vec<T>, turn: usize, step: usize) -> Vec<T> {
    let (skip, step) = if is_full() {
        (0, 1)
    } else {
        (turn % step, step)
    };
    list.into_iter().skip(skip).step_by(step).collect()
}

/// Returns as few kernels as cover every family, way to merge, access and number of rows among them, since each takes long to
/// compile; all of them in a full run.
pub fn covering(mut kernels: Vec<Variant>) -> Vec<Variant> {
    if is_full() {
        return kernels;
    }
    let mut missing: BTreeSet<Feature> = kernels.iter().flat_map(features).collect();
    let mut chosen = Vec::new();
    while !missing.is_empty() {
        let brings = |kernel: &Variant| {
            features(kernel)
                .iter()
                .filter(|&of| missing.contains(of))
                .count()
        };
        let most = (0..kernels.len()).max_by_key(|&place| brings(&kernels[place]));
        let kernel = kernels.remove(most.expect("a kernel with what is missing"));
        features(&kernel)
            .iter()
            .for_each(|of| missing.retain(|other| other != of));
        chosen.push(kernel);
    }
    chosen
}

/// Features that distinguish kernels.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Feature {
    Family(u8),
    Reduce(Reduce),
    Access(Access),
    Groups(u32),
}

fn features(kernel: &Variant) -> [Feature; 4] {
    let family = match kernel.family {
        Family::Registers { .. } => 0,
        Family::Streamed => 1,
        Family::Split { .. } => 2,
        Family::Elementwise { parts: 1 } => 3,
        _ => 4,
    };
    [
        Feature::Family(family),
        Feature::Reduce(kernel.reduce),
        Feature::Access(kernel.access),
        Feature::Groups(kernel.groups),
    ]
}
