//! `--mask`, `--causal`, `--masked-rows` and `--sinks`.

mod broadcast;
mod empty_rows;
mod files;
mod losses;
mod sinks;

pub(crate) fn assert_same(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let near = (found - expected).abs() <= 4e-6 * expected.abs() + 1e-6;
        let same = found == expected || found.is_nan() && expected.is_nan();
        assert!(
            near || same,
            "{what}: expected {expected}, found {found} at {at}"
        );
    }
}

pub(crate) fn tuple(shape: &[usize]) -> String {
    let axes: String = shape.iter().map(|axis| format!("{axis}, ")).collect();
    format!("({axes})").replace("(, ", "(")
}
