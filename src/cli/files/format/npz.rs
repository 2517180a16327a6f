//! `.npz`: a ZIP archive of `.npy` files, its directory by the `rawzip` crate.
//!
//! A member is read as it lies in the archive, inflated block by block: its header bounds what is read of it, and its
//! checksum is compared with its last byte.

use super::{Bad, Bytes, brief, pick};
use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ReaderAt, ZipArchive};
use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};

/// Returns the bytes of a member, and the number that they are to be. A member without a name is the only one.
pub(super) fn member(bytes: Bytes, wanted: Option<&str>) -> Result<(Box<dyn Read>, u64), Bad> {
    let mut file = bytes.into_file()?;
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(file.try_clone()?, &mut buffer).map_err(bad)?;
    let members = members(&archive, &mut buffer)?;
    let name = wanted.map(|name| match members.contains_key(name) {
        true => name,
        false => name.strip_suffix(".npy").unwrap_or(name),
    });
    let (name, &(place, method)) = pick(&members, "array", name)?;
    let entry = archive.get_entry(place).map_err(bad)?;
    let (start, end) = entry.compressed_data_range();
    file.seek(SeekFrom::Start(start))?;
    let stored = file.take(end - start);
    let member: Box<dyn Read> = match method {
        CompressionMethod::STORE => Box::new(entry.verifying_reader(stored)),
        CompressionMethod::DEFLATE => Box::new(entry.verifying_reader(DeflateDecoder::new(stored))),
        _ => {
            let found = format!("\"{}\", neither", brief(name));
            return Err(Bad::content("members that are stored or deflated", found));
        }
    };
    Ok((member, place.uncompressed_size_hint()))
}

type Member = (rawzip::ZipArchiveEntryWayfinder, CompressionMethod);

/// Returns all members by their names without `.npy`.
fn members<R: ReaderAt>(
    archive: &ZipArchive<R>,
    buffer: &mut [u8],
) -> Result<BTreeMap<String, Member>, Bad> {
    let mut members = BTreeMap::new();
    let mut entries = archive.entries(buffer);
    while let Some(entry) = entries.next_entry().map_err(bad)? {
        let name = String::from_utf8_lossy(entry.file_path().as_bytes()).into_owned();
        let name = name.strip_suffix(".npy").unwrap_or(&name);
        let member = (entry.wayfinder(), entry.compression_method());
        if members.insert(name.to_owned(), member).is_some() {
            let found = format!("\"{}\" twice", brief(name));
            return Err(Bad::content("members of different names", found));
        }
    }
    Ok(members)
}

fn bad(error: rawzip::Error) -> Bad {
    match error.into_kind() {
        rawzip::ErrorKind::IO(error) => Bad::System(error),
        kind => Bad::content("a .npz file", brief(&kind.to_string())),
    }
}
