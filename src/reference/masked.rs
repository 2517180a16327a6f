use super::{Columns, Real, Statistic, rows_of};
use crate::spec::softmax::EmptyRows;

/// Columns with a mask for each row, expanded to `rows x cols` (see [`broadcast`](super::broadcast)): the formulas see
/// `z = S x + M` where a logit `x` is kept, and `-inf` where it is excluded. Without a mask it is plain [`Columns`].
///
/// - Special values are classified in `z`. The sum is IEEE's: `+inf` and `-inf` make NaN; that of two finite numbers counts as
///   finite.
/// - An excluded logit and the mask value added to it are never read: its probability is 0 whatever they are. It is NaN only in a
///   row that is spoilt by a NaN or `+inf` among the kept logits.
/// - A row with nothing left, all of it excluded or `-inf`, is set by [`EmptyRows`].
/// - A [sink](Self::sinks) is one more `z` of its row, without a column: exactly as it is stored.
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
pub struct Masked<'a, X = f32> {
    pub(crate) columns: Columns,
    additive: Option<&'a [X]>,
    kept: Option<&'a [bool]>,
    empty_rows: EmptyRows,
    /// Sinks, and rows that take the same one after the other.
    sinks: Option<(&'a [X], usize)>,
}

impl<'a, X: Real> Masked<'a, X> {
    /// Creates columns without a mask, and with NaN for rows with nothing left.
    pub fn new(cols: impl Into<Columns>) -> Self {
        Self {
            columns: cols.into(),
            additive: None,
            kept: None,
            empty_rows: EmptyRows::default(),
            sinks: None,
        }
    }

    /// Sets the numbers that are added to the scaled logits, `rows x cols`.
    #[must_use]
    pub fn additive(mut self, additive: &'a [X]) -> Self {
        self.additive = Some(additive);
        self
    }

    /// Sets the logits that are kept, `rows x cols`. The others are excluded.
    #[must_use]
    pub fn kept(mut self, kept: &'a [bool]) -> Self {
        self.kept = Some(kept);
        self
    }

    /// Sets the results of rows with nothing left.
    #[must_use]
    pub fn empty_rows(mut self, empty_rows: EmptyRows) -> Self {
        self.empty_rows = empty_rows;
        self
    }

    /// Gives rows sinks: row `r` takes number `r / queries % sinks.len()`.
    ///
    /// ```
    /// use wgpu_softmax::reference::{Masked, softmax};
    ///
    /// let softmax1 = Masked::new(2).sinks(&[0.0], 1);
    /// assert_eq!(softmax(&[0.0, 0.0], softmax1), [1.0 / 3.0, 1.0 / 3.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// When there are no sinks, or `queries` is 0.
    #[must_use]
    pub fn sinks(mut self, sinks: &'a [X], queries: usize) -> Self {
        assert!(
            !sinks.is_empty() && queries > 0,
            "at least one sink, of one row"
        );
        self.sinks = Some((sinks, queries));
        self
    }

