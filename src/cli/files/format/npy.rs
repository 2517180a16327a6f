//! NumPy's `.npy`, versions 1 to 3, its header by the `npyz` crate.
//!
//! A file is believed only after three checks of ours, because `npyz` allocates by the header's word, recurses with
//! its brackets and multiplies its numbers unchecked:
//!
//! 1. the header is there and no longer than NumPy itself would read;
//! 2. its text is that of a plain array: two brackets, no escapes, decimal numbers whose product fits 64 bits;
//! 3. behind it stand exactly the bytes that shape and type ask for.

use super::{Bad, Float, Header, Stored, append, brief, require_few_axes};
use npyz::{DType, NpyHeader, Order, WriteOptions, WriterBuilder};
use std::io::Read;

const LONGEST_HEADER: u64 = 10_000;

const PLAIN: &str = "the header of a plain array";

/// Reads the header of a file of `length` bytes.
pub(super) fn read_header(reader: &mut impl Read, length: u64) -> Result<Header, Bad> {
    let head = read_head(reader)?;
    let header = NpyHeader::from_reader(head.as_slice())
        .map_err(|error| Bad::content(PLAIN, brief(&error.to_string())))?;
    let start = head.len() as u64;
    let (stored, big_endian) = stored(&header.dtype())?;
    require_data(stored, header.shape(), length.saturating_sub(start))?;
    let shape: Vec<usize> = header
        .shape()
        .iter()
        .copied()
        .map(native)
        .collect::<Result<_, _>>()?;
    require_few_axes(&shape)?;
    Ok(Header {
        stored,
        shape,
        big_endian,
        fortran: header.order() == Order::Fortran,
        start,
    })
}

/// Version 1.0, C order.
pub(super) fn head(float: Float, shape: &[usize]) -> Result<Vec<u8>, Bad> {
    if float == Float::Bf16 {
        return Err(Bad::content("a .safetensors file for bf16", "a .npy file"));
    }
    let shape: Vec<u64> = shape.iter().map(|&axis| axis as u64).collect();
    let name = format!("<{float}").parse().expect("NumPy has this float");
    let head = WriteOptions::new_header_only()
        .dtype(DType::new_scalar(name))
        .shape(&shape)
        .writer(Vec::new())
        .write_header_only()?;
    Ok(head)
}

/// The bytes up to the data: magic, version, length of the text, text.
fn read_head(reader: &mut impl Read) -> Result<Vec<u8>, Bad> {
    const NPY: &str = "a .npy file";
    let mut head = Vec::new();
    append(reader, &mut head, 8, NPY)?;
    if !head.starts_with(b"\x93NUMPY") {
        let start = format!("one that starts with \"{}\"", head.escape_ascii());
        return Err(Bad::content(NPY, start));
    }
    let width = match head[6..] {
        [1, 0] => 2,
        [2 | 3, 0] => 4,
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
    require_plain(&head[text..])?;
    Ok(head)
}

/// Lets nothing through to the parser that could recurse, take long or overflow.
fn require_plain(text: &[u8]) -> Result<(), Bad> {
    let brackets = text.iter().filter(|byte| b"([{".contains(byte)).count();
    let plain = text.is_ascii() && brackets <= 2 && !text.iter().any(|byte| b"\\+-".contains(byte));
    if !plain || product_of_numbers(text).is_none() {
        let start = brief(&String::from_utf8_lossy(text));
        return Err(Bad::content(PLAIN, format!("\"{start}\"")));
    }
    Ok(())
}

/// The product of all numbers, zero counting as one; none if one is not decimal or the product overflows.
fn product_of_numbers(text: &[u8]) -> Option<u64> {
    text.split(|byte| !(byte.is_ascii_alphanumeric() || b"_.".contains(byte)))
        .filter(|word| word.first().is_some_and(u8::is_ascii_digit))
        .try_fold(1, |product: u64, word| {
            let number: u64 = std::str::from_utf8(word).ok()?.parse().ok()?;
            product.checked_mul(number.max(1))
        })
}

/// The type, and whether its most significant byte comes first.
fn stored(dtype: &DType) -> Result<(Stored, bool), Bad> {
    let descr = dtype.descr();
    let name = descr.trim_matches('\'');
    let plain = Stored::named(name.trim_start_matches(['<', '>', '|']));
    plain
        .map(|stored| (stored, name.starts_with('>')))
        .ok_or_else(|| Bad::content("floats, integers or b1", brief(name)))
}

/// Refuses a file that has not the bytes for exactly these values.
fn require_data(stored: Stored, shape: &[u64], found: u64) -> Result<(), Bad> {
    let count: u64 = if shape.contains(&0) {
        0
    } else {
        shape.iter().product()
    };
    let bytes = u128::from(count) * stored.width() as u128;
    if bytes != u128::from(found) {
        let wanted = format!("{bytes} bytes of data for {stored} of shape {shape:?}");
        return Err(Bad::content(wanted, found.to_string()));
    }
    Ok(())
}

fn native(size: u64) -> Result<usize, Bad> {
    usize::try_from(size)
        .map_err(|_| Bad::content("sizes that this machine can address", size.to_string()))
}

#[cfg(test)]
mod tests;
