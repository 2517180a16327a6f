use super::{Columns, Statistic, rows_of, within_f32};
use crate::EmptyRows;

/// Columns with a mask for each row, expanded to `rows x cols` (see [`broadcast`](super::broadcast)): the formulas see
/// `z = S x + M` where a logit `x` is kept, and `-inf` where it is excluded. Without a mask it is plain [`Columns`].
///
/// - Special values are told apart in `z`. The sum is IEEE's, `+inf` and `-inf` make NaN, and one beyond the range of f32
///   is an infinity.
/// - An excluded logit and what is added to it are never looked at: whatever they are, its probability is 0. Only in a row
///   that NaN or `+inf` among the kept ones spoils it is NaN, too.
/// - A row with nothing left, all of it excluded or `-inf`, is by [`EmptyRows`].
///
/// ```
/// use wgpu_softmax::reference::{Masked, softmax};
///
/// let kept = Masked::new(3).kept(&[true, true, false]);
/// assert_eq!(softmax(&[1.0, 1.0, f32::NAN], kept), [0.5, 0.5, 0.0]);
/// let added = Masked::new(2).additive(&[0.0, f32::NEG_INFINITY]);
/// assert_eq!(softmax(&[1.0, 1.0], added), [1.0, 0.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Masked<'a> {
    pub(crate) columns: Columns,
    additive: Option<&'a [f32]>,
    kept: Option<&'a [bool]>,
    empty_rows: EmptyRows,
}

impl<'a> Masked<'a> {
    /// No mask yet, and NaN for rows with nothing left.
    pub fn new(cols: impl Into<Columns>) -> Self {
        Self {
            columns: cols.into(),
            additive: None,
            kept: None,
            empty_rows: EmptyRows::default(),
        }
    }

    /// What is added to the scaled logits, `rows x cols`.
    #[must_use]
    pub fn additive(mut self, additive: &'a [f32]) -> Self {
        self.additive = Some(additive);
        self
    }

    /// Which logits are kept, `rows x cols`. The others are excluded.
    #[must_use]
    pub fn kept(mut self, kept: &'a [bool]) -> Self {
        self.kept = Some(kept);
        self
    }

    /// What rows with nothing left give.
    #[must_use]
    pub fn empty_rows(mut self, empty_rows: EmptyRows) -> Self {
        self.empty_rows = empty_rows;
        self
    }

    /// What the formulas see of each column, for every row.
    pub(crate) fn rows<'l>(
        self,
        logits: &'l [f32],
    ) -> impl Iterator<Item = impl Fn(usize) -> f64 + Copy + use<'l, 'a>> {
        let rows = rows_of(logits, self.columns.count).len();
        let lengths = [self.additive.map(<[_]>::len), self.kept.map(<[_]>::len)];
        for length in lengths.into_iter().flatten() {
            assert_eq!(length, logits.len(), "one element of the mask a logit");
        }
        (0..rows).map(move |row| move |column| self.read(logits, row * self.columns.count + column))
    }

    /// The record of every row.
    pub(crate) fn statistics(self, logits: &[f32]) -> impl Iterator<Item = Statistic> {
        let cols = self.columns.count;
        self.rows(logits).map(move |z| Statistic::of_seen(cols, z))
    }

    /// `formula(z)` for every element, seen as `z`, with the formula that `of_row(number, statistic)` makes for its row.
    pub(crate) fn map<Formula: Fn(f64) -> f64>(
        self,
        logits: &[f32],
        of_row: impl Fn(usize, Statistic) -> Formula,
    ) -> Vec<f64> {
        let mut values = Vec::with_capacity(logits.len());
        let rows = self.statistics(logits).zip(self.rows(logits));
        for (number, (statistic, z)) in rows.enumerate() {
            let formula = of_row(number, statistic);
            values.extend((0..self.columns.count).map(|column| formula(z(column))));
        }
        values
    }

    /// How large the numbers are that f32 rounds before it has the sum of logit and mask: the scaled logits of a row, if
    /// they are products. `None` without an additive mask.
    pub(crate) fn rounded(&self, logits: &[f32], row: usize) -> Option<f64> {
        self.additive?;
        let Columns { count, reading } = self.columns;
        if reading.scale == 1.0 {
            return Some(0.0);
        }
        let elements = (row * count..).take(count);
        let counts = elements.filter(|&element| self.read(logits, element).is_finite());
        let scaled = counts.map(|element| reading.read(logits[element]).abs());
        Some(scaled.fold(0.0, f64::max))
    }

    /// `value`, or in a row with nothing left what its policy says, zeros being `zero`.
    pub(super) fn unless_empty(&self, row: Statistic, zero: f64, value: f64) -> f64 {
        match self.empty_rows {
            EmptyRows::Zero if row.nothing_left() => zero,
            _ => value,
        }
    }

    fn read(&self, logits: &[f32], element: usize) -> f64 {
        if self.kept.is_some_and(|kept| !kept[element]) {
            return f64::NEG_INFINITY;
        }
        let z = self.columns.reading.read(logits[element]);
        self.additive
            .map_or(z, |added| within_f32(z + f64::from(added[element])))
    }
}

impl<Cols: Into<Columns>> From<Cols> for Masked<'_> {
    fn from(cols: Cols) -> Self {
        Self::new(cols)
    }
}
