//! Covering arrays: few rows in which any two settings of any two factors meet.

/// Returns the rows of an array that covers every pair of settings of `factors`, each the number of its settings. Greedy: each
/// row begins with a pair that is missing, and every further setting is the one that completes the most of the missing pairs.
pub(super) fn covering(factors: &[usize]) -> Vec<Vec<usize>> {
    let mut missing = all_pairs(factors);
    let mut rows = Vec::new();
    while let Some(&[a, b]) = missing.first() {
        let row = row_with(factors, [a, b], &missing);
        missing.retain(|&[a, b]| !(row[a.0] == a.1 && row[b.0] == b.1));
        rows.push(row);
    }
    rows
}

/// A factor and one of its settings.
type Setting = (usize, usize);

fn all_pairs(factors: &[usize]) -> Vec<[Setting; 2]> {
    let settings = |factor: usize| (0..factors[factor]).map(move |setting| (factor, setting));
    let mut pairs = Vec::new();
    for first in 0..factors.len() {
        for second in first + 1..factors.len() {
            let with = |a| settings(second).map(move |b| [a, b]);
            pairs.extend(settings(first).flat_map(with));
        }
    }
    pairs
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

#[cfg(test)]
mod tests {
    use super::{all_pairs, covering};

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
}
