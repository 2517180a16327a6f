//! The text: Cicero, De finibus bonorum et malorum, the first book, written in 45 BC and in the public domain. `de_finibus.txt` is
//! the file `liber-primus.txt` of the Rust crate lipsum 0.9.1 as it stands, 49,068 bytes.

use std::collections::BTreeMap;

/// A text as numbers of its characters.
pub(crate) struct Text {
    /// Its characters, in ascending order.
    pub(crate) alphabet: Vec<char>,
    /// Places in the alphabet.
    pub(crate) ids: Vec<u32>,
}

impl Text {
    /// Reads the text, in small letters, with one space for whatever is between words.
    pub(crate) fn load() -> Self {
        let text = include_str!("de_finibus.txt").to_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        let text: Vec<char> = words.join(" ").chars().collect();
        let mut alphabet = text.clone();
        alphabet.sort_unstable();
        alphabet.dedup();
        let places: BTreeMap<char, u32> = alphabet.iter().copied().zip(0..).collect();
        let ids = text.iter().map(|character| places[character]).collect();
        Self { alphabet, ids }
    }
}
