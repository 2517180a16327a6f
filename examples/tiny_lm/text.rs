//! The text: Cicero, De finibus bonorum et malorum, the first book, written in 45 BC and in the public domain. `de_finibus.txt` is
//! the file `liber-primus.txt` of the Rust crate lipsum 0.9.1 as it stands, 49,068 bytes.

/// A text as numbers of its characters.
pub(crate) struct Text {
    /// Its characters, in ascending order.
    pub(crate) alphabet: Vec<char>,
    /// Places in the alphabet.
    pub(crate) ids: Vec<usize>,
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
        let id = |character| alphabet.binary_search(character).unwrap_or_default();
        let ids = text.iter().map(id).collect();
        Self { alphabet, ids }
    }
}
