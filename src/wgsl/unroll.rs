//! Unrolling of loops with a constant number of trips.
//!
//! An array that is indexed only by constants lives in registers; indexed by a variable, it lives in memory on software
//! adapters and on some GPUs. naga and drivers do not always unroll, and naga clamps variable indices.

/// End of the first line of a loop that is to be unrolled.
const MARK: &str = "{ // unrolled";

/// Returns `text` with every marked loop, `for (var k = 0u; k < COUNT; k++)`, replaced by `COUNT` blocks, in each of
/// which `k` is a constant. `COUNT` is a number or a name in `counts`. Marked loops in marked loops are replaced, too.
pub(crate) fn unroll(text: &str, counts: &[(&str, u32)]) -> String {
    let mut unrolled = String::with_capacity(4 * text.len());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some((variable, trips)) = header(line, counts) else {
            unrolled.push_str(line);
            unrolled.push('\n');
            continue;
        };
        let indent = &line[..line.len() - line.trim_start().len()];
        let end = format!("{indent}}}");
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
        let body = unroll(&body.join("\n"), counts);
        for trip in 0..trips {
            unrolled.push_str(&format!(
                "{indent}{{ const {variable} = {trip}u;\n{body}{end}\n"
            ));
        }
    }
    unrolled
}

/// Returns the variable of a marked loop and its number of trips, from its first line.
fn header<'a>(line: &'a str, counts: &[(&str, u32)]) -> Option<(&'a str, u32)> {
    let line = line.strip_suffix(MARK)?;
    let (head, rest) = line.split_once(" = 0u; ")?;
    let variable = head.trim_start().strip_prefix("for (var ")?;
    let count = rest.strip_prefix(variable)?.strip_prefix(" < ")?;
    let (count, _) = count.split_once(';')?;
    let named = || counts.iter().find(|(name, _)| *name == count);
    let trips = match count.strip_suffix('u').map(str::parse) {
        Some(Ok(number)) => number,
        _ => named()?.1,
    };
    Some((variable, trips))
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
            head("j", "1u"),
        );
        let block =
            |k| format!("  {{ const k = {k}u;\n    {{ const j = 0u;\n    a[k][j];\n    }}\n  }}\n");
        let expected = format!("before;\n{}{}for (;;) {{\n}}\n", block(0), block(1));
        assert_eq!(unroll(&text, &[("MANY", 2)]), expected);
    }
}
