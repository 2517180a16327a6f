//! Parsers of the numbers that flags take, within their ranges.

/// Parses a finite number above 0.
pub(crate) fn positive(text: &str) -> Result<f32, String> {
    number(text, "a finite number above 0", |n| n > 0.0)
}

/// Parses a finite number.
pub(crate) fn finite(text: &str) -> Result<f32, String> {
    number(text, "a finite number", |_| true)
}

/// Parses a number from 0 to 1.
pub(crate) fn share(text: &str) -> Result<f32, String> {
    number(text, "a number from 0 to 1", |n| (0.0..=1.0).contains(&n))
}

/// Parses an f32, which must be in its range.
fn number(text: &str, expected: &str, in_range: impl Fn(f32) -> bool) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(n) if n.is_finite() && in_range(n) => Ok(n),
        Ok(n) => Err(format!("expected {expected}, found {n:?}")),
        Err(_) => Err(format!("expected {expected}")),
    }
}
