//! The lines of a shader file that are no comments, made by the compiler: a browser loads every byte of a program.

/// Returns where the line ends that begins at `begin`, and true if it is a comment.
const fn line(text: &[u8], begin: usize) -> (usize, bool) {
    let mut first = begin;
    while first < text.len() && text[first] == b' ' {
        first += 1;
    }
    let is_comment = first + 1 < text.len() && text[first] == b'/' && text[first + 1] == b'/';
    let mut end = first;
    while end < text.len() && text[end] != b'\n' {
        end += 1;
    }
    (if end < text.len() { end + 1 } else { end }, is_comment)
}

/// Returns the number of bytes of [`code`].
pub(crate) const fn code_bytes(text: &str) -> usize {
    let text = text.as_bytes();
    let (mut begin, mut bytes) = (0, 0);
    while begin < text.len() {
        let (end, is_comment) = line(text, begin);
        bytes += if is_comment { 0 } else { end - begin };
        begin = end;
    }
    bytes
}

/// Returns the lines that are no comments, of [`code_bytes`] in all.
pub(crate) const fn code<const BYTES: usize>(text: &str) -> [u8; BYTES] {
    let text = text.as_bytes();
    let mut code = [0; BYTES];
    let (mut begin, mut bytes) = (0, 0);
    while begin < text.len() {
        let (end, is_comment) = line(text, begin);
        while begin < end {
            if !is_comment {
                code[bytes] = text[begin];
                bytes += 1;
            }
            begin += 1;
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::{code, code_bytes};

    #[test]
    fn lines_that_are_comments_are_dropped() {
        const TEXT: &str = "// A head.\n\nfn f() {\n    // Why.\n    g(); // unrolled\n}\n/";
        const CODE: [u8; code_bytes(TEXT)] = code(TEXT);
        assert_eq!(&CODE, b"\nfn f() {\n    g(); // unrolled\n}\n/");
    }
}
