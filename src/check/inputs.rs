//! Named, seeded inputs: a name, a shape and a seed give the same values on every platform.
//!
//! Flat random logits alone would test nothing: every probability of a wide row is then near 0, no
//! maximum ever moves, and no special value occurs.

use super::generator::Generator;
use crate::reference;

/// A distribution of logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Inputs {
    /// Normal, of standard deviation 1.
    Flat,
    /// Normal, of standard deviation 10: few logits have nearly all of the probability.
    Peaked,
    /// Normal, with one to three logits a row raised to +30 to +90.
    PlantedOutliers,
    /// Constant rows, each with one logit 1 to 16 above the constant.
    OneMaxOverConstant,
    /// Normal around 1e4: `x - lse` would lose three digits.
    Shifted1e4,
    /// Around 1e8, where f32 has steps of 8: `x - lse` would lose everything.
    Shifted1e8,
    /// Normal, with a third of the logits at `-inf`, and every fourth row at `-inf` throughout.
    Masked,
    /// Constant rows; the constants include 0, 1e30, -3e38 and a subnormal number.
    AllEqual,
    /// A slow ramp from -80 to 0, shifted by row: the maximum moves at every column.
    Ascending,
    /// The same ramp from 0 to -80.
    Descending,
    /// Normal rows, of which every other one holds NaN of either sign, `+inf`, or both.
    Special,
    /// Logits of up to 3.4e38 of either sign, so that `x - max` overflows f32, and rows of
    /// subnormal ones.
    Extremes,
    /// Normal, rounded to whole numbers: in most rows several logits equal the maximum, and in some 0 and -0 do.
    Tied,
    /// Normal, with one logit of each row at `-inf`.
    OneExcluded,
    /// Normal, with a third of the logits at the lowest f32, and every fourth row throughout: numbers, not `-inf`.
    Lowest,
}

/// Constants of [`Inputs::AllEqual`].
const CONSTANTS: [f32; 7] = [0.0, 1e30, -3e38, 1e-40, -87.5, f32::MAX, 1.0];

/// Values of [`Inputs::Extremes`]: huge negative, subnormal, then huge positive.
const EXTREMES: [f32; 14] = [
    f32::MIN,
    -3.3e38,
    -1e38,
    -1e30,
    -1.0,
    -1e-40,
    -1e-45,
    0.0,
    1e-45,
    1.1e-38,
    1.0,
    1e30,
    3.3e38,
    f32::MAX,
];

/// NaNs that [`Inputs::Special`] plants, quiet and signalling of both signs. It plants `+inf`, too.
const NAN_BITS: [u32; 4] = [0x7FC0_0000, 0xFFC0_0000, 0x7F80_0001, 0xFFFF_FFFF];

impl Inputs {
    /// Every distribution.
    pub const ALL: [Self; 15] = [
        Self::Flat,
        Self::Peaked,
        Self::PlantedOutliers,
        Self::OneMaxOverConstant,
        Self::Shifted1e4,
        Self::Shifted1e8,
        Self::Masked,
        Self::AllEqual,
        Self::Ascending,
        Self::Descending,
        Self::Special,
        Self::Extremes,
        Self::Tied,
        Self::OneExcluded,
        Self::Lowest,
    ];

