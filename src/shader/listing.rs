//! All shader files: their digest, and the table of them in `shaders/README.md`.

use std::borrow::Cow;
use std::fmt::Write;

use super::text::{COMMON, File, SLOTS, planted};

/// Digest of the names and texts of all files: FNV-1a in 64 bits. Carriage returns, which a checkout may add, do not count.
pub(crate) fn digest() -> u64 {
    let slots = SLOTS.iter().flat_map(|slot| slot.files);
    digest_of(
        slots
            .chain(COMMON)
            .map(|file| (file.name, planted(file.name, file.text))),
    )
}

fn digest_of(files: impl Iterator<Item = (&'static str, Cow<'static, str>)>) -> u64 {
    const PRIME: u64 = 0x0100_0000_01b3;
    let fold = |digest: u64, byte: u8| (digest ^ u64::from(byte)).wrapping_mul(PRIME);
    files.fold(0xcbf2_9ce4_8422_2325, |digest, (name, text)| {
        // A byte that no text has ends each, so that none can be taken for a part of the next.
        let bytes = name.bytes().chain([0xff]).chain(text.bytes()).chain([0xff]);
        bytes.filter(|byte| *byte != b'\r').fold(digest, fold)
    })
}

/// Returns the slots and their files as tables in Markdown, as in `shaders/README.md`.
pub fn table() -> String {
    let mut table = String::from("| slot | provides | file | when |\n| --- | --- | --- | --- |\n");
    for slot in SLOTS {
        for (index, File { name, when, .. }) in slot.files.iter().enumerate() {
            let (slot, provides) = if index == 0 {
                (slot.name, slot.provides)
            } else {
                ("", "")
            };
            _ = writeln!(table, "| {slot} | {provides} | `{name}` | {when} |");
        }
    }
    table.push_str("\n| in every kernel that reaches it | what it holds |\n| --- | --- |\n");
    for File { name, when, .. } in COMMON {
        _ = writeln!(table, "| `{name}` | {when} |");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::{Cow, digest, digest_of};

    fn of(files: &[(&'static str, &'static str)]) -> u64 {
        let files = files.iter();
        digest_of(files.map(|&(name, text)| (name, Cow::Borrowed(text))))
    }

    #[test]
    fn the_digest_changes_with_every_shader() {
        let files = [("a.wgsl", "let x = 1;\n"), ("b.wgsl", "let y = 2;\n")];
        let [a, b] = files;
        let others = [
            vec![("a.wgsl", "let x = 3;\n"), b],
            vec![a, ("b.wgsl", "let y = 2;")],
            vec![("c.wgsl", a.1), b],
            vec![b, a],
            vec![a],
        ];
        let same = of(&files);
        others
            .iter()
            .for_each(|other| assert_ne!(of(other), same, "{other:?}"));
        assert_eq!(of(&[("a.wgsl", "let x = 1;\r\n"), b]), same);
        assert_ne!(digest(), of(&[]));
        // FNV-1a of the bytes ff and ff, by another program: the same on every platform.
        assert_eq!(of(&[("", "")]), 0x0a99_c907_b6f6_4763);
    }
}
