//! Combinations of options that are checked.

use std::sync::LazyLock;

use super::cover::covering;
use super::kinds::{Asked, Kind};
use super::options::{MaskOf, MaskOption, Options};
use crate::spec::loss::{LossOptions, Reduction, ZeroValid};
use crate::spec::mask::MaskKind;
use crate::spec::softmax::EmptyRows;
use crate::spec::target_type::TargetType;
use crate::variant::Operation;

const MASKS: [Option<MaskOption>; 9] = {
    const fn of(kind: MaskKind, of: MaskOf) -> Option<MaskOption> {
        Some(MaskOption { kind, of })
    }
    [
        None,
        of(MaskKind::Additive, MaskOf::Everything),
        of(MaskKind::Boolean, MaskOf::Columns),
        of(MaskKind::Additive, MaskOf::SomeRows),
        of(MaskKind::Boolean, MaskOf::Everything),
        of(MaskKind::Additive, MaskOf::Rows),
        of(MaskKind::Boolean, MaskOf::SomeRows),
        of(MaskKind::Additive, MaskOf::Columns),
        of(MaskKind::Boolean, MaskOf::Rows),
    ]
};
/// Masks of a loss.
const LOSS_MASKS: [Option<MaskOption>; 5] = [MASKS[0], MASKS[2], MASKS[4], MASKS[6], MASKS[8]];

/// Divisors of a mean, where they are given.
const MEANS_OVER: [Option<(f32, u32)>; 2] = [None, Some((6.5, 5))];

const EMPTY_ROWS: [EmptyRows; 2] = [EmptyRows::Nan, EmptyRows::Zero];
const REDUCTIONS: [Reduction; 3] = [Reduction::Mean, Reduction::None, Reduction::Sum];
const SMOOTHINGS: [f32; 3] = [0.0, 0.1, 1.0];
const Z_LOSSES: [f32; 2] = [0.0, 0.01];
const SOFTCAPS: [Option<f32>; 2] = [None, Some(20.0)];
const SCALES: [f32; 2] = [1.0, 0.7];
/// Scales: from 2 on, differences of logits are taken whole, below by halves.
const PLAIN_SCALES: [f32; 3] = [0.7, 1.0, 2.0];
const ZERO_VALID: [ZeroValid; 2] = [ZeroValid::Nan, ZeroValid::Zero];
const SWITCH: [bool; 2] = [false, true];

/// An option: the number of its settings, and the function that chooses one of them.
type Factor<'a> = (usize, Box<dyn Fn(Options, usize) -> Options + 'a>);

/// Returns the option that `set` sets to one of `settings`.
fn factor<T: Copy>(settings: &[T], set: fn(&mut Options, T)) -> Factor<'_> {
    let choose = move |mut options: Options, setting: usize| {
        set(&mut options, settings[setting]);
        options
    };
    (settings.len(), Box::new(choose))
}