    /// Returns the name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Peaked => "peaked",
            Self::PlantedOutliers => "planted_outliers",
            Self::OneMaxOverConstant => "one_max_over_constant",
            Self::Shifted1e4 => "shifted_1e4",
            Self::Shifted1e8 => "shifted_1e8",
            Self::Masked => "masked",
            Self::AllEqual => "all_equal",
            Self::Ascending => "ascending",
            Self::Descending => "descending",
            Self::Special => "special",
            Self::Extremes => "extremes",
            Self::Tied => "tied",
            Self::OneExcluded => "one_excluded",
            Self::Lowest => "lowest",
        }
    }

    /// Draws logits `rows x cols`.
    ///
    /// Where rows differ in kind, the seed chooses the kind of the first one, so that single rows
    /// come to all kinds too.
    pub fn logits(self, rows: usize, cols: usize, seed: u64) -> Vec<f32> {
        let mut generator = Generator::new(seed);
        let mut logits = Vec::with_capacity(rows * cols);
        for row in 0..rows {
            let kind = seed.wrapping_add(row as u64);
            logits.extend(self.row(kind, cols, &mut generator));
        }
        logits
    }

    fn row(self, kind: u64, cols: usize, generator: &mut Generator) -> Vec<f32> {
        let mut normals = |mean: f64, deviation: f64| -> Vec<f32> {
            let normal = |_| (mean + deviation * generator.normal()) as f32;
            (0..cols).map(normal).collect()
        };
        match self {
            Self::Flat => normals(0.0, 1.0),
            Self::Peaked => normals(0.0, 10.0),
            Self::Shifted1e4 => normals(1e4, 1.0),
            Self::Shifted1e8 => normals(1e8, 10.0),
            Self::PlantedOutliers => {
                let mut row = normals(0.0, 1.0);
                for _ in 0..=generator.below(3) {
                    plant(&mut row, generator.between(30.0, 90.0) as f32, generator);
                }
                row
            }
            Self::OneMaxOverConstant => one_max_over_constant(cols, generator),
            Self::Masked if kind % 4 == 3 => vec![f32::NEG_INFINITY; cols],
            Self::Masked => with_third_at(f32::NEG_INFINITY, normals(0.0, 1.0), generator),
            Self::Lowest if kind % 4 == 3 => vec![f32::MIN; cols],
            Self::Lowest => with_third_at(f32::MIN, normals(0.0, 1.0), generator),
            Self::Tied => {
                let most = if kind % 3 == 2 { 0.0 } else { 2.0 };
                let normals = normals(0.0, 1.0).into_iter();
                normals.map(|x| x.round().min(most)).collect()
            }
            Self::OneExcluded => {
                let mut row = normals(0.0, 1.0);
                plant(&mut row, f32::NEG_INFINITY, generator);
                row
            }
            Self::AllEqual => vec![pick(&CONSTANTS, kind); cols],
            Self::Ascending => ramp(cols, kind).collect(),
            Self::Descending => ramp(cols, kind).rev().collect(),
            Self::Special => with_specials(normals(0.0, 1.0), kind, generator),
            Self::Extremes => extremes(cols, kind, generator),
        }
    }
}

fn one_max_over_constant(cols: usize, generator: &mut Generator) -> Vec<f32> {
    let constant = generator.normal();
    let mut row = vec![constant as f32; cols];
    let max = constant + generator.between(1.0, 16.0);
    plant(&mut row, max as f32, generator);
    row
}

fn with_third_at(value: f32, mut row: Vec<f32>, generator: &mut Generator) -> Vec<f32> {
    for x in &mut row {
        if generator.below(3) == 0 {
            *x = value;
        }
    }
    row
}

fn ramp(cols: usize, kind: u64) -> impl DoubleEndedIterator<Item = f32> {
    let shift = (kind % 7) as f64;
    let last = cols.saturating_sub(1);
    (0..cols).map(move |column| (shift - 80.0 * (last - column) as f64 / last.max(1) as f64) as f32)
}

fn with_specials(mut row: Vec<f32>, kind: u64, generator: &mut Generator) -> Vec<f32> {
    let nan = f32::from_bits(pick(&NAN_BITS, kind / 8));
    let planted: &[f32] = match kind % 8 {
        0 => &[nan],
        2 => &[f32::INFINITY],
        4 => &[-nan],
        6 => &[f32::INFINITY, nan],
        _ => &[],
    };
    for &value in planted {
        plant(&mut row, value, generator);
    }
    row
}

fn extremes(cols: usize, kind: u64, generator: &mut Generator) -> Vec<f32> {
    let pool = match kind % 4 {
        0 => &EXTREMES[..],
        1 => &EXTREMES[4..11],
        2 => &EXTREMES[..4],
        _ => &EXTREMES[..11],
    };
    (0..cols)
        .map(|_| pool[generator.below(pool.len())])
        .collect()
}

fn plant(row: &mut [f32], value: f32, generator: &mut Generator) {
    if !row.is_empty() {
        row[generator.below(row.len())] = value;
    }
}

fn pick<T: Copy>(values: &[T], kind: u64) -> T {
    values[(kind % values.len() as u64) as usize]
}

/// Draws one class id of `0..cols` a row, and `ignore_index` in every fifth row if it is given and an i32.
///
/// # Panics
///
/// When `cols` is 0, or a class id is beyond `i32::MAX`.
pub fn targets(rows: usize, cols: usize, seed: u64, ignore_index: Option<i64>) -> Vec<i32> {
    let mut generator = Generator::new(seed);
    let ignored = ignore_index.and_then(|index| i32::try_from(index).ok());
    assert!(cols > 0, "a target needs at least one class");
    let target = |row: usize| match ignored {
        Some(index) if seed.wrapping_add(row as u64) % 5 == 4 => index,
        _ => class_id(generator.below(cols)),
    };
    (0..rows).map(target).collect()
}

