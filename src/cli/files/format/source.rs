//! An array that is read from its file as its values are needed.

use super::{Bad, Float, Floats, Format, Header, Stored, npy, safetensors};
use std::fmt;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};

/// An array in a file: its header has been read, its values come in C order, some at a time.
pub(crate) struct Source<'a> {
    header: Header,
    reader: Box<dyn Read + 'a>,
    /// The values do not lie in C order.
    scattered: bool,
}

impl<'a> Source<'a> {
    /// Reads the header of a file of `length` bytes. A tensor without a name is the only one.
    pub(crate) fn open(
        mut file: impl Read + Seek + 'a,
        length: u64,
        format: Format,
        tensor: Option<&str>,
    ) -> Result<Self, Bad> {
        let header = match format {
            Format::Npy => npy::read_header(&mut file, length)?,
            Format::Safetensors => safetensors::read_header(&mut file, length, tensor)?,
        };
        file.seek(SeekFrom::Start(header.start))?;
        let long_axes = header.shape.iter().filter(|&&axis| axis != 1).count();
        Ok(Self {
            scattered: header.fortran && long_axes > 1 && header.count() > 0,
            header,
            reader: Box::new(BufReader::with_capacity(1 << 18, file)),
        })
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// The next `count` floats.
    ///
    /// # Errors
    ///
    /// The system's, and values that are no floats.
    pub(crate) fn floats(&mut self, count: usize) -> io::Result<Floats> {
        match self.header.stored {
            Stored::Float(Float::F16) => self.next(count, u16::from_le_bytes).map(Floats::F16),
            Stored::Float(Float::Bf16) => self.next(count, u16::from_le_bytes).map(Floats::Bf16),
            Stored::Float(Float::F32) => self.next(count, f32::from_le_bytes).map(Floats::F32),
            Stored::Float(Float::F64) => self.next(count, f64::from_le_bytes).map(Floats::F64),
            other => Err(io::Error::other(format!("{other} is no float"))),
        }
    }

    /// The next `count` truth values: all bytes but 0 are true.
    ///
    /// # Errors
    ///
    /// The system's, and values that are no truth values.
    pub(crate) fn bools(&mut self, count: usize) -> io::Result<Vec<bool>> {
        match self.header.stored {
            Stored::Bool => self.next(count, |[byte]| byte != 0),
            other => Err(io::Error::other(format!("{other} is no truth value"))),
        }
    }

    /// The next `count` integers.
    ///
    /// # Errors
    ///
    /// The system's, and values that are no integers.
    pub(crate) fn integers(&mut self, count: usize) -> io::Result<Vec<i128>> {
        match self.header.stored {
            Stored::I8 => self.next(count, |bytes| i8::from_le_bytes(bytes).into()),
            Stored::I16 => self.next(count, |bytes| i16::from_le_bytes(bytes).into()),
            Stored::I32 => self.next(count, |bytes| i32::from_le_bytes(bytes).into()),
            Stored::I64 => self.next(count, |bytes| i64::from_le_bytes(bytes).into()),
            Stored::U8 => self.next(count, |bytes| u8::from_le_bytes(bytes).into()),
            Stored::U16 => self.next(count, |bytes| u16::from_le_bytes(bytes).into()),
            Stored::U32 => self.next(count, |bytes| u32::from_le_bytes(bytes).into()),
            Stored::U64 => self.next(count, |bytes| u64::from_le_bytes(bytes).into()),
            other => Err(io::Error::other(format!("{other} is no integer"))),
        }
    }

    /// The next `count` values of `N` bytes.
    fn next<const N: usize, T>(
        &mut self,
        count: usize,
        decode: impl Fn([u8; N]) -> T,
    ) -> io::Result<Vec<T>> {
        if std::mem::take(&mut self.scattered) {
            self.gather()?;
        }
        let big_endian = self.header.big_endian;
        let mut values = Vec::new();
        values.try_reserve_exact(count)?;
        let mut bytes = vec![0; N * count.min(1 << 14)];
        while values.len() < count {
            let some = (count - values.len()).min(1 << 14);
            self.reader.read_exact(&mut bytes[..N * some])?;
            values.extend(bytes[..N * some].chunks_exact(N).map(|stored| {
                let mut value = [0; N];
                value.copy_from_slice(stored);
                if big_endian {
                    value.reverse();
                }
                decode(value)
            }));
        }
        Ok(values)
    }

    /// Reads all values and brings them into C order.
    fn gather(&mut self) -> io::Result<()> {
        let (width, shape) = (self.header.stored.width(), &self.header.shape);
        let length = self.header.count() * width;
        let (mut stored, mut ordered) = (Vec::new(), Vec::new());
        stored.try_reserve_exact(length)?;
        ordered.try_reserve_exact(length)?;
        self.reader
            .by_ref()
            .take(length as u64)
            .read_to_end(&mut stored)?;
        if stored.len() < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for flat in 0..length / width {
            let place = fortran_place(flat, shape) * width;
            ordered.extend_from_slice(&stored[place..place + width]);
        }
        self.reader = Box::new(Cursor::new(ordered));
        Ok(())
    }
}

/// Where the value of a flat C index lies if the first axis is the fastest.
fn fortran_place(flat: usize, shape: &[usize]) -> usize {
    let (mut rest, mut stride, mut place) = (flat, shape.iter().product::<usize>(), 0);
    for &axis in shape.iter().rev() {
        stride /= axis;
        place += rest % axis * stride;
        rest /= axis;
    }
    place
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.header).finish()
    }
}
