//! Choices that are made before a shader is compiled.
//!
//! A flag is a name in capitals, true or false for a whole program. `if FLAG {`, `if !FLAG && other {` and the `else`s
//! that follow them are decided by structure: code is formatted, so a block ends at the indentation of its `if`. A line
//! that ends with `// if FLAG` is kept without that comment, or dropped.

/// The flags of a program.
pub(crate) type Flags = [(&'static str, bool)];

const MARK: &str = " // if ";
const INDENT: usize = 4;

/// Returns `text` with its flags decided. Names that are not flags stay as they are.
pub(crate) fn decide(text: &str, flags: &Flags) -> String {
    let lines: Vec<_> = text.lines().collect();
    let mut decided = String::with_capacity(text.len());
    block(&lines, 0, flags, &mut decided);
    decided
}

/// Appends lines, with `outdent` fewer spaces before each. Drops the lines after a return whose condition was decided to
/// be true.
fn block(lines: &[&str], outdent: usize, flags: &Flags, decided: &mut String) {
    let mut at = 0;
    while let Some(&line) = lines.get(at) {
        let before = decided.len();
        let marked = line
            .rsplit_once(MARK)
            .map(|(kept, condition)| (kept, rest(condition, flags)));
        match (header(line), marked) {
            (Some(_), _) => at += chain(&lines[at..], outdent, flags, decided),
            (None, Some((_, None))) => at += 1,
            (None, Some((kept, Some("")))) => {
                at += 1;
                push(kept.trim_end(), outdent, decided);
            }
            _ => {
                at += 1;
                push(line, outdent, decided);
                continue;
            }
        }
        let last = decided[before..].lines().last().unwrap_or_default();
        let level = indent(line);
        if last.trim_start().starts_with("return") && indent(last) + outdent == level {
            let more = lines[at..]
                .iter()
                .take_while(|line| line.is_empty() || indent(line) >= level);
            at += more.count();
        }
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn push(line: &str, outdent: usize, decided: &mut String) {
    decided.push_str(line.get(outdent..).unwrap_or(line.trim_start()));
    decided.push('\n');
}

/// Returns the condition if the line is the first line of an `if`.
fn header(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix("if ")?.strip_suffix(" {")
}

/// Rest of a condition after the flags at its beginning are decided: empty if it has only flags and all are true, and
/// `None` if a flag is false.
fn rest<'a>(condition: &'a str, flags: &Flags) -> Option<&'a str> {
    let (term, others) = condition.split_once(" && ").unwrap_or((condition, ""));
    let (name, wanted) = match term.strip_prefix('!') {
        Some(name) => (name, false),
        None => (term, true),
    };
    match flags.iter().find(|(flag, _)| *flag == name) {
        Some((_, value)) if *value != wanted => None,
        Some(_) => rest(others, flags),
        None => Some(condition),
    }
}

/// Decides an `if` with its `else`s, with which the lines begin. Returns its number of lines.
fn chain(lines: &[&str], outdent: usize, flags: &Flags, decided: &mut String) -> usize {
    let indent = &lines[0][..indent(lines[0])];
    let mut condition = header(lines[0]).unwrap_or_default();
    let (mut at, mut written, mut is_settled) = (0, 0, false);
    loop {
        let first = at + 1;
        let length = lines[first..]
            .iter()
            .position(|line| brace(line, indent).is_some());
        let last = first + length.unwrap_or(lines.len() - first);
        if let Some(left) = rest(condition, flags).filter(|_| !is_settled) {
            is_settled = left.is_empty();
            match (written, left) {
                (0, "") => block(&lines[first..last], outdent + INDENT, flags, decided),
                (0, left) => push(&format!("{indent}if {left} {{"), outdent, decided),
                (_, "") => push(&format!("{indent}}} else {{"), outdent, decided),
                (_, left) => push(&format!("{indent}}} else if {left} {{"), outdent, decided),
            }
            if !(written == 0 && left.is_empty()) {
                block(&lines[first..last], outdent, flags, decided);
                written += 1;
            }
        }
        at = last;
        match lines.get(last).and_then(|line| brace(line, indent)) {
            Some("} else {") => condition = "",
            Some(line) if line.starts_with("} else if ") => {
                condition = &line["} else if ".len()..line.len() - " {".len()];
            }
            _ => break,
        }
    }
    if written > 0 {
        push(&format!("{indent}}}"), outdent, decided);
    }
    at + 1
}

/// Returns a line, without its indentation, if it ends a block of that indentation.
fn brace<'a>(line: &'a str, indent: &str) -> Option<&'a str> {
    line.strip_prefix(indent)
        .filter(|line| line.starts_with('}'))
}

#[cfg(test)]
mod tests {
    use super::decide;

    fn decided(lines: &[&str]) -> String {
        let flags = [("YES", true), ("NO", false)];
        decide(&lines.join("\n"), &flags).trim_end().to_owned()
    }

    #[test]
    fn lines_are_kept_or_dropped_by_their_mark() {
        let lines = [
            "a, // if YES",
            "b, // if NO",
            "c, // if !NO && YES",
            "d // if it rains",
        ];
        assert_eq!(decided(&lines), "a,\nc,\nd // if it rains");
    }

    #[test]
    fn blocks_are_kept_without_their_condition_or_dropped() {
        let lines = [
            "if YES {", "    a", "} else {", "    b", "}", "if NO {", "    c", "}", "d",
        ];
        assert_eq!(decided(&lines), "a\nd");
        let lines = [
            "if NO {",
            "    a",
            "} else if YES {",
            "    if x {",
            "        b",
            "    }",
            "}",
        ];
        assert_eq!(decided(&lines), "if x {\n    b\n}");
    }

    #[test]
    fn what_is_no_flag_stays_a_condition() {
        let lines = [
            "if YES && x {",
            "    a",
            "} else if NO {",
            "    b",
            "} else if y {",
            "    c",
            "}",
        ];
        assert_eq!(decided(&lines), "if x {\n    a\n} else if y {\n    c\n}");
        let lines = ["if NO && x {", "    a", "} else {", "    b", "}"];
        assert_eq!(decided(&lines), "b");
    }

    #[test]
    fn nothing_follows_a_return_that_is_no_longer_conditional() {
        let lines = [
            "fn f() {",
            "    if YES {",
            "        return a;",
            "    }",
            "    return b;",
            "}",
            "c",
        ];
        assert_eq!(decided(&lines), "fn f() {\n    return a;\n}\nc");
        let lines = [
            "    return a; // if NO",
            "    return b; // if !NO",
            "    return c;",
            "}",
        ];
        assert_eq!(decided(&lines), "    return b;\n}");
    }
}