/// Draws [`targets`], with one of -1, `cols`, `i32::MIN` and `i32::MAX` in every seventh row, and in at least one. `ignore_index`
/// is none of them.
///
/// # Panics
///
/// When `cols` is 0, or not below `i32::MAX`.
pub fn bad_targets(rows: usize, cols: usize, seed: u64, ignore_index: Option<i64>) -> Vec<i32> {
    let mut targets = targets(rows, cols, seed, ignore_index);
    let bad = [-1, class_id(cols), i32::MIN, i32::MAX].into_iter();
    let bad = bad.filter(|&id| Some(i64::from(id)) != ignore_index);
    let period = rows.clamp(1, 7);
    let first = (seed % period as u64) as usize;
    let planted = targets.iter_mut().skip(first).step_by(period);
    planted
        .zip(bad.cycle())
        .for_each(|(target, id)| *target = id);
    targets
}

fn class_id(class: usize) -> i32 {
    i32::try_from(class).expect("class ids fit i32")
}

/// Draws upstream gradients, normal of standard deviation 1, every eighth one exactly 0.
pub fn upstream(len: usize, seed: u64) -> Vec<f32> {
    let mut generator = Generator::new(seed);
    let mut gradient = || match generator.below(8) {
        0 => 0.0,
        _ => generator.normal() as f32,
    };
    (0..len).map(|_| gradient()).collect()
}

/// Draws class weights between 0.5 and 2, every seventh exactly 0.
pub fn weights(cols: usize, seed: u64) -> Vec<f32> {
    let mut generator = Generator::new(seed);
    let mut weight = |class: usize| match seed.wrapping_add(class as u64) % 7 {
        3 => 0.0,
        _ => generator.between(0.5, 2.0) as f32,
    };
    (0..cols).map(&mut weight).collect()
}

/// Draws scales of rows, powers of e between 1/3 and 3, the first one 1.
pub fn scales(rows: usize, seed: u64) -> Vec<f32> {
    let mut generator = Generator::new(seed);
    let mut scale = |row: usize| match row {
        0 => 1.0,
        _ => generator.between(-1.1, 1.1).exp() as f32,
    };
    (0..rows).map(&mut scale).collect()
}

/// Draws probabilities `rows x cols` as targets: a third of them exactly 0, and in every fourth row all.
///
/// # Panics
///
/// When `cols` is 0.
pub fn sparse_probs(rows: usize, cols: usize, seed: u64) -> Vec<f32> {
    let logits = Inputs::Masked.logits(rows, cols, seed);
    let probs = probs(&logits, cols).into_iter();
    probs.map(|p| if p.is_nan() { 0.0 } else { p }).collect()
}

/// Plants targets that are no probabilities into each row: NaN, `-inf`, or infinities of both signs where there are two
/// columns.
pub(super) fn plant_special_targets(targets: &mut [f32], cols: usize) {
    for (index, row) in targets.chunks_mut(cols).enumerate() {
        row[0] = match index % 3 {
            0 => f32::NAN,
            1 => f32::NEG_INFINITY,
            _ => f32::INFINITY,
        };
        if index % 3 == 2 {
            row[cols - 1] = f32::NEG_INFINITY;
        }
    }
}

/// Moves the class ids of rows to classes that are kept, and takes probabilities from those that are not; the rows that stay excepted.
pub(crate) fn keep_targets(
    kept: &[bool],
    cols: usize,
    (ids, probs): (&mut [i64], &mut [f32]),
    stays: impl Fn(usize) -> bool,
) {
    let rows = ids.iter_mut().zip(kept.chunks_exact(cols));
    for (_, (id, kept)) in rows.enumerate().filter(|(row, _)| !stays(*row)) {
        let class = usize::try_from(*id).ok().filter(|class| *class < cols);
        let next = class.and_then(|class| (class..class + cols).find(|next| kept[next % cols]));
        let next = next.and_then(|next| i64::try_from(next % cols).ok());
        *id = next.unwrap_or(*id);
    }
    let rows = probs.chunks_exact_mut(cols).zip(kept.chunks_exact(cols));
    for (_, (probs, kept)) in rows.enumerate().filter(|(row, _)| !stays(*row)) {
        let excluded = probs.iter_mut().zip(kept).filter(|(_, kept)| !**kept);
        excluded.for_each(|(prob, _)| *prob = 0.0);
    }
}

/// Computes the probabilities of logits `rows x cols` as a forward pass stores them: the reference rounded to f32.
///
/// # Panics
///
/// When `cols` is 0 or does not divide the number of logits.
pub fn probs(logits: &[f32], cols: usize) -> Vec<f32> {
    let probs = reference::softmax(logits, cols).into_iter();
    probs.map(|p| p as f32).collect()
}

/// Computes the log-probabilities of logits `rows x cols` as a forward pass stores them: the reference rounded to f32.
///
/// # Panics
///
/// When `cols` is 0 or does not divide the number of logits.
pub fn log_probs(logits: &[f32], cols: usize) -> Vec<f32> {
    let log_probs = reference::log_softmax(logits, cols).into_iter();
    log_probs.map(|w| w as f32).collect()
}