    /// Returns the numbers `z` that the formulas see, a function of the column for every row.
    pub(crate) fn rows<'l>(
        self,
        logits: &'l [X],
    ) -> impl Iterator<Item = impl Fn(usize) -> f64 + Copy + use<'l, 'a, X>> {
        let rows = rows_of(logits, self.columns.count).len();
        let lengths = [self.additive.map(<[_]>::len), self.kept.map(<[_]>::len)];
        for length in lengths.into_iter().flatten() {
            assert_eq!(length, logits.len(), "one element of the mask a logit");
        }
        let unit = self.unit();
        let read = move |element| self.read(logits, element, unit);
        (0..rows).map(move |row| move |column| read(row * self.columns.count + column))
    }

    /// Returns the record of every row, with its sink.
    pub(crate) fn statistics(self, logits: &[X]) -> impl Iterator<Item = Statistic> {
        let (cols, steepness) = (self.columns.count, self.steepness());
        self.rows(logits).enumerate().map(move |(row, z)| {
            let statistic = Statistic::of_seen(cols, steepness, z);
            match self.sink(row) {
                Some(z) => statistic.merge(Statistic::of_seen(1, steepness, |_| z)),
                None => statistic,
            }
        })
    }

    /// Returns the number `z` of a row's sink, whose scaled distances from those of the logits are those of the sink.
    pub(crate) fn sink(&self, row: usize) -> Option<f64> {
        let (sinks, queries) = self.sinks?;
        let sink: f64 = sinks[row / queries % sinks.len()].into();
        Some(sink / self.steepness())
    }

    /// Evaluates `formula(z)` for every element, seen as `z`, with the formula that `of_row(number, statistic)` makes for its
    /// row.
    pub(crate) fn map<Formula: Fn(f64) -> f64>(
        self,
        logits: &[X],
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

    /// Returns the largest magnitude that f32 rounds before it adds logit and mask: that of the scaled logits of a row, 0 without
    /// a scale. `None` without an additive mask.
    #[cfg(feature = "check")]
    pub(crate) fn rounded(&self, logits: &[X], row: usize) -> Option<f64> {
        self.additive?;
        let Columns { count, scale, .. } = self.columns;
        if scale == 1.0 {
            return Some(0.0);
        }
        let elements = (row * count..).take(count);
        let counts = elements.filter(|&element| self.read(logits, element, 1.0).is_finite());
        let scaled = counts.map(|element| (scale * logits[element].into()).abs());
        Some(scaled.fold(0.0, f64::max))
    }

    /// Returns the magnitude of a row's scaled maximum where f32 may round it before a sink is compared with it: 0 where there is
    /// no sink, where the product is exact, and where nothing is left.
    #[cfg(feature = "check")]
    pub(crate) fn rounded_height(&self, logits: &[X], row: usize) -> f64 {
        let Columns { count, scale, .. } = self.columns;
        let is_exact = self.additive.is_some() || scale.log2().fract() == 0.0;
        if self.sinks.is_none() || is_exact {
            return 0.0;
        }
        let elements = (row * count..).take(count);
        let z = elements.map(|element| self.read(logits, element, 1.0));
        let highest = z.filter(|z| z.is_finite()).reduce(f64::max);
        highest.map_or(0.0, |z| (scale * z).abs())
    }

    /// Returns the number of terms of a row's denominator.
    #[cfg(feature = "check")]
    pub(crate) fn terms(&self) -> usize {
        self.columns.count + usize::from(self.sinks.is_some())
    }

    /// Returns `value`; in a row with nothing left, `zero` if the policy asks for zeros.
    pub(super) fn unless_empty(&self, row: Statistic, zero: f64, value: f64) -> f64 {
        match self.empty_rows {
            EmptyRows::Zero if row.nothing_left() => zero,
            _ => value,
        }
    }

    fn read(&self, logits: &[X], element: usize, unit: f64) -> f64 {
        if self.kept.is_some_and(|kept| !kept[element]) {
            return f64::NEG_INFINITY;
        }
        let x = logits[element];
        match self.additive {
            Some(added) => self.columns.scale * unit * x.into() + unit * added[element].into(),
            None => self.columns.read(x),
        }
    }

    /// Returns a power of 2 in which the sum of a scaled logit and its mask is finite if both are.
    fn unit(&self) -> f64 {
        (1.0 / (1.0 + self.columns.scale)).log2().floor().exp2()
    }

    /// Returns the factor of differences of `z`.
    fn steepness(&self) -> f64 {
        match self.additive {
            Some(_) => 1.0 / self.unit(),
            None => self.columns.steepness(),
        }
    }
}

impl<X: Real, Cols: Into<Columns>> From<Cols> for Masked<'_, X> {
    fn from(cols: Cols) -> Self {
        Self::new(cols)
    }
}
