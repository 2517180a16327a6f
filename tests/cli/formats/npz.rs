//! Tests that a member is read or refused whatever the bytes of the archive, and that a damaged one is never read as a
//! sound one.

use super::damage::{Parts, never_panics};
use super::format::{self, Bytes, Content, Float, Floats, Format, Source};
use super::words;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;
use rawzip::{CompressionMethod, ZipArchiveWriter};
use std::io::{self, Cursor, Write};

/// Returns an archive of these members, deflated or stored.
pub(crate) fn archive(members: &[(&str, &[u8])], deflated: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut bytes);
    for (name, data) in members {
        let method = match deflated {
            true => CompressionMethod::DEFLATE,
            false => CompressionMethod::STORE,
        };
        let file = archive.new_file(*name).compression_method(method);
        let (mut entry, config) = file.start().expect("memory takes all");
        let descriptor = if deflated {
            let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::fast()));
            writer.write_all(data).expect("memory takes all");
            let (encoder, descriptor) = writer.finish().expect("memory takes all");
            encoder.finish().expect("memory takes all");
            descriptor
        } else {
            let mut writer = config.wrap(&mut entry);
            writer.write_all(data).expect("memory takes all");
            writer.finish().expect("memory takes all").1
        };
        entry.finish(descriptor).expect("memory takes all");
    }
    archive.finish().expect("memory takes all");
    bytes
}

/// Returns the start of a `.npy` file of this many values.
fn head(count: usize) -> Vec<u8> {
    format::head(Format::Npy, "x", Float::F32, &[count], false).expect("a plain shape")
}

fn array(values: &[f32]) -> Vec<u8> {
    let mut bytes = head(values.len());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

fn values(bytes: &[u8], name: Option<&str>) -> io::Result<Vec<f32>> {
    let source = super::read::open(Content::Npz, bytes, name);
    let mut source = source.map_err(|bad| io::Error::other(words(bad)))?;
    match source.floats(source.header.count())? {
        Floats::F32(values) => Ok(values),
        other => panic!("{other:?}"),
    }
}

const X: [f32; 3] = [1.0, -2.0, 0.5];

#[test]
fn a_member_is_found_by_its_name_or_as_the_only_one() {
    for deflated in [false, true] {
        let one = archive(&[("x.npy", &array(&X))], deflated);
        for name in [None, Some("x"), Some("x.npy")] {
            assert_eq!(values(&one, name).expect("it is there"), X);
        }
        let two = [("x.npy", &array(&X)[..]), ("y.npy.npy", &array(&[7.0]))];
        let two = archive(&two, deflated);
        assert_eq!(values(&two, Some("x")).expect("it is there"), X);
        assert_eq!(values(&two, Some("y.npy")).expect("it is there"), [7.0]);
        let refusal = |name| values(&two, name).expect_err("not that").to_string();
        assert!(refusal(None).contains("one array, or a name after # / 2: \"x\", \"y.npy\""));
        assert!(refusal(Some("z")).contains("an array \"z\" / 2:"));
        let pipe = Bytes::Pipe(Box::new(Cursor::new(two)), 0);
        let pipe = Source::open(pipe, Content::Npz, Some("x"), false);
        assert_eq!(pipe.expect("it is there").header.shape, [3]);
    }
}

#[test]
fn members_are_wholly_their_arrays() {
    let more = [&array(&X)[..], b"more"].concat();
    let found = values(&archive(&[("x.npy", &more)], false), None).expect_err("more");
    assert!(
        found
            .to_string()
            .contains("12 bytes of data for float32 of shape (3,) / 16")
    );
    let twice = archive(&[("x.npy", &array(&X)), ("x.npy", &array(&X))], false);
    let found = values(&twice, Some("x")).expect_err("twice");
    assert!(
        found
            .to_string()
            .contains("members of different names / \"x\" twice")
    );
}

/// An archive of a header that promises terabytes and of zeros that inflate a thousandfold: no more is read than the
/// header asks for.
#[test]
fn bombs_do_not_go_off() {
    let large = head(1 << 40);
    let bomb = [&large[..], &vec![0; 1 << 22]].concat();
    let bytes = archive(&[("x.npy", &bomb)], true);
    assert!(bytes.len() < 1 << 16, "{} bytes", bytes.len());
    let refusal = values(&bytes, None).expect_err("much less than it says");
    assert!(refusal.to_string().contains("4398046511104 bytes of data"));
}

#[test]
fn a_changed_byte_of_a_value_is_seen() {
    for deflated in [false, true] {
        let data = array(&(0..999).map(|i| i as f32).collect::<Vec<_>>());
        let sound = archive(&[("x.npy", &data)], deflated);
        let expected = values(&sound, None).expect("sound");
        for place in (0..sound.len()).step_by(7) {
            let mut bytes = sound.clone();
            bytes[place] ^= 0x10;
            if let Ok(found) = values(&bytes, None) {
                assert_eq!(found, expected, "byte {place}");
            }
        }
    }
}

/// Makes archives of one member, of which the text is the header. Checksums are made after text or data are damaged, so
/// that they fit; only edits of the whole file make them wrong.
fn valid_file() -> impl Strategy<Value = Parts> {
    let assemble_as = |deflated: bool| match deflated {
        true => |text: &[u8], data: &[u8]| archive(&[("x.npy", &[text, data].concat())], true),
        false => |text: &[u8], data: &[u8]| archive(&[("x.npy", &[text, data].concat())], false),
    };
    (any::<bool>(), 0..9_usize).prop_map(move |(deflated, count)| Parts {
        text: head(count),
        data: vec![0x3f; 4 * count],
        assemble: assemble_as(deflated),
    })
}

#[test]
fn damaged_files_never_panic() {
    let tokens = &["PK\x01\x02", "PK\x05\x06", "\u{0}", "x.npy", "9"];
    never_panics(Content::Npz, valid_file(), tokens, |bytes| {
        bytes.starts_with(b"PK\x03\x04")
    });
}
