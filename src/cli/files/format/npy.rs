//! NumPy's `.npy`, versions 1 to 3.
//!
//! A header is believed only after three checks: it is no longer than NumPy itself would read; its shape has no more axes
//! than NumPy allows, and a product that this machine can address; and where the file's length is known, the data are
//! there. What follows them, as another array does, is no part of the array.

mod literal;

use super::{Bad, Float, Header, Shape, Stored, append, brief, require_few_axes};
use literal::Literal;
use std::io::Read;

const LONGEST_HEADER: u64 = 10_000;

const PLAIN: &str = "the header of a plain array";

/// Type of elements of two bytes that NumPy has no type for, as which ml_dtypes saves bf16.
const VOID: &str = "V2";

/// Reads the header of a file of `length` bytes, if that is known. Void elements may be bf16.
pub(super) fn read_header(
    reader: &mut impl Read,
    length: Option<u64>,
    void_is_bf16: bool,
) -> Result<Header, Bad> {
    let (text, start) = read_text(reader)?;
    let plain = || Bad::content(PLAIN, format!("\"{}\"", brief(&text)));
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
    let mut text = format!("{{'descr': '<{code}', 'fortran_order': False, 'shape': {shape}, }}");
    let prefix = 10;
    let padded = (prefix + text.len() + 1).next_multiple_of(64);
    text.extend(std::iter::repeat_n(' ', padded - prefix - text.len() - 1));
    let length = u16::try_from(text.len() + 1)
        .map_err(|_| Bad::content("a shape of fewer axes", shape.to_string()))?;
    Ok([
        b"\x93NUMPY\x01\0",
        &length.to_le_bytes()[..],
        text.as_bytes(),
        b"\n",
    ]
    .concat())
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
    let (width, version) = match head[6..] {
        [version @ 1, 0] => (2, version),
        [version @ (2 | 3), 0] => (4, version),
        _ => {
            let version = format!("{}.{}", head[6], head[7]);
            return Err(Bad::content("version 1.0, 2.0 or 3.0", version));
        }
    };
    append(reader, &mut head, width, NPY)?;
    let length = head[8..]
        .iter()
        .rfold(0, |length, &byte| length << 8 | u64::from(byte));
    if length > LONGEST_HEADER {
        let most = format!("a header of at most {LONGEST_HEADER} bytes");
        return Err(Bad::content(most, length.to_string()));
    }
    let text = head.len();
    append(reader, &mut head, length, NPY)?;
    let start = head.len() as u64;
    let text = &head[text..];
    Ok((
        match version {
            3 => String::from_utf8_lossy(text).into_owned(),
            _ => latin_1(text),
        },
        start,
    ))
}

fn latin_1(text: &[u8]) -> String {
    text.iter().copied().map(char::from).collect()
}

/// Returns the shape, if the bytes of its values can be counted even with each empty axis taken as 1.
fn native(shape: &[u64], stored: Stored) -> Option<Vec<usize>> {
    let shape = shape.iter().map(|&axis| usize::try_from(axis).ok());
    let shape: Vec<usize> = shape.collect::<Option<_>>()?;
    shape
        .iter()
        .try_fold(stored.width(), |bytes, &axis| {
            bytes.checked_mul(axis.max(1))
        })
        .filter(|&bytes| isize::try_from(bytes).is_ok())?;
    Some(shape)
}

/// Returns the type, and true if its most significant byte comes first.
fn stored(descr: Option<&str>, void_is_bf16: bool) -> Result<(Stored, bool), Bad> {
    const KNOWN: &str = "floats, integers or bool";
    let descr = descr.ok_or_else(|| Bad::content(KNOWN, "records of several fields"))?;
    let name = descr.strip_prefix(['<', '>', '=', '|']).unwrap_or(descr);
    if name == VOID && !void_is_bf16 {
        let flag = format!("{KNOWN}, or --bf16 if elements of two bytes are bfloat16");
        return Err(Bad::content(flag, descr));
    }
    Stored::named(name)
        .map(|stored| (stored, descr.starts_with('>')))
        .ok_or_else(|| Bad::content(KNOWN, brief(descr)))
}

#[cfg(test)]
mod tests;
