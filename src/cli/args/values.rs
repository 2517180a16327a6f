//! Parsers of the values that flags take, within their ranges.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use std::time::Duration;
use wgpu_softmax::bench::Shape;
use wgpu_softmax::variant::{Abilities, Variant};
use wgpu_softmax::{DType, EmptyRows, Error, MaskKind, Reduction, TargetType, ZeroValid};

/// Extents of the axes, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Extents(pub(crate) Vec<u64>);

/// Mask of a kernel that is only printed: a kind and a shape, without elements.
#[derive(Debug, Clone)]
pub(crate) struct MaskShape {
    pub(crate) kind: MaskKind,
    /// Shape of the mask; none for that of the logits.
    pub(crate) shape: Option<Extents>,
}

/// Class of devices, and its name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Class {
    pub(crate) name: &'static str,
    pub(crate) abilities: Abilities,
}

/// Words for values, with the text that `--help` has of each.
type Words<T> = [(&'static str, T, &'static str)];

pub(super) const REDUCTIONS: &Words<Reduction> = &[
    (
        "mean",
        Reduction::Mean,
        "The sum over the rows that count, divided by their number, or by the sum of their targets' weights",
    ),
    ("sum", Reduction::Sum, "The sum over the rows that count"),
    ("none", Reduction::None, "One loss a row"),
];

pub(super) const ZERO_VALID: &Words<ZeroValid> = &[
    ("nan", ZeroValid::Nan, "Not a number, as in PyTorch"),
    ("zero", ZeroValid::Zero, "0, with a gradient of 0"),
];

pub(super) const EMPTY_ROWS: &Words<EmptyRows> = &[
    ("nan", EmptyRows::Nan, "Not a number, as in PyTorch"),
    (
        "zero",
        EmptyRows::Zero,
        "Probabilities of 0, log-probabilities of -inf",
    ),
];

pub(super) const TARGET_TYPES: &Words<TargetType> = &[
    (
        "i32",
        TargetType::I32,
        "Class ids, signed integers of 32 bits",
    ),
    (
        "u32",
        TargetType::U32,
        "Class ids, unsigned integers of 32 bits",
    ),
    (
        "i64",
        TargetType::I64,
        "Class ids, signed integers of 64 bits",
    ),
    (
        "probs",
        TargetType::Probs,
        "One probability for each class, stored as the logits are",
    ),
];

/// Returns a parser of words.
pub(super) fn words<T: Copy + Send + Sync + 'static>(
    words: &'static Words<T>,
) -> impl TypedValueParser<Value = T> {
    let value = |&(word, value, help): &_| (PossibleValue::new(word).help(help), value);
    one_of(words.iter().map(value).collect())
}

/// Returns a parser that finds one of the values by its name.
pub(super) fn named<T: Copy + Send + Sync + 'static>(
    values: &[T],
    name: impl Fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let value = |&value: &T| (PossibleValue::new(name(value)), value);
    one_of(values.iter().map(value).collect())
}

/// Returns a parser of classes of devices.
pub(super) fn class() -> impl TypedValueParser<Value = Class> {
    let class = |(name, abilities)| (PossibleValue::new(name), Class { name, abilities });
    one_of(Abilities::CLASSES.map(class).into())
}

/// Returns a parser of storage types, by NumPy's names, too.
pub(super) fn dtype() -> impl TypedValueParser<Value = DType> {
    let types = [
        (DType::F32, "float32"),
        (DType::F16, "float16"),
        (DType::Bf16, "bfloat16"),
    ];
    let value = |(dtype, numpy): (DType, _)| (PossibleValue::new(dtype.name()).alias(numpy), dtype);
    one_of(types.into_iter().map(value).collect())
}

fn one_of<T: Copy + Send + Sync + 'static>(
    values: Vec<(PossibleValue, T)>,
) -> impl TypedValueParser<Value = T> {
    let parser = PossibleValuesParser::new(values.iter().map(|(word, _)| word.clone()));
    parser.try_map(move |text| {
        let mut values = values.iter();
        let found = values.find(|(word, _)| word.matches(&text, false));
        found.map(|(_, value)| *value).ok_or("no such name")
    })
}

/// Parses a finite number above 0.
pub(super) fn positive(text: &str) -> Result<f32, String> {
    number(text, "a finite number above 0", |n| n > 0.0)
}

/// Parses a finite number.
pub(super) fn finite(text: &str) -> Result<f32, String> {
    number(text, "a finite number", |_| true)
}

/// Parses a number from 0 to 1.
pub(super) fn share(text: &str) -> Result<f32, String> {
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

/// Parses a number of seconds.
pub(super) fn seconds(text: &str) -> Result<Duration, &'static str> {
    let number = text.parse().ok().filter(|&seconds: &f64| seconds > 0.0);
    number
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or("expected a number above 0")
}

/// Parses `8192x1024`, or `8x1000x4096`.
pub(super) fn shape(text: &str) -> Result<Shape, &'static str> {
    let shape = match numbers(text).as_deref() {
        Some(&[rows, cols]) => Some((rows, cols).into()),
        Some(&[outer, cols, inner]) => {
            let rows = outer.checked_mul(inner);
            rows.map(|rows| Shape { rows, cols, inner })
        }
        _ => None,
    };
    shape.ok_or("expected ROWSxCOLUMNS, both at least 1, as 8192x1024, or OUTERxCOLUMNSxINNER")
}

/// Rows, features and classes of a linear layer.
pub(super) fn layer(text: &str) -> Result<[u64; 3], &'static str> {
    let numbers = numbers(text).and_then(|numbers| numbers.try_into().ok());
    numbers.ok_or("expected ROWSxFEATURESxCLASSES, each at least 1, as 512x1024x8192")
}

/// Parses `8192x1024`, of any number of axes.
pub(super) fn extents(text: &str) -> Result<Extents, &'static str> {
    let count = |numbers: &[u64]| {
        numbers
            .iter()
            .try_fold(1, |all: u64, &n| all.checked_mul(n))
    };
    numbers(text)
        .filter(|numbers| count(numbers).is_some())
        .map(Extents)
        .ok_or("expected extents of at least 1, as 8192x1024")
}

/// Parses numbers of at least 1 with an `x` between them.
fn numbers(text: &str) -> Option<Vec<u64>> {
    let number = |text: &str| text.parse().ok().filter(|&number: &u64| number > 0);
    text.split('x').map(number).collect()
}

/// Parses `float`, or `bool:1x100`.
pub(super) fn mask(text: &str) -> Result<MaskShape, &'static str> {
    let (kind, shape) = match text.split_once(':') {
        Some((kind, shape)) => (kind, Some(extents(shape)?)),
        None => (text, None),
    };
    let kind = match kind {
        "float" => MaskKind::Additive,
        "bool" => MaskKind::Boolean,
        _ => return Err("expected float or bool, or one of them with a shape, as bool:1x100"),
    };
    Ok(MaskShape { kind, shape })
}

/// Parses the name of a variant.
pub(super) fn variant(text: &str) -> Result<Variant, String> {
    text.parse().map_err(|error: Error| error.to_string())
}
