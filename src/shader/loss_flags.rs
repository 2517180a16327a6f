//! Bits of `Loss::flags`, by their names in `shaders/target.wgsl`, which documents them.

/// Declares the bits in their order, and the list of all.
macro_rules! bits {
    ($($name:ident),* $(,)?) => {
        bits!(@each 0u32; $($name,)*);

        /// Every bit with its name.
        pub const ALL: &[(&str, u32)] = &[$((stringify!($name), $name)),*];
    };
    (@each $index:expr; $name:ident, $($rest:tt)*) => {
        #[doc = concat!("`", stringify!($name), "` of the shaders.")]
        pub const $name: u32 = 1 << ($index);
        bits!(@each $index + 1; $($rest)*);
    };
    (@each $index:expr;) => {};
}

bits! {
    HAS_IGNORE_INDEX,
    MEAN,
    SKIPS_LOSS,
    SAVES_PAIR,
    HAS_WEIGHT,
    HAS_UPSTREAM,
    UPSTREAM_PER_ROW,
    ZERO_VALID,
    DIVISORS_GIVEN,
    UNSIGNED_IDS,
    SAVES_LSE,
    GIVES_TARGET_LOG_PROB,
    GIVES_ENTROPY,
    GIVES_ARGMAX,
    GIVES_HIT,
    GIVES_MAX_PROB,
    GIVES_Z_LOSS,
    HAS_BIAS,
    HAS_ROW_WEIGHT,
    HAS_COUNTS,
    HAS_ROW_SCALE,
}
