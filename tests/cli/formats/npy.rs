//! Tests that a file is read or refused whatever its bytes, and that what is written is read back.

use super::damage::{Parts, cases, never_panics};
use super::format::{self, Bad, Content, Float, Floats, Format, Source, Stored};
use super::read::read_all;
use super::words;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

fn open(bytes: &[u8]) -> Result<Source, Bad> {
    super::read::open(Content::Npy, bytes, None)
}

fn head(float: Float, shape: &[usize], void_is_bf16: bool) -> Result<Vec<u8>, Bad> {
    format::head(Format::Npy, "unnamed", float, shape, void_is_bf16)
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
        prop_assert_ne!(read_all(Content::Npy, &file(version, header.as_bytes(), &data), None), Some(false));
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
        let mut source = open(&bytes).expect("what was written is valid");
        prop_assert_eq!(&source.header.shape, &shape);
        prop_assert_eq!(source.floats(count as usize).expect("all is there"), values);
    }
}

fn refusal(bytes: &[u8]) -> String {
    words(open(bytes).err().expect("the file is bad"))
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
    assert!(plain("<c8", "(1,)", b"12345678").contains("floats, integers or bool / complex64"));
    assert!(plain("|O", "()", b"").contains("/ object"));
    assert!(plain("<f4", "(-1,)", b"").contains("plain array"));
    assert!(plain("<f4", &format!("({})", "1,".repeat(65)), b"1234").contains("64 axes / 65"));
    assert!(refusal(&file(3, "[".repeat(9000).as_bytes(), b"")).contains("plain array"));
    assert!(
        matches!(head(Float::Bf16, &[1], false), Err(Bad::Content { found, .. }) if found == "a .npy file")
    );
}

const PLAIN: &str = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }";

/// Opens a file with a header of this text and more values than the array has.
fn with_text(text: &str) -> Result<Source, Bad> {
    open(&file(1, text.as_bytes(), &[0x3f; 64]))
}

fn shape(text: &str) -> Option<Vec<usize>> {
    let source = with_text(&PLAIN.replace("(3, 4)", text)).ok()?;
    Some(source.header.shape)
}

#[test]
fn every_form_that_numpy_reads_says_the_same() {
    for text in [
        PLAIN,
        "{'shape': (3L, 4L), 'fortran_order': False, 'descr': '<f4'}",
        "{u'descr': u'<f4', u'fortran_order': False, u'shape': (3, 4)}\n",
        "  {\"descr\":\"<f4\",\"fortran_order\":False,\"shape\":(3,4,)}",
        "{'descr':\n '<f4',\t'fortran_order': # no\n False, 'shape': (3,\r\n 4)} # made by x",
        "{'descr': '<f8', 'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}  \n\n",
    ] {
        let bytes: Vec<u8> = (0..48).collect();
        let mut source = open(&file(1, text.as_bytes(), &bytes)).expect(text);
        assert_eq!(source.header.stored, Stored::Float(Float::F32), "{text}");
        assert_eq!(source.header.shape, [3, 4], "{text}");
        let mut written = Vec::new();
        let floats = source.floats(12).expect("all is there");
        floats.write(&mut written).expect("memory takes all");
        assert_eq!(written, bytes, "{text}");
    }
}

#[test]
fn shapes_are_tuples_of_decimal_numbers() {
    assert_eq!(shape("()"), Some(vec![]));
    assert_eq!(shape("(5,)"), Some(vec![5]));
    let longest = isize::MAX as usize / 4;
    assert_eq!(shape(&format!("(0, {longest})")), Some(vec![0, longest]));
    for text in [
        "(5)",
        "[3, 4]",
        "(,)",
        "(3 4)",
        "(3,,4)",
        "(-3,)",
        "(3.0,)",
        "(0x3,)",
        "(True,)",
        "3",
        "(0, 18446744073709551615)",
        "(18446744073709551616,)",
        "('3',)",
        "((3,),)",
        "(3LL,)",
        "(3, 4",
        "(L,)",
    ] {
        assert_eq!(shape(text), None, "{text}");
    }
}

#[test]
fn all_else_is_refused() {
    for text in [
        "",
        "{",
        "{}",
        "{,}",
        "{'descr'}",
        "[]",
        "{'descr': '<f4'}",
        "{'descr': '<f4', 'shape': ()}",
        "{'descr': '<f4' 'fortran_order': False, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': ()}",
        "{'descr': '\\x3cf4', 'fortran_order': False, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': ()} x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (), 'more': ()}",
        "{b'descr': '<f4', 'fortran_order': False, 'shape': ()}",
    ] {
        let found = with_text(text).map(|source| source.header).map_err(words);
        assert!(found.expect_err(text).contains("plain array"), "{text}");
    }
    let records = PLAIN.replace("'<f4'", "[('a', '<f4'), ('b', '<f8', (2,))]");
    let found = words(with_text(&records).err().expect("records"));
    assert!(found.contains("records of several fields"), "{found}");
}

#[test]
fn every_type_is_read_by_either_of_its_names() {
    for (name, code, bytes) in [
        ("float16", "f2", 2),
        ("bfloat16", "V2", 2),
        ("float32", "f4", 4),
        ("float64", "f8", 8),
        ("int8", "i1", 1),
        ("int16", "i2", 2),
        ("int32", "i4", 4),
        ("int64", "i8", 8),
        ("uint8", "u1", 1),
        ("uint16", "u2", 2),
        ("uint32", "u4", 4),
        ("uint64", "u8", 8),
        ("bool", "b1", 1),
    ] {
        for descr in [name, code] {
            let text = PLAIN.replace("<f4", descr).replace("(3, 4)", "()");
            let source = with_text(&text).expect(descr);
            assert_eq!(source.header.stored.to_string(), name);
            assert_eq!(source.header.stored.width(), bytes);
        }
    }
}
