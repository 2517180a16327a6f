//! Whatever the bytes of a file, it is read or refused; what is written is read back.

use super::super::{Array, Bad, Values};
use super::{decode, encode};
use proptest::collection::vec;
use proptest::prelude::*;

/// PROPTEST_CASES raises it.
fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig::with_cases(cases.unwrap_or(4096))
}

fn decode_bytes(bytes: &[u8]) -> Result<Array, Bad> {
    decode(bytes, bytes.len() as u64)
}

fn file(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(header.len()).expect("short");
    let length = &length.to_le_bytes()[..if version == 1 { 2 } else { 4 }];
    [
        b"\x93NUMPY",
        [version, 0].as_slice(),
        length,
        header.as_bytes(),
        data,
    ]
    .concat()
}

fn header(descr: &str, fortran: bool, shape: &str) -> String {
    let fortran = if fortran { "True" } else { "False" };
    format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n")
}

/// What every array that was read keeps to, whatever the bytes.
fn holds_together(bytes: &[u8]) -> bool {
    decode_bytes(bytes).is_ok_and(|array| {
        let count = match &array.values {
            Values::Floats(values) => values.len(),
            Values::Signed(values) => values.len(),
            Values::Unsigned(values) => values.len(),
        };
        count == array.shape.iter().product::<usize>() && count <= bytes.len()
    })
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

fn valid_file() -> impl Strategy<Value = Vec<u8>> {
    let descr = prop::sample::select(vec!["<f4", ">f8", "|i1", "<i8", ">u2", "<f2", "|b1", "<c8"]);
    (1..4_u8, descr, any::<bool>(), 0..4_usize, 0..4_usize).prop_map(
        |(version, descr, fortran, rows, cols)| {
            let width = usize::from(descr.as_bytes()[2] - b'0');
            let header = header(descr, fortran, &format!("({rows}, {cols})"));
            file(version, &header, &vec![0x3f; rows * cols * width])
        },
    )
}

#[derive(Debug, Clone)]
enum Edit {
    Set(u8),
    Insert(Vec<u8>),
    Cut(usize),
}

fn edit() -> impl Strategy<Value = (prop::sample::Index, Edit)> {
    let token = prop::sample::select(vec![
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
    ]);
    let edit = prop_oneof![
        any::<u8>().prop_map(Edit::Set),
        vec(any::<u8>(), 1..4).prop_map(Edit::Insert),
        token.prop_map(|token| Edit::Insert(token.into())),
        (1..24_usize).prop_map(Edit::Cut),
    ];
    (any::<prop::sample::Index>(), edit)
}

fn apply(bytes: &mut Vec<u8>, (place, edit): &(prop::sample::Index, Edit)) {
    let place = place.index(bytes.len() + 1);
    match edit {
        Edit::Set(byte) => bytes
            .iter_mut()
            .skip(place)
            .take(1)
            .for_each(|old| *old = *byte),
        Edit::Insert(new) => drop(bytes.splice(place..place, new.iter().copied())),
        Edit::Cut(length) => drop(bytes.drain(place..bytes.len().min(place + length))),
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn damaged_files_never_panic(mut bytes in valid_file(), edits in vec(edit(), 1..6)) {
        edits.iter().for_each(|edit| apply(&mut bytes, edit));
        prop_assert!(decode_bytes(&bytes).is_err() || holds_together(&bytes));
    }

    #[test]
    fn absurd_headers_are_read_or_refused(
        version in 1..4_u8,
        fortran in any::<bool>(),
        descr in prop::sample::select(DESCRS),
        axes in vec(prop::sample::select(AXES), 0..4),
        data in vec(any::<u8>(), 0..16),
    ) {
        let header = header(descr, fortran, &format!("({},)", axes.join(", ")));
        let bytes = file(version, &header, &data);
        prop_assert!(decode_bytes(&bytes).is_err() || holds_together(&bytes));
    }

    #[test]
    fn what_is_written_is_read_back(shape in vec(0..5_usize, 0..4), seed in any::<u32>()) {
        let count: u32 = shape.iter().map(|&axis| axis as u32).product();
        let bits: Vec<u32> = (0..count).map(|i| i.wrapping_add(1).wrapping_mul(seed)).collect();
        let values: Vec<f32> = bits.iter().map(|&bits| f32::from_bits(bits)).collect();
        let mut bytes = Vec::new();
        encode(&mut bytes, &shape, &values).expect("memory takes all");
        let array = decode_bytes(&bytes).expect("what was written is valid");
        prop_assert_eq!(array.shape, shape);
        let Values::Floats(read) = array.values else { panic!("f4 is float") };
        prop_assert_eq!(read.into_iter().map(f32::to_bits).collect::<Vec<_>>(), bits);
    }
}

fn refusal(bytes: &[u8]) -> String {
    match decode_bytes(bytes).expect_err("the file is bad") {
        Bad::Content { expected, found } => format!("{expected} / {found}"),
        Bad::System(error) => error.to_string(),
    }
}

#[test]
fn refusals_say_what_was_found() {
    let huge = header("<f4", false, "(4294967296, 4294967296)");
    let promise = header("<f4", false, "(1000000000,)");
    assert!(refusal(b"").contains("the end of the file after 0 bytes"));
    assert!(refusal(b"PK\x03\x04....").contains("starts with \"PK\\x03"));
    assert!(refusal(&file(4, "", b"")).contains("version 1.0, 2.0 or 3.0 / 4.0"));
    assert!(
        refusal(b"\x93NUMPY\x02\0\xff\xff\xff\xff").contains("at most 10000 bytes / 4294967295")
    );
    assert!(refusal(&file(1, &huge, b"")).contains("plain array"));
    assert!(
        refusal(&file(1, &promise, b"1234"))
            .contains("4000000000 bytes of data for f4 of shape [1000000000] / 4")
    );
    assert!(refusal(&file(1, &header("<f4", false, "(1,)"), b"12345")).contains("4 bytes of data"));
    assert!(
        refusal(&file(1, &header("<f2", false, "(1,)"), b"12"))
            .contains("f2, which is not supported yet")
    );
    assert!(
        refusal(&file(1, &header("|b1", false, "(1,)"), b"1"))
            .contains("b1, which is not supported yet")
    );
    assert!(refusal(&file(1, &header("|O", false, "()"), b"")).contains("/ O"));
    assert!(refusal(&file(1, &header("<f4", false, "(-1,)"), b"")).contains("plain array"));
    assert!(refusal(&file(3, &"[".repeat(9000), b"")).contains("plain array"));
}
