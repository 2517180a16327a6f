//! Bits of `Loss::flags`, by their names in `shaders/target.wgsl`.

/// Declares the bits in their order, and the list of all.
macro_rules! bits {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        bits!(@each 0u32; $($(#[$doc])* $name,)*);

        /// Every bit with its name.
        pub const ALL: &[(&str, u32)] = &[$((stringify!($name), $name)),*];
    };
    (@each $index:expr; $(#[$doc:meta])* $name:ident, $($rest:tt)*) => {
        $(#[$doc])*
        pub const $name: u32 = 1 << ($index);
        bits!(@each $index + 1; $($rest)*);
    };
    (@each $index:expr;) => {};
}

bits! {
    /// The class id of ignored rows is given.
    HAS_IGNORE_INDEX,
    /// Losses are averaged; the gradient is that of a mean.
    MEAN,
    /// No loss is written.
    SKIPS_LOSS,
    /// The pairs are written.
    SAVES_PAIR,
    /// Class weights are given.
    HAS_WEIGHT,
    /// An upstream gradient is given.
    HAS_UPSTREAM,
    /// The upstream gradient has one value a row.
    UPSTREAM_PER_ROW,
    /// Division by 0 in a mean gives 0.
    ZERO_VALID,
    /// The divisors of a mean are given.
    DIVISORS_GIVEN,
    /// Class ids of one word are unsigned.
    UNSIGNED_IDS,
    /// The lse is written with the row outputs.
    SAVES_LSE,
    /// The log-probability of the target is a row output.
    GIVES_TARGET_LOG_PROB,
    /// The entropy is a row output.
    GIVES_ENTROPY,
    /// The class of the largest logit is a row output.
    GIVES_ARGMAX,
    /// The hit, 1 where that class is the target, is a row output.
    GIVES_HIT,
    /// The largest probability is a row output.
    GIVES_MAX_PROB,
    /// The z-loss is a row output.
    GIVES_Z_LOSS,
}
