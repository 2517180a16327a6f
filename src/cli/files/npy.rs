//! NumPy's `.npy`, versions 1 to 3, by the `npyz` crate.
//!
//! A file is believed only after three checks of ours, because `npyz` allocates by the header's word, recurses with
//! its brackets and multiplies its numbers unchecked:
//!
//! 1. the header is there and no longer than NumPy itself would read;
//! 2. its text is that of a plain array: two brackets, no escapes, decimal numbers whose product fits 64 bits;
//! 3. behind it stand exactly the bytes that shape and dtype ask for.

use super::{Array, Bad, Values};
use npyz::{DType, Deserialize, NpyFile, NpyHeader, Order, WriteOptions, WriterBuilder};
use std::fmt::Display;
use std::io::{self, BufReader, BufWriter, Read, Write};

const LONGEST_HEADER: usize = 10_000;

/// Reads an array from a source of `length` bytes.
pub(super) fn decode(reader: impl Read, length: u64) -> Result<Array, Bad> {
    let mut reader = BufReader::new(reader);
    let head = read_head(&mut reader)?;
    let header = NpyHeader::from_reader(head.as_slice())
        .map_err(|error| Bad::content(PLAIN, error.to_string().replace('\n', " ")))?;
    let DType::Plain(stored) = header.dtype() else {
        return Err(unsupported(header.dtype().descr()));
    };
    let dtype = stored.to_string().replace(['<', '>', '|'], "");
    let count = require_data(&header, &dtype, length.saturating_sub(head.len() as u64))?;
    let shape = header
        .shape()
        .iter()
        .copied()
        .map(native)
        .collect::<Result<Vec<_>, _>>()?;
    let order = header.order();
    let values = read_values(&dtype, NpyFile::with_header(header, reader), count)?;
    let values = if order == Order::Fortran {
        values.in_c_order(&shape)
    } else {
        values
    };
    Ok(Array {
        dtype,
        shape,
        values,
    })
}

/// Writes version 1.0, C order.
pub(super) fn encode(writer: impl Write, shape: &[usize], values: &[f32]) -> io::Result<()> {
    let shape: Vec<u64> = shape.iter().map(|&axis| axis as u64).collect();
    let mut buffer = BufWriter::new(writer);
    let mut array = WriteOptions::new()
        .default_dtype()
        .shape(&shape)
        .writer(&mut buffer)
        .begin_nd()?;
    array.extend(values)?;
    array.finish()?;
    buffer.flush()
}

const PLAIN: &str = "the header of a plain array";

/// The bytes up to the data: magic, version, length of the text, text.
fn read_head(reader: &mut impl Read) -> Result<Vec<u8>, Bad> {
    let mut head = Vec::new();
    append(reader, &mut head, 8)?;
    if !head.starts_with(b"\x93NUMPY") {
        return Err(Bad::content(
            "a .npy file",
            format!("one that starts with \"{}\"", head.escape_ascii()),
        ));
    }
    let width = match head[6..] {
        [1, 0] => 2,
        [2 | 3, 0] => 4,
        _ => {
            return Err(Bad::content(
                "version 1.0, 2.0 or 3.0",
                format!("{}.{}", head[6], head[7]),
            ));
        }
    };
    append(reader, &mut head, width)?;
    let length = head[8..]
        .iter()
        .rfold(0, |length, &byte| length << 8 | usize::from(byte));
    if length > LONGEST_HEADER {
        return Err(Bad::content(
            format!("a header of at most {LONGEST_HEADER} bytes"),
            length.to_string(),
        ));
    }
    let text = head.len();
    append(reader, &mut head, length)?;
    require_plain(&head[text..])?;
    Ok(head)
}

fn append(reader: &mut impl Read, head: &mut Vec<u8>, wanted: usize) -> Result<(), Bad> {
    let found = reader
        .take(wanted as u64)
        .read_to_end(head)
        .map_err(Bad::System)?;
    if found < wanted {
        let end = format!("the end of the file after {} bytes", head.len());
        return Err(Bad::content("a .npy file", end));
    }
    Ok(())
}

