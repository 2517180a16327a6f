//! Outputs of a cross-entropy for each row in addition to its loss, and their layout in a buffer.

use std::ops::Range;

use crate::error::Error;
use crate::spec::target_type::TargetType;

/// Candidates a row, at most: software adapters stop longer loops.
const MAX_CANDIDATES: u32 = 32_768;

/// Outputs of a cross-entropy for each row in addition to its loss. They are those of the logits after scale and softcap.
/// None is given unless it is asked for.
///
/// All outputs lie in one buffer, whose [`RowLayout`] the plan reports. A row is *spoilt* where it holds NaN or `+inf`,
/// or only `-inf`: every number of it is NaN, its argmax `u32::MAX`, its hit 0.
///
/// ```
/// use wgpu_softmax::RowOutputs;
///
/// let layout = RowOutputs::default().target_log_prob().log_probs_of(3).argmax().layout();
/// assert_eq!((layout.words, layout.log_probs, layout.argmax), (5, 1..4, Some(4)));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RowOutputs {
    /// f32, the log-probability of the target's class: 0 for an ignored row, spoilt or not, NaN for a bad target. Not with
    /// probabilities as targets.
    pub target_log_prob: bool,
    /// f32, the log-probabilities of this many classes a row, at most 32,768. Their ids are given for every row; NaN
    /// where an id is out of range.
    pub log_probs_of: u32,
    /// f32, the entropy of the row's probabilities, in nats.
    pub entropy: bool,
    /// u32, the class of the largest logit, the first of equal ones; here -0 equals 0.
    pub argmax: bool,
    /// u32, 1 where the argmax is the target's class, else 0. Not with probabilities as targets.
    pub hit: bool,
    /// f32, the largest probability.
    pub max_prob: bool,
    /// f32, the z-loss, a part of the row's loss: 0 for an ignored row, NaN for a bad target.
    pub z_loss: bool,
}

/// Positions of a row's outputs, in words of 4 bytes from the start of the row: row `r` starts at word `r * words`. An
/// output that was not asked for has no position.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RowLayout {
    /// Words a row.
    pub words: u32,
    /// [The target's log-probability](RowOutputs::target_log_prob), f32.
    pub target_log_prob: Option<u32>,
    /// [Log-probabilities of the candidates](RowOutputs::log_probs_of), f32.
    pub log_probs: Range<u32>,
    /// [The entropy](RowOutputs::entropy), f32.
    pub entropy: Option<u32>,
    /// [The argmax](RowOutputs::argmax), u32.
    pub argmax: Option<u32>,
    /// [The hit: 1 where the argmax is the target](RowOutputs::hit), u32.
    pub hit: Option<u32>,
    /// [The largest probability](RowOutputs::max_prob), f32.
    pub max_prob: Option<u32>,
    /// [The z-loss](RowOutputs::z_loss), f32.
    pub z_loss: Option<u32>,
}

/// Declares the setters that ask for one output.
macro_rules! setters {
    ($($name:ident)*) => {
        impl RowOutputs {
            $(#[doc = concat!("Adds the output [`", stringify!($name), "`](Self#structfield.", stringify!($name), ").")]
            #[must_use]
            pub const fn $name(self) -> Self {
                Self {
                    $name: true,
                    ..self
                }
            })*
        }
    };
}

setters! { target_log_prob entropy argmax hit max_prob z_loss }

impl RowOutputs {
    pub(crate) const NONE: Self = Self {
        target_log_prob: false,
        log_probs_of: 0,
        entropy: false,
        argmax: false,
        hit: false,
        max_prob: false,
        z_loss: false,
    };

    /// Adds the [log-probabilities](Self#structfield.log_probs_of) of `count` classes a row.
    #[must_use]
    pub const fn log_probs_of(self, count: u32) -> Self {
        Self {
            log_probs_of: count,
            ..self
        }
    }

    /// Layout of these outputs in a row. A plan takes at most 32,768 log-probabilities a row.
    pub fn layout(self) -> RowLayout {
        let mut words = 0;
        let mut place = |count: u32| {
            let first = words;
            words = u32::saturating_add(words, count);
            (count > 0).then_some(first)
        };
        let target_log_prob = place(self.target_log_prob.into());
        let first = place(self.log_probs_of).unwrap_or(0);
        RowLayout {
            target_log_prob,
            log_probs: first..first.saturating_add(self.log_probs_of),
            entropy: place(self.entropy.into()),
            argmax: place(self.argmax.into()),
            hit: place(self.hit.into()),
            max_prob: place(self.max_prob.into()),
            z_loss: place(self.z_loss.into()),
            words,
        }
    }

    pub(crate) fn any(self) -> bool {
        self != Self::NONE
    }

    /// Auxiliary outputs that the pass over the logits has to track: the entropy, and the argmax.
    pub(crate) const fn tells(self) -> (bool, bool) {
        (self.entropy, self.argmax || self.hit)
    }

    /// Returns true if single logits are read for these outputs.
    pub(crate) const fn reads_logits(self) -> bool {
        self.target_log_prob || self.log_probs_of > 0
    }

    /// Words saved of a row for these outputs: the pair, and the tracked auxiliary outputs.
    pub(crate) const fn saved_words(self) -> u32 {
        match self.tells() {
            (false, false) => 2,
            _ => 4,
        }
    }

    pub(crate) fn check(self, targets: TargetType, is_shard: bool) -> Result<(), Error> {
        let refuse = |expected, found: String| Err(Error::value("row outputs", expected, found));
        if self.log_probs_of > MAX_CANDIDATES {
            let expected = "the log-probabilities of at most 32,768 classes a row";
            return refuse(expected, self.log_probs_of.to_string());
        }
        if is_shard && self.any() {
            return refuse("none in a shard of the classes", format!("{self:?}"));
        }
        if targets == TargetType::Probs && (self.target_log_prob || self.hit) {
            let expected =
                "no log-probability of the target and no hit where targets are probabilities";
            return refuse(expected, format!("{self:?}"));
        }
        Ok(())
    }
}
