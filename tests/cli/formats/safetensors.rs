//! Tests that a file is read or refused whatever its bytes, and that what is written is read back.

use super::damage::{Parts, cases, never_panics};
use super::format::{self, Bad, Content, Float, Floats, Format, Source};
use super::read::read_all;
use super::words;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

fn open(bytes: &[u8], tensor: Option<&str>) -> Result<Source, Bad> {
    super::read::open(Content::Safetensors, bytes, tensor)
}

fn head(name: &str, float: Float, shape: &[usize]) -> Result<Vec<u8>, Bad> {
    format::head(Format::Safetensors, name, float, shape, false)
}

fn file(text: &[u8], data: &[u8]) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text, data].concat()
}

fn entry(name: &str, dtype: &str, shape: &str, begin: &str, end: &str) -> String {
    format!(
        "\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":[{shape}],\"data_offsets\":[{begin},{end}]}}"
    )
}

const DTYPES: &[(&str, usize)] = &[
    ("F16", 2),
    ("BF16", 2),
    ("F32", 4),
    ("F64", 8),
    ("I8", 1),
    ("I16", 2),
    ("U32", 4),
    ("I64", 8),
    ("BOOL", 1),
    ("F8_E4M3", 1),
];

const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "4",
    "8",
    "4294967296",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "-1",
    "1.5",
    "1e3",
    "null",
    "[2]",
    "",
];

const TOKENS: &[&str] = &[
    "18446744073709551615",
    "0",
    "-1",
    "[",
    "{",
    "}",
    "\"",
    "\\u0000",
    ",",
    ":",
    "1e9",
    "null",
    " ",
    "\"__metadata__\":{},",
    "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},",
];

/// Makes files, mostly of one tensor, with and without metadata.
fn valid_file() -> impl Strategy<Value = Parts> {
    let tensors = prop_oneof![9 => Just(1), 1 => Just(2)];
    let shape = (0..4_usize, 0..4_usize);
    (tensors, select(DTYPES), shape, any::<bool>()).prop_map(
        |(tensors, (dtype, width), (rows, cols), metadata)| {
            let bytes = rows * cols * width;
            let mut entries = Vec::new();
            if metadata {
                entries.push("\"__metadata__\":{\"format\":\"pt\"}".to_owned());
            }
            for (i, name) in ["a", "b"].iter().enumerate().take(tensors) {
                let (begin, end) = (i * bytes, (i + 1) * bytes);
                let shape = format!("{rows},{cols}");
                entries.push(entry(
                    name,
                    dtype,
                    &shape,
                    &begin.to_string(),
                    &end.to_string(),
                ));
            }
            Parts {
                text: format!("{{{}}}  ", entries.join(",")).into(),
                data: vec![0x3f; tensors * bytes],
                assemble: file,
            }
        },
    )
}

/// Returns true if the length lies within the file and the brace follows.
fn has_magic(bytes: &[u8]) -> bool {
    bytes.split_first_chunk().is_some_and(|(length, rest)| {
        u64::from_le_bytes(*length) <= rest.len() as u64 && rest.first() == Some(&b'{')
    })
}

#[test]
fn damaged_files_never_panic() {
    never_panics(Content::Safetensors, valid_file(), TOKENS, has_magic);
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn absurd_headers_are_read_or_refused(
        (dtype, _) in select(DTYPES),
        axes in vec(select(NUMBERS), 0..4),
        begin in select(NUMBERS),
        end in select(NUMBERS),
        data in vec(any::<u8>(), 0..16),
    ) {
        let text = format!("{{{}}}", entry("x", dtype, &axes.join(","), begin, end));
        prop_assert_ne!(read_all(Content::Safetensors, &file(text.as_bytes(), &data), None), Some(false));
    }

    #[test]
    fn what_is_written_is_read_back(
        shape in vec(0..5_usize, 0..4),
        name in "[^\u{0}]{1,20}",
        seed in any::<u16>(),
    ) {
        let count: usize = shape.iter().product();
        let bits = (0..count).map(|i| (i as u16).wrapping_add(1).wrapping_mul(seed));
        let values = Floats::Bf16(bits.collect());
        let mut bytes = head(&name, Float::Bf16, &shape).expect("a plain name");
        prop_assert_eq!(bytes.len() % 8, 0);
        values.write(&mut bytes).expect("memory takes all");
        for tensor in [None, Some(name.as_str())] {
            let mut source = open(&bytes, tensor).expect("what was written is valid");
            prop_assert_eq!(&source.header.shape, &shape);
            prop_assert_eq!(&source.floats(count).expect("all is there"), &values);
        }
    }
}

