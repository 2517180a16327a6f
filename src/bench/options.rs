//! Options of a bench.

/// Options of a bench.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// True to time on the same buffers again and again, with whatever the caches keep of them.
    pub warm: bool,
    /// True to time in addition a ceiling that takes one exponential of every element.
    pub exp_ceiling: bool,
    /// True to compare with the best of the plainest ceilings, not of all: vectors of four words, moved by whole workgroups.
    pub vec4_ceiling: bool,
}

impl Options {
    /// Sets [`warm`](Self::warm).
    #[must_use]
    pub const fn warm(self, warm: bool) -> Self {
        Self { warm, ..self }
    }

    /// Sets [`exp_ceiling`](Self::exp_ceiling).
    #[must_use]
    pub const fn exp_ceiling(self, exp_ceiling: bool) -> Self {
        Self {
            exp_ceiling,
            ..self
        }
    }

    /// Sets [`vec4_ceiling`](Self::vec4_ceiling).
    #[must_use]
    pub const fn vec4_ceiling(self, vec4_ceiling: bool) -> Self {
        Self {
            vec4_ceiling,
            ..self
        }
    }
}
