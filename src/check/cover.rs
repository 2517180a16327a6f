//! Coverings: a few of many candidates, such that any two traits that meet in some candidate meet in one of these.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashSet};

/// Two traits that meet, as numbers chosen by the caller.
pub(super) type Pair = (u32, u32);

/// Picks candidates, and returns them in the order picked: each time the one in which the most pairs that have not met before
/// meet, relative to its cost.
pub(super) fn cover(pairs: &[Vec<Pair>], cost: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut met = HashSet::new();
    let worth = |met: &HashSet<Pair>, candidate: usize| {
        let missing = pairs[candidate].iter().filter(|pair| !met.contains(*pair));
        missing.count() as f64 / cost(candidate)
    };
    let ranked = |candidate| Ranked {
        worth: worth(&met, candidate),
        candidate,
    };
    let mut queue: BinaryHeap<_> = (0..pairs.len()).map(ranked).collect();
    let mut picked = Vec::new();
    while let Some(Ranked { candidate, .. }) = queue.pop() {
        // A candidate may be worth less by now than when it was queued, and never more.
        let now = Ranked {
            worth: worth(&met, candidate),
            candidate,
        };
        if now.worth == 0.0 {
            continue;
        }
        match queue.peek() {
            Some(next) if *next > now => queue.push(now),
            _ => {
                met.extend(&pairs[candidate]);
                picked.push(candidate);
            }
        }
    }
    picked
}

/// A candidate ranked by its worth, the first of equals above the others.
#[derive(PartialEq)]
struct Ranked {
    worth: f64,
    candidate: usize,
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_worth = self.worth.total_cmp(&other.worth);
        by_worth.then(other.candidate.cmp(&self.candidate))
    }
}

#[cfg(test)]
mod tests {
    use super::cover;

    #[test]
    fn every_pair_is_met_by_the_cheapest_and_none_is_picked_in_vain() {
        let pairs = [vec![(0, 1)], vec![(0, 1), (0, 2)], vec![(0, 2)], vec![]];
        assert_eq!(cover(&pairs, |_| 1.0), [1]);
        assert_eq!(
            cover(&pairs, |candidate| [1.0, 9.0, 1.0, 1.0][candidate]),
            [0, 2]
        );
    }
}
