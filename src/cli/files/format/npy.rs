//! NumPy's `.npy`, versions 1 to 3.
//!
//! A header is believed only after three checks: it is no longer than NumPy itself would read; its shape has no more axes
//! than NumPy allows, and a product that this machine can address; and where the file's length is known, the data are
//! there. What follows them, as another array does, is no part of the array.

use super::literal::Literal;
use super::{Bad, Float, Header, Shape, Stored};
use super::{append, brief, little_endian, require_few_axes, require_short_header};
use std::io::Read;

const LONGEST_HEADER: u64 = 10_000;

/// Reads the header of a file of `length` bytes, if that is known. Void elements may be bf16.
pub(super) fn read_header(
    reader: &mut impl Read,
    length: Option<u64>,
    void_is_bf16: bool,
) -> Result<Header, Bad> {
    let (text, start) = read_text(reader)?;
    let plain = || {
        Bad::content(
            "the header of a plain array",
            format!("\"{}\"", brief(&text)),
        )
    };
    let literal = Literal::parse(&text).ok_or_else(plain)?;
    let (stored, big_endian) = stored(literal.descr.as_deref(), void_is_bf16)?;
    let shape = native(&literal.shape, stored).ok_or_else(plain)?;
    require_few_axes(&shape)?;
    let header = Header {
        stored,
        shape,
        big_endian,
        fortran: literal.fortran_order,
        start,
    };
    match length.map(|length| length.saturating_sub(start)) {
        Some(found) if found < header.bytes() => Err(Bad::data(&header, found)),
        _ => Ok(header),
    }
}

/// Returns a header of version 1.0, C order.
pub(super) fn head(float: Float, shape: &[usize], void_is_bf16: bool) -> Result<Vec<u8>, Bad> {
    if float == Float::Bf16 && !void_is_bf16 {
        let other = "a .safetensors file for bfloat16, or --bf16";
        return Err(Bad::content(other, "a .npy file"));
    }
    let (code, shape) = (Stored::Float(float).code(), Shape(shape));
    let text = format!("{{'descr': '<{code}', 'fortran_order': False, 'shape': {shape}, }}");
    let padded = (10 + text.len() + 1).next_multiple_of(64) - 11;
    let text = format!("{text:padded$}\n");
    let length = u16::try_from(text.len())
        .map_err(|_| Bad::content("a shape of fewer axes", shape.to_string()))?;
    let parts = [
        b"\x93NUMPY\x01\0",
        &length.to_le_bytes()[..],
        text.as_bytes(),
    ];
    Ok(parts.concat())
}

/// Reads the header's text, and the offset of the data.
fn read_text(reader: &mut impl Read) -> Result<(String, u64), Bad> {
    const NPY: &str = "a .npy file";
    let mut head = Vec::new();
    append(reader, &mut head, 8, NPY)?;
    if !head.starts_with(b"\x93NUMPY") {
        let start = format!("one that starts with \"{}\"", brief(&latin_1(&head)));
        return Err(Bad::content(NPY, start));
    }
    let (major, minor) = (head[6], head[7]);
    let width = match (major, minor) {
        (1, 0) => 2,
        (2 | 3, 0) => 4,
        _ => {
            let version = format!("{major}.{minor}");
            return Err(Bad::content("version 1.0, 2.0 or 3.0", version));
        }
    };
    append(reader, &mut head, width, NPY)?;
    let length = little_endian(&head[8..]);
    require_short_header(length, LONGEST_HEADER)?;
    let prefix = head.len();
    append(reader, &mut head, length, NPY)?;
    let text = match major {
        3 => String::from_utf8_lossy(&head[prefix..]).into_owned(),
        _ => latin_1(&head[prefix..]),
    };
    Ok((text, head.len() as u64))
}

fn latin_1(text: &[u8]) -> String {
    text.iter().copied().map(char::from).collect()
}

/// Returns the shape, if the bytes of its values can be counted even with each empty axis taken as 1.
fn native(shape: &[u64], stored: Stored) -> Option<Vec<usize>> {
    let mut bytes = stored.width();
    let axes = shape.iter().map(|&axis| {
        let axis = usize::try_from(axis).ok()?;
        bytes = bytes.checked_mul(axis.max(1))?;
        Some(axis)
    });
    let shape = axes.collect::<Option<_>>()?;
    isize::try_from(bytes).is_ok().then_some(shape)
}

/// Returns the type, and true if its most significant byte comes first.
fn stored(descr: Option<&str>, void_is_bf16: bool) -> Result<(Stored, bool), Bad> {
    const KNOWN: &str = "floats, integers or bool";
    let descr = descr.ok_or_else(|| Bad::content(KNOWN, "records of several fields"))?;
    let name = descr.strip_prefix(['<', '>', '=', '|']).unwrap_or(descr);
    // Elements of two bytes that NumPy has no type for, as which ml_dtypes saves bf16.
    if name == "V2" && !void_is_bf16 {
        let flag = format!("{KNOWN}, or --bf16 if elements of two bytes are bfloat16");
        return Err(Bad::content(flag, descr));
    }
    Stored::named(name)
        .map(|stored| (stored, descr.starts_with('>')))
        .ok_or_else(|| Bad::content(KNOWN, other(name).map_or_else(|| brief(descr), Into::into)))
}

/// Returns NumPy's name of a type that is not read.
fn other(code: &str) -> Option<&'static str> {
    Some(match code {
        "c8" => "complex64",
        "c16" => "complex128",
        "f16" => "longdouble",
        "O" => "object",
        _ if code.starts_with("M8") => "datetime64",
        _ if code.starts_with("m8") => "timedelta64",
        _ if code.starts_with('U') => "str",
        _ if code.starts_with('S') => "bytes",
        _ => return None,
    })
}
