/// A small random generator, SplitMix64 (Steele, Lea and Flood, *Fast splittable pseudorandom
/// number generators*, 2014).
///
/// Everything is integer arithmetic up to one last exact step, so that a seed means the same on
/// every platform: a logarithm or a cosine would differ between maths libraries.
pub(crate) struct Generator(u64);

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Draws one of `0..len`. The bias is `len / 2^64`.
    pub(crate) fn below(&mut self, len: usize) -> usize {
        ((u128::from(self.next()) * len as u128) >> 64) as usize
    }

    /// Draws a number uniform in `low..high`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.next() >> 11) as f64 / (1_u64 << 53) as f64)
    }

    /// Draws a nearly normal number, of mean 0 and standard deviation 1, within -6 and 6: the sum of twelve uniform 16-bit
    /// numbers (Irwin and Hall).
    pub(crate) fn normal(&mut self) -> f64 {
        let sum: u64 = (0..3)
            .map(|_| self.next())
            .map(|z| (z & 0xFFFF) + (z >> 16 & 0xFFFF) + (z >> 32 & 0xFFFF) + (z >> 48))
            .sum();
        (sum as f64 - 6.0 * 65_535.0) / 65_536.0
    }
}

#[cfg(test)]
mod tests {
    use super::Generator;

    #[test]
    fn the_sequence_is_splitmix64() {
        let mut generator = Generator::new(1_234_567);
        assert_eq!(generator.next(), 6_457_827_717_110_365_317);
        assert_eq!(generator.next(), 3_203_168_211_198_807_973);
    }
}