/// Lets nothing through to the parser that could recurse, take long or overflow.
fn require_plain(text: &[u8]) -> Result<(), Bad> {
    let brackets = text.iter().filter(|byte| b"([{".contains(byte)).count();
    let plain = text.is_ascii() && brackets <= 2 && !text.iter().any(|byte| b"\\+-".contains(byte));
    if !plain || product_of_numbers(text).is_none() {
        let start = String::from_utf8_lossy(&text[..text.len().min(100)]);
        return Err(Bad::content(PLAIN, format!("{:?}", start.trim_end())));
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

/// The number of values, if the file has the bytes for exactly these.
fn require_data(header: &NpyHeader, dtype: &str, found: u64) -> Result<usize, Bad> {
    let width = header
        .dtype()
        .num_bytes()
        .ok_or_else(|| unsupported(dtype))?;
    let count = if header.shape().contains(&0) {
        0
    } else {
        header.shape().iter().product()
    };
    let bytes = u128::from(count) * width as u128;
    if bytes != u128::from(found) {
        let wanted = format!(
            "{bytes} bytes of data for {dtype} of shape {:?}",
            header.shape()
        );
        return Err(Bad::content(wanted, found.to_string()));
    }
    native(count)
}

fn native(size: u64) -> Result<usize, Bad> {
    usize::try_from(size)
        .map_err(|_| Bad::content("sizes that this machine can address", size.to_string()))
}

fn read_values<R: Read>(dtype: &str, file: NpyFile<R>, count: usize) -> Result<Values, Bad> {
    use Values::{Floats, Signed, Unsigned};
    let values = match dtype {
        "f4" => collect(file, count, |x: f32| x).map(Floats),
        "f8" => collect(file, count, |x: f64| x as f32).map(Floats),
        "i1" => collect(file, count, |i: i8| i.into()).map(Signed),
        "i2" => collect(file, count, |i: i16| i.into()).map(Signed),
        "i4" => collect(file, count, |i: i32| i.into()).map(Signed),
        "i8" => collect(file, count, |i: i64| i).map(Signed),
        "u1" => collect(file, count, |i: u8| i.into()).map(Unsigned),
        "u2" => collect(file, count, |i: u16| i.into()).map(Unsigned),
        "u4" => collect(file, count, |i: u32| i.into()).map(Unsigned),
        "u8" => collect(file, count, |i: u64| i).map(Unsigned),
        _ => return Err(unsupported(dtype)),
    };
    values.map_err(Bad::System)
}

fn collect<T: Deserialize, U>(
    file: NpyFile<impl Read>,
    count: usize,
    convert: impl Fn(T) -> U,
) -> io::Result<Vec<U>> {
    let mut values = Vec::new();
    values.try_reserve_exact(count)?;
    for value in file.data::<T>().map_err(io::Error::other)? {
        values.push(convert(value?));
    }
    Ok(values)
}

fn unsupported(dtype: impl Display) -> Bad {
    Bad::content(
        "f4, f8 or integers",
        format!("{dtype}, which is not supported yet"),
    )
}

impl Values {
    /// The same values, stored so far with the first axis fastest.
    fn in_c_order(self, shape: &[usize]) -> Self {
        match self {
            Self::Floats(stored) => Self::Floats(c_order(&stored, shape)),
            Self::Signed(stored) => Self::Signed(c_order(&stored, shape)),
            Self::Unsigned(stored) => Self::Unsigned(c_order(&stored, shape)),
        }
    }
}

fn c_order<T: Copy>(stored: &[T], shape: &[usize]) -> Vec<T> {
    let place = |flat: usize| {
        let (mut rest, mut stride, mut place) = (flat, stored.len(), 0);
        for &axis in shape.iter().rev() {
            stride /= axis;
            place += rest % axis * stride;
            rest /= axis;
        }
        place
    };
    (0..stored.len()).map(|flat| stored[place(flat)]).collect()
}

#[cfg(test)]
mod tests;