impl Options {
    /// Returns combinations in which any two settings meet; the first has no option set.
    pub(super) fn all(operation: Operation) -> &'static [Self] {
        static CROSS_ENTROPY: LazyLock<Vec<Options>> = LazyLock::new(|| {
            Options::all_of(&[
                factor(&Kind::ALL, |of, kind| of.kind = kind),
                factor(&REDUCTIONS, |of, reduction| of.loss.reduction = reduction),
                factor(&SWITCH, |of, weighted| of.weighted = weighted),
                factor(&SWITCH, |of, weighted| of.rows_weighted = weighted),
                factor(&SWITCH, |of, scaled| of.rows_scaled = scaled),
                factor(&SMOOTHINGS, |of, e| of.loss.label_smoothing = e),
                factor(&Z_LOSSES, |of, z_loss| of.loss.z_loss = z_loss),
                factor(&SOFTCAPS, |of, softcap| of.loss.softcap = softcap),
                factor(&SCALES, |of, scale| of.loss.scale = scale),
                factor(&SWITCH, |of, upstream| of.upstream = upstream),
                factor(&ZERO_VALID, |of, value| of.loss.zero_valid = value),
                factor(&Asked::ALL, |of, asked| of.row_outputs = asked),
                factor(&MEANS_OVER, |of, divisors| of.loss.mean_over = divisors),
                factor(&LOSS_MASKS, |of, mask| of.mask = mask),
            ])
        });
        static MASKED: LazyLock<Vec<Options>> = LazyLock::new(|| {
            Options::all_of(&[
                factor(&MASKS, |of, mask| of.mask = mask),
                factor(&SCALES, |of, scale| of.loss.scale = scale),
                factor(&SWITCH, |of, causal| of.causal = causal),
                factor(&SWITCH, |of, sinks| of.sinks = sinks),
                factor(&EMPTY_ROWS, |of, rows| of.empty_rows = rows),
            ])
        });
        static SCALED: [Options; 2] = [
            Options::NONE.with_scale(SCALES[0]),
            Options::NONE.with_scale(SCALES[1]),
        ];
        static SUNK: LazyLock<Vec<Options>> = LazyLock::new(|| {
            Options::NONE.product(&[
                factor(&SCALES, |of, scale| of.loss.scale = scale),
                factor(&SWITCH, |of, sinks| of.sinks = sinks),
            ])
        });
        match operation {
            _ if operation.takes_masks() => &MASKED,
            _ if operation.has_targets() => &CROSS_ENTROPY,
            _ if operation.takes_sinks() => &SUNK,
            _ => &SCALED,
        }
    }

    fn all_of(factors: &[Factor<'_>]) -> Vec<Self> {
        [vec![Self::NONE], Self::NONE.pairs(factors)].concat()
    }

    /// Returns combinations in which any two settings of `factors` meet; the other options are as in `self`.
    fn pairs(self, factors: &[Factor<'_>]) -> Vec<Self> {
        let counts: Vec<_> = factors.iter().map(|(settings, _)| *settings).collect();
        let chosen = |row: Vec<usize>| {
            let settings = factors.iter().zip(row);
            settings.fold(self, |options, ((_, choose), setting)| {
                choose(options, setting)
            })
        };
        covering(&counts).into_iter().map(chosen).collect()
    }

    /// Returns every combination of settings of `factors`; the other options are as in `self`.
    fn product(self, factors: &[Factor<'_>]) -> Vec<Self> {
        let list = vec![self];
        factors.iter().fold(list, |list, (settings, choose)| {
            let chosen = |options| (0..*settings).map(move |setting| choose(options, setting));
            list.into_iter().flat_map(chosen).collect()
        })
    }

    /// Lists every combination of the options that select code; of sinks with masks, one.
    pub(super) fn structures(operation: Operation) -> Vec<Self> {
        if operation.takes_masks() {
            let mask = |kind, of| Some(MaskOption { kind, of });
            let masks = [
                None,
                mask(MaskKind::Additive, MaskOf::Everything),
                mask(MaskKind::Additive, MaskOf::Rows),
                mask(MaskKind::Boolean, MaskOf::Everything),
                mask(MaskKind::Boolean, MaskOf::Rows),
            ];
            let masked = Self::NONE.product(&[
                factor(&masks, |of, mask| of.mask = mask),
                factor(&SWITCH, |of, causal| of.causal = causal),
            ]);
            let all_masks = Self {
                mask: masks[3],
                causal: true,
                ..Self::NONE
            };
            let sunk = [Self::NONE, all_masks].map(Self::with_sinks);
            return [masked, sunk.to_vec()].concat();
        }
        let ids = Kind::Ids(TargetType::I32);
        let kinds = [(ids, 0.0), (ids, 0.1), (Kind::Probs, 0.0)];
        let (kinds, asked) = match operation {
            _ if operation.takes_sinks() => return vec![Self::NONE, Self::NONE.with_sinks()],
            _ if !operation.has_targets() => return vec![Self::NONE],
            Operation::CrossEntropyBackward | Operation::CrossEntropyFromPairs => {
                (&kinds[..1], &Asked::ALL[..1])
            }
            _ => (&kinds[..], &Asked::ALL[..]),
        };
        let every = |masks, asked| {
            Self::NONE.product(&[
                factor(masks, |of, mask| of.mask = mask),
                factor(kinds, |of, (kind, e)| {
                    (of.kind, of.loss.label_smoothing) = (kind, e)
                }),
                factor(&SOFTCAPS, |of, softcap| of.loss.softcap = softcap),
                factor(asked, |of, asked| of.row_outputs = asked),
            ])
        };
        let mut list = every(&MASKS[..1], asked);
        if operation != Operation::CrossEntropyFromPairs {
            // Those of which every element is read, or one a row; with few of the row outputs.
            let masks = [MASKS[4], MASKS[8]];
            list.extend(every(&masks, &asked[..asked.len().min(2)]));
        }
        list
    }

    /// Returns combinations, in which any two settings meet, of the options that are numbers to the kernels; the others are as in
    /// `self`.
    pub(super) fn numbers(self, operation: Operation) -> Vec<Self> {
        /// Returns every setting of an option that the operation has, else the first.
        fn some<T>(has_option: bool, settings: &[T]) -> &[T] {
            if has_option { settings } else { &settings[..1] }
        }
        let shard = operation == Operation::CrossEntropyFromPairs;
        let targets = operation.has_targets();
        let losses = targets && !shard;
        let kinds = match self.kind {
            Kind::Probs => &[Kind::Probs][..],
            _ => some(targets, &Kind::IDS),
        };
        let reductions = match shard {
            true => &[Reduction::None][..],
            false => some(losses, &REDUCTIONS),
        };
        let masks = self.alike_masks();
        let empty_rows = some(operation.takes_masks(), &EMPTY_ROWS);
        let mut numbers = self.pairs(&[
            factor(kinds, |of, kind| of.kind = kind),
            factor(reductions, |of, reduction| of.loss.reduction = reduction),
            factor(some(losses, &SWITCH), |of, weighted| of.weighted = weighted),
            factor(some(losses, &SWITCH), |of, weighted| {
                of.rows_weighted = weighted
            }),
            factor(some(losses, &SWITCH), |of, scaled| of.rows_scaled = scaled),
            factor(self.smoothings(), |of, e| of.loss.label_smoothing = e),
            factor(some(targets, &Z_LOSSES), |of, z_loss| {
                of.loss.z_loss = z_loss
            }),
            factor(&PLAIN_SCALES, |of, scale| of.loss.scale = scale),
            factor(some(losses, &SWITCH), |of, upstream| of.upstream = upstream),
            factor(some(losses, &ZERO_VALID), |of, value| {
                of.loss.zero_valid = value
            }),
            factor(&masks, |of, mask| of.mask = mask),
            factor(empty_rows, |of, rows| of.empty_rows = rows),
            factor(some(losses, &MEANS_OVER), |of, divisors| {
                of.loss.mean_over = divisors
            }),
        ]);
        for options in &mut numbers {
            if !shard && options.kind == Kind::NoneValid {
                // A mean over nothing.
                (options.loss.reduction, options.loss.mean_over) = (Reduction::Mean, None);
            }
        }
        let plain = self.plain_losses(operation);
        if plain.is_empty() {
            return numbers;
        }
        // Interleaved, as plain losses have kernels of their own.
        let both = numbers.into_iter().zip(plain.into_iter().cycle());
        both.flat_map(<[Self; 2]>::from).collect()
    }

    /// Returns losses without options, of every kind that may be plain.
    fn plain_losses(self, operation: Operation) -> Vec<Self> {
        let smoothings = self.smoothings();
        let of = |(index, kind): (usize, Kind)| Self {
            kind: match self.kind {
                Kind::Probs => Kind::Probs,
                _ => kind,
            },
            loss: LossOptions {
                reduction: REDUCTIONS[index % REDUCTIONS.len()],
                zero_valid: ZERO_VALID[index % ZERO_VALID.len()],
                label_smoothing: smoothings[index % smoothings.len()],
                scale: PLAIN_SCALES[index % PLAIN_SCALES.len()],
                ..self.loss
            },
            ..self
        };
        let losses = Kind::PLAIN.into_iter().enumerate().map(of);
        losses
            .filter(|options| options.is_plain_loss(operation))
            .collect()
    }

    /// Settings of the label smoothing that have the same kernels as this one.
    fn smoothings(&self) -> &'static [f32] {
        match self.loss.label_smoothing > 0.0 {
            _ if self.kind == Kind::Probs => &SMOOTHINGS,
            true => &SMOOTHINGS[1..],
            false => &SMOOTHINGS[..1],
        }
    }

    /// Returns the masks that are read as this one is, their elements laid out as those of a row.
    fn alike_masks(&self) -> Vec<Option<MaskOption>> {
        let Some(mask) = self.mask else {
            return vec![None];
        };
        let shapes: &[MaskOf] = match mask.of {
            MaskOf::Rows => &[MaskOf::Rows],
            _ => &[MaskOf::Everything, MaskOf::SomeRows, MaskOf::Columns],
        };
        let of = |&of| Some(MaskOption { of, ..mask });
        shapes.iter().map(of).collect()
    }
}
