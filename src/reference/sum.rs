//! Pairwise summation.

/// Number of terms that are added in series before sums are added to sums.
const BLOCK: usize = 16;

/// Computes `term(0) + ... + term(len - 1)`, each half summed on its own.
///
/// The error is at most about `(16 + log2(len)) 2^-53 sum |term|` (Higham, *Accuracy and Stability
/// of Numerical Algorithms*, section 4.2); a serial sum has `len` in place of the bracket.
pub(crate) fn pairwise_sum(len: usize, term: impl Fn(usize) -> f64) -> f64 {
    fn sum(begin: usize, end: usize, term: &impl Fn(usize) -> f64) -> f64 {
        if end - begin <= BLOCK {
            return (begin..end).fold(0.0, |sum, i| sum + term(i));
        }
        let middle = begin + (end - begin) / 2;
        sum(begin, middle, term) + sum(middle, end, term)
    }
    sum(0, len, &term)
}

#[cfg(test)]
mod tests {
    use super::pairwise_sum;

    #[test]
    fn every_term_is_added_once() {
        for len in [0_u32, 1, 15, 16, 17, 33, 1000, 262_147] {
            let sum = pairwise_sum(len as usize, |i| i as f64);
            let exact = f64::from(len) * (f64::from(len) - 1.0) / 2.0;
            assert_eq!(sum, exact, "{len} terms");
        }
    }

    #[test]
    fn many_rounded_terms_stay_exact() {
        let sum = pairwise_sum(10_000_000, |_| 0.1);
        assert!((sum / 1e6 - 1.0).abs() < 1e-15, "{sum}");
    }
}