fn refusal(bytes: &[u8], tensor: Option<&str>) -> String {
    words(open(bytes, tensor).err().expect("the file is bad"))
}

#[test]
fn a_tensor_is_found_by_its_name() {
    let text = format!(
        "{{{},{}}}",
        entry("b", "I16", "1", "0", "2"),
        entry("a", "U8", "2", "2", "4")
    );
    let bytes = file(text.as_bytes(), &[1, 2, 3, 4]);
    let ids = |name, count| {
        open(&bytes, Some(name))
            .expect("it is there")
            .integers(count)
            .unwrap()
    };
    assert_eq!((ids("a", 2), ids("b", 1)), (vec![3, 4], vec![0x201]));
    assert!(refusal(&bytes, None).contains("one tensor, or a name after # / 2: \"a\", \"b\""));
    assert!(refusal(&bytes, Some("c")).contains("a tensor \"c\" / 2: \"a\", \"b\""));
    assert!(refusal(&file(b"{}", b""), None).contains("/ none"));
}

#[test]
fn refusals_say_what_was_found() {
    let one =
        |entry: String, data: &[u8]| refusal(&file(format!("{{{entry}}}").as_bytes(), data), None);
    assert!(refusal(b"", None).contains("the end of the file after 0 bytes"));
    assert!(refusal(b"\x93NUMPY\x01\0....", None).contains("bytes in a file of 12"));
    assert!(refusal(&file(b"[]", b""), None).contains("starts with \"[]\""));
    assert!(refusal(&file(b"", b"1234"), None).contains("starts with \"\""));
    assert!(refusal(&file(b"{\"a\":", b""), None).contains("EOF while parsing"));
    assert!(
        one(entry("a", "F32", "1", "0", "4"), b"12345")
            .contains("4 bytes of data for all tensors / 5")
    );
    assert!(
        one(entry("a", "F32", "2", "0", "4"), b"1234")
            .contains("invalid shape, data type, or offset")
    );
    assert!(
        one(entry("a", "F32", "1", "4", "8"), b"12345678")
            .contains("invalid offset for tensor `a`")
    );
    assert!(
        one(
            entry("a", "F32", "4294967296,4294967296", "0", "4"),
            b"1234"
        )
        .contains("overflow")
    );
    assert!(one(entry("a", "F8_E5M2", "1", "0", "1"), b"1").contains("integers or BOOL / F8_E5M2"));
    assert!(
        one(entry("a", "U8", &vec!["1"; 65].join(","), "0", "1"), b"1").contains("64 axes / 65")
    );
    let twice = [
        entry("a", "F32", "1", "0", "4"),
        entry("a", "I32", "1", "0", "4"),
    ]
    .join(",");
    assert!(one(twice, b"1234").contains("tensor `a` comes twice"));
    let overlapping = [
        entry("a", "F32", "1", "0", "4"),
        entry("b", "F32", "1", "0", "4"),
    ]
    .join(",");
    assert!(one(overlapping, b"1234").contains("invalid offset"));
    assert!(refusal(&file("{\"a\":".repeat(9000).as_bytes(), b""), None).contains("header of a"));
    for name in ["", "__metadata__"] {
        let bad = words(head(name, Float::F32, &[1]).expect_err("no name of a tensor"));
        assert!(bad.contains("a tensor's name after #"), "{bad}");
    }
}

#[test]
fn a_long_header_is_refused_by_its_length() {
    let mut bytes = 25_000_001_u64.to_le_bytes().to_vec();
    bytes.resize(26_000_000, b'{');
    assert!(refusal(&bytes, None).contains("at most 25000000 bytes / 25000001"));
}
