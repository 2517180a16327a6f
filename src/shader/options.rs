//! The bits of `Loss::flags`, by the names that `shaders/target.wgsl` gives them.

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
    /// One class id means that its row is ignored.
    HAS_IGNORE_INDEX,
    /// Losses are averaged; the gradient is that of a mean.
    MEAN,
    /// No loss is written.
    SKIPS_LOSS,
    /// The pairs are written.
    SAVES_PAIR,
    /// There are class weights.
    HAS_WEIGHT,
    /// There is an upstream gradient.
    HAS_UPSTREAM,
    /// It has a value a row.
    UPSTREAM_PER_ROW,
    /// What would be divided by 0 is 0.
    ZERO_VALID,
    /// What a mean divides by is given.
    DIVISORS_GIVEN,
    /// Class ids of one word have no sign.
    UNSIGNED_IDS,
    /// The lse is written with the row outputs.
    SAVES_LSE,
    /// The log-probability of the target is a row output.
    GIVES_TARGET_LOG_PROB,
    /// The entropy is one.
    GIVES_ENTROPY,
    /// The class of the largest logit is one.
    GIVES_ARGMAX,
    /// Whether that is the target is one.
    GIVES_HIT,
    /// The largest probability is one.
    GIVES_MAX_PROB,
    /// The z-loss is one.
    GIVES_Z_LOSS,
}
