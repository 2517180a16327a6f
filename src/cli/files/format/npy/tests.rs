//! Tests that a file is read or refused whatever its bytes, and that what is written is read back.

use super::super::damage::{Parts, cases, never_panics, read_all};
use super::super::{Bad, Bytes, Content, Float, Floats, Source};
use super::head;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::io::Cursor;

fn open(bytes: &[u8]) -> Result<Source<'_>, Bad> {
    let file = Bytes::of_file(Cursor::new(bytes), bytes.len() as u64);
    Source::open(file, Content::Npy, None, false)
}

fn file(version: u8, text: &[u8], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(text.len()).expect("short");
    let length = &length.to_le_bytes()[..if version == 1 { 2 } else { 4 }];
    [b"\x93NUMPY".as_slice(), &[version, 0], length, text, data].concat()
}

fn header(descr: &str, fortran: bool, shape: &str) -> String {
    let fortran = if fortran { "True" } else { "False" };
    format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n")
}

const DESCRS: &[&str] = &[
    "<f4",
    ">i8",
    "|u1",
    "<f2",
    "|b1",
    "<c8",
    "|O",
    "<U7",
    "|S18446744073709551615",
    "<M8[ns]",
    "f4",
];

const AXES: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "4294967296",
    "18446744073709551615",
    "-1",
    "0xffffffff",
    "4_294_967_296",
    "1+1",
    "1.5",
    "[2]",
    "",
];

const TOKENS: &[&str] = &[
    "18446744073709551615",
    "4294967296",
    "0",
    "-1",
    "(",
    "[",
    "{",
    "0x7f",
    "1_0",
    "True",
    "'",
    "\\x",
    ",",
    "1e9",
    " ",
];

fn valid_file() -> impl Strategy<Value = Parts> {
    let descr = select(vec![
        "<f4", ">f8", "|i1", "<i8", ">u2", "<f2", ">f2", "|b1", "<c8",
    ]);
    (1..4_u8, descr, any::<bool>(), 0..4_usize, 0..4_usize).prop_map(
        |(version, descr, fortran, rows, cols)| {
            let width = usize::from(descr.as_bytes()[2] - b'0');
            Parts {
                text: header(descr, fortran, &format!("({rows}, {cols})")).into(),
                data: vec![0x3f; rows * cols * width],
                assemble: match version {
                    1 => |text, data| file(1, text, data),
                    2 => |text, data| file(2, text, data),
                    _ => |text, data| file(3, text, data),
                },
            }
        },
    )
}

#[test]
fn damaged_files_never_panic() {
    never_panics(Content::Npy, valid_file(), TOKENS, |bytes| {
        bytes.starts_with(b"\x93NUMPY")
    });
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn absurd_headers_are_read_or_refused(
        version in 1..4_u8,
        fortran in any::<bool>(),
        descr in select(DESCRS),
        axes in vec(select(AXES), 0..4),
        data in vec(any::<u8>(), 0..16),
    ) {
        let header = header(descr, fortran, &format!("({},)", axes.join(", ")));
        prop_assert_ne!(read_all(Content::Npy, &file(version, header.as_bytes(), &data)), Some(false));
    }

    #[test]
    fn what_is_written_is_read_back(
        shape in vec(0..5_usize, 0..4),
        float in select(vec![Float::F16, Float::Bf16, Float::F32]),
        seed in any::<u32>(),
    ) {
        let count: u32 = shape.iter().map(|&axis| axis as u32).product();
        let bits = (0..count).map(|i| i.wrapping_add(1).wrapping_mul(seed));
        let values = match float {
            Float::F16 => Floats::F16(bits.map(|bits| bits as u16).collect()),
            Float::Bf16 => Floats::Bf16(bits.map(|bits| bits as u16).collect()),
            _ => Floats::F32(bits.map(|bits| (bits >> 4) as f32).collect()),
        };
        let mut bytes = head(float, &shape, true).expect("NumPy has the type");
        values.write(&mut bytes).expect("memory takes all");
        let file = Bytes::of_file(Cursor::new(&bytes), bytes.len() as u64);
        let mut source =
            Source::open(file, Content::Npy, None, true).expect("what was written is valid");
        prop_assert_eq!(&source.header().shape, &shape);
        prop_assert_eq!(source.floats(count as usize).expect("all is there"), values);
    }
}

fn refusal(bytes: &[u8]) -> String {
    match open(bytes).expect_err("the file is bad") {
        Bad::Content { expected, found } => format!("{expected} / {found}"),
        Bad::System(error) => error.to_string(),
    }
}

#[test]
fn refusals_say_what_was_found() {
    let plain =
        |descr, shape, data| refusal(&file(1, header(descr, false, shape).as_bytes(), data));
    assert!(refusal(b"").contains("the end of the file after 0 bytes"));
    assert!(refusal(b"PK\x03\x04....").contains("starts with \"PK\\u{3}"));
    assert!(refusal(&file(4, b"", b"")).contains("version 1.0, 2.0 or 3.0 / 4.0"));
    assert!(
        refusal(b"\x93NUMPY\x02\0\xff\xff\xff\xff").contains("at most 10000 bytes / 4294967295")
    );
    assert!(plain("<f4", "(4294967296, 4294967296)", b"").contains("plain array"));
    assert!(
        plain("<f4", "(1000000000,)", b"1234")
            .contains("4000000000 bytes of data for float32 of shape (1000000000,) / 4")
    );
    assert!(plain("<c8", "(1,)", b"12345678").contains("floats, integers or bool / <c8"));
    assert!(plain("|O", "()", b"").contains("/ |O"));
    assert!(plain("<f4", "(-1,)", b"").contains("plain array"));
    assert!(plain("<f4", &format!("({})", "1,".repeat(65)), b"1234").contains("64 axes / 65"));
    assert!(refusal(&file(3, "[".repeat(9000).as_bytes(), b"")).contains("plain array"));
    assert!(
        matches!(head(Float::Bf16, &[1], false), Err(Bad::Content { found, .. }) if found == "a .npy file")
    );
}
