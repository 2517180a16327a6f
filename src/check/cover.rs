//! Coverings: few rows in which any two settings of any two factors meet; and a few of many candidates, such that any two traits
//! that meet in some candidate meet in one of these.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

/// A factor and one of its settings.
type Setting = (usize, usize);

/// Returns the rows of an array that covers every pair of settings of `factors`, each the number of its settings. Greedy: each
/// row begins with a pair that is missing, and every further setting is the one that completes the most of the missing pairs.
pub(super) fn covering(factors: &[usize]) -> Vec<Vec<usize>> {
    let mut missing = all_pairs(factors);
    let mut rows = Vec::new();
    while let Some(&begin) = missing.first() {
        let row = row_with(factors, begin, &missing);
        missing.retain(|pair| !pair.iter().all(|&(factor, setting)| row[factor] == setting));
        rows.push(row);
    }
    rows
}

/// Lists the pairs of settings, those of the same two factors one after the other.
fn all_pairs(factors: &[usize]) -> Vec<[Setting; 2]> {
    let settings = |factor: usize| (0..factors[factor]).map(move |setting| (factor, setting));
    let of_two = |(a, b)| settings(a).flat_map(move |a| settings(b).map(move |b| [a, b]));
    let of_first = |a| (a + 1..factors.len()).map(move |b| (a, b));
    (0..factors.len())
        .flat_map(of_first)
        .flat_map(of_two)
        .collect()
}

fn row_with(factors: &[usize], begin: [Setting; 2], missing: &[[Setting; 2]]) -> Vec<usize> {
    let mut row = vec![None; factors.len()];
    for (factor, setting) in begin {
        row[factor] = Some(setting);
    }
    for factor in 0..factors.len() {
        if row[factor].is_none() {
            let completed = |setting: &usize| {
                let is_set = |(f, s): Setting| row[f] == Some(s);
                let here = (factor, *setting);
                let completes =
                    |&&[a, b]: &&[Setting; 2]| (a == here && is_set(b)) || (b == here && is_set(a));
                missing.iter().filter(completes).count()
            };
            row[factor] = (0..factors[factor]).rev().max_by_key(completed);
        }
    }
    row.into_iter().map(Option::unwrap_or_default).collect()
}

/// Two traits that meet, as numbers chosen by the caller.
pub(super) type Pair = (u32, u32);

/// Picks candidates, and returns them in the order picked: each time the one in which the most pairs that have not met before
/// meet, relative to its cost.
pub(super) fn cover(pairs: &[Vec<Pair>], cost: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut met = HashSet::new();
    // Numbers that are not negative are in the order of their bits; the first of equals is above the others.
    let ranked = |met: &HashSet<Pair>, candidate: usize| {
        let missing = pairs[candidate].iter().filter(|pair| !met.contains(*pair));
        let worth = missing.count() as f64 / cost(candidate);
        (worth.to_bits(), Reverse(candidate))
    };
    let every = (0..pairs.len()).map(|candidate| ranked(&met, candidate));
    let mut queue: BinaryHeap<_> = every.collect();
    let mut picked = Vec::new();
    while let Some((_, Reverse(candidate))) = queue.pop() {
        // A candidate may be worth less by now than when it was queued, and never more.
        let now = ranked(&met, candidate);
        if now.0 == 0 {
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

#[cfg(test)]
mod tests {
    use super::{all_pairs, cover, covering};

    #[test]
    fn every_pair_is_covered_by_few_rows() {
        let factors = [6, 3, 2, 3, 2, 2, 2, 2, 2];
        let rows = covering(&factors);
        for [a, b] in all_pairs(&factors) {
            let covers = |row: &Vec<usize>| row[a.0] == a.1 && row[b.0] == b.1;
            assert!(rows.iter().any(covers), "{a:?} and {b:?}");
        }
        assert!((18..=27).contains(&rows.len()), "{} rows", rows.len());
    }

    #[test]
    fn one_factor_has_no_pairs() {
        assert_eq!(covering(&[3]), Vec::<Vec<usize>>::new());
    }

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
