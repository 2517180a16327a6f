//! Loops with a constant number of trips, written out.
//!
//! An array that is indexed by constants alone lives in registers; by a variable, in memory, on software adapters and on
//! some GPUs. naga and drivers do not always unroll, and naga clamps variable indices.

/// What ends the first line of a loop that is to be unrolled.
const MARK: &str = "{ // unrolled";

/// `text` with every marked loop, `for (var k = 0u; k < COUNT; k++)`, replaced by as many blocks as `counts` says of
/// `COUNT`, in each of which `k` is a constant. Loops in marked loops are replaced, too.
pub(super) fn unroll(text: &str, counts: &[(&str, u32)]) -> String {
    let mut unrolled = String::with_capacity(4 * text.len());
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
        let body = unroll(&body.join("\n"), counts);
        let (variable, trips) = header(line, counts);
        for trip in 0..trips {
            unrolled.push_str(&format!(
                "{indent}{{ const {variable} = {trip}u;\n{body}{end}\n"
            ));
        }
    }
    unrolled
}

/// The variable of a loop's first line, and how many trips it makes.
fn header<'a>(line: &'a str, counts: &[(&str, u32)]) -> (&'a str, u32) {
    let mut words = line.split_whitespace();
    let variable = words.nth(2).unwrap_or_default();
    let count = line
        .split("; ")
        .nth(1)
        .and_then(|test| test.split(" < ").nth(1));
    let trips = counts.iter().find(|(name, _)| Some(*name) == count);
    (variable, trips.map_or(0, |(_, trips)| *trips))
}

#[cfg(test)]
mod tests {
    use super::unroll;

    #[test]
    fn marked_loops_become_blocks_and_others_stay() {
        let head = |k: &str, count: &str| {
            format!("for (var {k} = 0u; {k} < {count}; {k}++) {{ // unrolled")
        };
        let text = format!(
            "before;\n  {}\n    {}\n    a[k][j];\n    }}\n  }}\nfor (;;) {{\n}}\n",
            head("k", "MANY"),
            head("j", "ONE"),
        );
        let block =
            |k| format!("  {{ const k = {k}u;\n    {{ const j = 0u;\n    a[k][j];\n    }}\n  }}\n");
        let expected = format!("before;\n{}{}for (;;) {{\n}}\n", block(0), block(1));
        assert_eq!(unroll(&text, &[("MANY", 2), ("ONE", 1)]), expected);
    }
}
