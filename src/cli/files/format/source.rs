//! Array in a file, read as its values are needed.

use super::{Bad, Bytes, Float, Floats, Header, Stored, npy, npz, safetensors};
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

/// Kind of a file that holds arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Npy,
    /// A ZIP archive of `.npy` files.
    Npz,
    Safetensors,
    /// JSON with the name of the `.safetensors` file of each tensor.
    Index,
}

impl Content {
    /// Number of first bytes that determine the kind.
    pub(crate) const START: u64 = 9;

    /// Returns the kind of a file that begins with `start`. A file of no known kind is of the one that its name promises,
    /// to be refused as such.
    pub(crate) fn of(start: &[u8], path: &Path) -> Self {
        let promised = path.extension().and_then(|ending| ending.to_str());
        match (start, promised) {
            ([0x93, b'N', b'U', b'M', b'P', b'Y', ..], _) => Self::Npy,
            ([b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..], _) => Self::Npz,
            _ if safetensors::begin(start) => Self::Safetensors,
            ([b'{', ..], _) | (_, Some("json")) => Self::Index,
            (_, Some("npz")) => Self::Npz,
            (_, Some("safetensors")) => Self::Safetensors,
            _ => Self::Npy,
        }
    }
}

/// Array in a file: its header has been read, its values come in C order, some at a time.
pub(crate) struct Source {
    pub(crate) header: Header,
    reader: Box<dyn Read>,
    /// Number of bytes of values that have been read.
    done: u64,
    /// True if the values do not lie in C order.
    scattered: bool,
}

impl Source {
    /// Reads the header of a file, which is no index. An array without a name is the only one. In `.npy`, void elements
    /// may be bf16.
    pub(crate) fn open(
        mut bytes: Bytes,
        content: Content,
        name: Option<&str>,
        void_is_bf16: bool,
    ) -> Result<Self, Bad> {
        let length = bytes.length();
        let (header, reader): (Header, Box<dyn Read>) = match content {
            Content::Safetensors => {
                let header = safetensors::read_header(&mut bytes, length, name)?;
                bytes.go_to(header.start)?;
                (header, Box::new(bytes))
            }
            Content::Npz => {
                let (mut member, length) = npz::member(bytes, name)?;
                let header = npy::read_header(&mut member, Some(length), void_is_bf16)?;
                let found = length.saturating_sub(header.start);
                if found != header.bytes() {
                    return Err(Bad::data(&header, found));
                }
                (header, member)
            }
            Content::Npy | Content::Index => {
                if let Some(name) = name {
                    let found = format!("#{name}");
                    return Err(Bad::content("no name, as a .npy file has one array", found));
                }
                let header = npy::read_header(&mut bytes, length, void_is_bf16)?;
                (header, Box::new(bytes))
            }
        };
        let long_axes = header.shape.iter().filter(|&&axis| axis != 1).count();
        Ok(Self {
            scattered: header.fortran && long_axes > 1 && header.count() > 0,
            header,
            reader: Box::new(BufReader::with_capacity(1 << 18, reader)),
            done: 0,
        })
    }

    /// Reads the next `count` floats; fails as the system does, or if the values are no floats.
    pub(crate) fn floats(&mut self, count: usize) -> io::Result<Floats> {
        match self.header.stored {
            Stored::Float(Float::F16) => self.next(count, u16::from_le_bytes).map(Floats::F16),
            Stored::Float(Float::Bf16) => self.next(count, u16::from_le_bytes).map(Floats::Bf16),
            Stored::Float(Float::F32) => self.next(count, f32::from_le_bytes).map(Floats::F32),
            Stored::Float(Float::F64) => self.next(count, f64::from_le_bytes).map(Floats::F64),
            other => Err(io::Error::other(format!("{other} is no float"))),
        }
    }

    /// Reads the next `count` truth values, all bytes but 0 being true; fails as the system does, or if they are none.
    pub(crate) fn bools(&mut self, count: usize) -> io::Result<Vec<bool>> {
        match self.header.stored {
            Stored::Bool => self.next(count, |[byte]| byte != 0),
            other => Err(io::Error::other(format!("{other} is no truth value"))),
        }
    }

    /// Reads the next `count` integers; fails as the system does, or if the values are no integers.
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

    /// Reads the next `count` values of `N` bytes.
    fn next<const N: usize, T>(
        &mut self,
        count: usize,
        decode: impl Fn([u8; N]) -> T,
    ) -> io::Result<Vec<T>> {
        if std::mem::take(&mut self.scattered) {
            self.gather()?;
        }
        let big_endian = self.header.big_endian;
        let mut values = self.room(count)?;
        let mut bytes = Vec::with_capacity(N * count.min(1 << 14));
        while values.len() < count {
            bytes.clear();
            self.read(N * (count - values.len()).min(1 << 14), &mut bytes)?;
            values.extend(bytes.chunks_exact(N).map(|stored| {
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
        let (width, count) = (self.header.stored.width(), self.header.count());
        let mut stored = self.room(count * width)?;
        let mut ordered = self.room(count * width)?;
        self.read(count * width, &mut stored)?;
        for flat in 0..count {
            let place = fortran_place(flat, &self.header.shape) * width;
            ordered.extend_from_slice(&stored[place..place + width]);
        }
        self.reader = Box::new(Cursor::new(ordered));
        self.done = 0;
        Ok(())
    }

    /// Reads the next `wanted` bytes of values.
    fn read(&mut self, wanted: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
        let read = (&mut self.reader).take(wanted as u64).read_to_end(bytes)?;
        self.done += read as u64;
        if read == wanted {
            return Ok(());
        }
        let (found, all) = (self.done, self.header.bytes());
        let end = format!("its data end after {found} of {all} bytes");
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, end))
    }

    /// Reserves memory for `count` items.
    pub(crate) fn room<T>(&self, count: usize) -> io::Result<Vec<T>> {
        let mut items = Vec::new();
        items.try_reserve_exact(count).map_err(|_| {
            let bytes = count.saturating_mul(size_of::<T>());
            let lacking = format!("{bytes} bytes of memory are not to be had");
            io::Error::new(io::ErrorKind::OutOfMemory, lacking)
        })?;
        Ok(items)
    }
}

/// Returns the place of the value of a flat C index where the first axis is the fastest.
fn fortran_place(flat: usize, shape: &[usize]) -> usize {
    let (mut rest, mut stride, mut place) = (flat, shape.iter().product::<usize>(), 0);
    for &axis in shape.iter().rev() {
        stride /= axis;
        place += rest % axis * stride;
        rest /= axis;
    }
    place
}
