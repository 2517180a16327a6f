//! Spread of repeated measurements.

/// Median of measurements, and the quartiles about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Lower quartile: a quarter of the measurements is below.
    pub lower: f64,
    /// Median: half of the measurements are below.
    pub median: f64,
    /// Upper quartile: three quarters of the measurements are below.
    pub upper: f64,
}

impl Spread {
    /// Computes the spread of measurements in any order, none of them NaN; quartiles between two of them are interpolated. All
    /// NaN where there is no measurement.
    pub fn of(measurements: &[f64]) -> Self {
        let mut sorted = measurements.to_vec();
        sorted.sort_by(f64::total_cmp);
        let [lower, median, upper] = [0.25, 0.5, 0.75].map(|share| quantile(&sorted, share));
        Self {
            lower,
            median,
            upper,
        }
    }

    /// Returns the distance of the quartiles divided by the median.
    pub fn relative(&self) -> f64 {
        (self.upper - self.lower) / self.median
    }
}

/// Returns the value below which the fraction `share` of sorted values lies, by linear interpolation.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * sorted.len().saturating_sub(1) as f64;
    let at = |index: f64| sorted.get(index as usize).copied().unwrap_or(f64::NAN);
    let (below, above) = (at(place.floor()), at(place.ceil()));
    below + (above - below) * place.fract()
}
