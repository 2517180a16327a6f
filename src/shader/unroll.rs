//! Loops with a constant number of trips, written out.
//!
//! An array that is indexed by constants alone lives in registers; by a variable, in memory, on software adapters and on
//! some GPUs. naga and drivers do not always unroll, and naga clamps variable indices.

/// What ends the first line of a loop that is to be unrolled.
const MARK: &str = "{ // unrolled";

/// `text` with every marked loop over `k` replaced by `trips` blocks, in each of which `k` is a constant.
pub(super) fn unroll(text: &str, trips: u32) -> String {
    let mut unrolled = String::with_capacity(text.len() * trips as usize);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if !line.ends_with(MARK) {
            unrolled.push_str(line);
            unrolled.push('\n');
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let end = format!("{indent}}}");
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
        let body = body.join("\n");
        for k in 0..trips {
            unrolled.push_str(&format!("{indent}{{ const k = {k}u;\n{body}\n{end}\n"));
        }
    }
    unrolled
}

#[cfg(test)]
mod tests {
    use super::unroll;

    #[test]
    fn marked_loops_become_blocks_and_others_stay() {
        let text =
            "before;\n  for (;;) { // unrolled\n    {\n    a[k];\n    }\n  }\nfor (;;) {\n}\n";
        let block = |k| format!("  {{ const k = {k}u;\n    {{\n    a[k];\n    }}\n  }}\n");
        let expected = format!("before;\n{}{}for (;;) {{\n}}\n", block(0), block(1));
        assert_eq!(unroll(text, 2), expected);
    }
}
