//! Pruning of a text to the declarations that an entry point reaches, and the bindings that are left.

use std::collections::HashSet;
use std::ops::Range;

/// A top-level declaration, with the comments directly above it.
struct Item<'a> {
    name: &'a str,
    text: Vec<&'a str>,
}

/// A file in a joined text: its first line, the comment at its head, and its declarations.
struct Section<'a> {
    head: Vec<&'a str>,
    items: Vec<Item<'a>>,
}

/// First characters of the line that begins a file in a joined text; the file's name follows.
pub(crate) const FILE: &str = "// ---- ";

/// File of the uniform, whose structs keep only the members that are read.
const UNIFORM: &str = "params.wgsl";

/// Returns `text` without the declarations that `entry_point` does not reach, and without files that are empty then.
pub(crate) fn prune(text: &str, entry_point: &str) -> String {
    let sections = sections(text);
    let items = || sections.iter().flat_map(|section| &section.items);
    let mut reached = HashSet::from([entry_point]);
    let mut open = vec![entry_point];
    while let Some(name) = open.pop() {
        let named = items().filter(|item| item.name == name);
        for word in named.flat_map(|item| item.text.iter().flat_map(|line| words(line))) {
            if reached.insert(word) {
                open.push(word);
            }
        }
    }
    let kept = || items().filter(|item| reached.contains(item.name));
    let members: HashSet<_> = kept()
        .flat_map(|item| item.text.iter().flat_map(|line| members(line)))
        .collect();
    let mut pruned = String::with_capacity(text.len());
    for section in &sections {
        let is_uniform = section
            .head
            .first()
            .is_some_and(|name| name.ends_with(UNIFORM));
        let written = |item: &Item<'_>| {
            let is_code = |line: &&str| !line.starts_with("//");
            let first = item.text.iter().position(is_code).unwrap_or(0);
            let (comment, lines) = item.text.split_at(first);
            let code = match is_uniform {
                true => with_members(lines, &|name| members.contains(name)),
                false => compact(lines),
            };
            comment
                .iter()
                .map(|line| format!("{line}\n"))
                .collect::<String>()
                + &code
        };
        let kept = section
            .items
            .iter()
            .filter(|item| reached.contains(item.name));
        let kept: Vec<_> = kept.map(written).collect();
        if !kept.is_empty() {
            let head = section.head.join("\n");
            pruned.push_str(&[head, together(&kept)].join("\n\n"));
            pruned.push_str("\n\n");
        }
    }
    pruned.truncate(pruned.trim_end().len());
    pruned.push('\n');
    pruned
}

/// Joins declarations, without empty lines between those of one line.
fn together(items: &[String]) -> String {
    let mut text = String::new();
    for (index, item) in items.iter().enumerate() {
        let is_line = |item: &String| !item.contains('\n');
        match index.checked_sub(1).and_then(|before| items.get(before)) {
            Some(before) if is_line(before) && is_line(item) => text.push('\n'),
            Some(_) => text.push_str("\n\n"),
            None => {}
        }
        text.push_str(item);
    }
    text
}

fn sections(text: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    let mut comment = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.starts_with(FILE) {
            sections.push(Section {
                head: vec![line],
                items: Vec::new(),
            });
        } else if line.starts_with("//") {
            comment.push(line);
        } else if line.is_empty() {
            // A comment without a declaration below it belongs to the file.
            if let Some(section) = sections.last_mut() {
                section.head.append(&mut comment);
            }
        } else if let Some(section) = sections.last_mut() {
            let mut text = std::mem::take(&mut comment);
            text.push(line);
            // The last line of a declaration of several lines begins with a closing brace.
            let mut is_over = code_of(line).trim_end().ends_with([';', '}']);
            while !is_over {
                let Some(line) = lines.next() else { break };
                text.push(line);
                is_over = line.starts_with('}');
            }
            let name = name_of(&text);
            section.items.push(Item { name, text });
        }
    }
    sections
}

/// A line without its comment.
fn code_of(line: &str) -> &str {
    line.split_once("//").map_or(line, |(code, _)| code)
}

/// Names of the members that a line reads.
fn members(line: &str) -> impl Iterator<Item = &str> {
    let code = code_of(line);
    let name = |part: &'_ str| {
        part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(part.len())
    };
    code.split('.').skip(1).map(move |part| &part[..name(part)])
}

/// Keeps those members of a struct of words that are read, and their places: gaps take those of the others. `@size` would do
/// that, but naga's GLSL drops it.
fn with_members(lines: &[&str], is_read: &dyn Fn(&str) -> bool) -> String {
    let [head, body @ .., tail] = lines else {
        return lines.join("\n");
    };
    let of_words = |line: &&str| {
        line.ends_with(": u32,") || line.ends_with(": f32,") || line.trim_start().starts_with("//")
    };
    if !head.starts_with("struct") || !body.iter().all(of_words) {
        return compact(lines);
    }
    let members = body.iter().map(|line| line.trim());
    let mut kept = Vec::new();
    let mut gap = 0..0;
    for (word, member) in members.filter(|line| !line.starts_with("//")).enumerate() {
        let name = member.split_once(':').map_or("", |(name, _)| name);
        gap.end = word;
        if is_read(name) {
            kept.extend(gaps(gap));
            kept.push(member.to_owned());
            gap = word + 1..word + 1;
        }
        gap.end = word + 1;
    }
    kept.extend(gaps(gap));
    packed(head, kept.into_iter(), tail)
}

/// Members that take the places of some words, as few as their alignment allows.
fn gaps(mut words: Range<usize>) -> Vec<String> {
    let mut members = Vec::new();
    while let Some(first) = words.next() {
        let fits = |size: usize| first.is_multiple_of(size) && words.len() + 1 >= size;
        let (size, of) = match () {
            () if fits(4) => (4, "vec4<u32>"),
            () if fits(2) => (2, "vec2<u32>"),
            () => (1, "u32"),
        };
        words.start = first + size;
        members.push(format!("gap{first}: {of},"));
    }
    members
}

/// Packs a struct without comments into few lines; leaves anything else as it is.
fn compact(lines: &[&str]) -> String {
    match lines {
        [head, body @ .., tail]
            if head.starts_with("struct") && !body.iter().any(|line| line.contains('/')) =>
        {
            packed(head, body.iter().map(|line| line.trim().to_owned()), tail)
        }
        _ => lines.join("\n"),
    }
}

/// Writes the members on one line with the braces, or on as few lines as hold them.
fn packed(head: &str, members: impl Iterator<Item = String>, tail: &str) -> String {
    const WIDTH: usize = 120;
    let members: Vec<_> = members.collect();
    let line = format!("{head} {} {tail}", members.join(" ").trim_end_matches(','));
    if line.len() <= WIDTH {
        return line;
    }
    let mut lines = vec![head.to_owned()];
    for member in members {
        match lines.last_mut() {
            Some(last) if last.starts_with(' ') && last.len() + member.len() < WIDTH => {
                last.push(' ');
                last.push_str(&member);
            }
            _ => lines.push(format!("    {member}")),
        }
    }
    lines.push(tail.to_owned());
    lines.join("\n")
}

/// Name of a declaration: the first word after its keyword; for a `var`, after its address space and access mode.
fn name_of<'a>(text: &[&'a str]) -> &'a str {
    let keywords = ["fn", "struct", "alias", "const", "override", "var"];
    let mut words = text.iter().flat_map(|line| all_words(line));
    let keyword = words.find(|word| keywords.contains(word));
    let of_memory = [
        "storage",
        "uniform",
        "workgroup",
        "private",
        "read",
        "read_write",
    ];
    let is_name = |word: &&str| keyword != Some("var") || !of_memory.contains(word);
    words
        .find(is_name)
        .unwrap_or_default()
        .trim_end_matches(':')
}

/// Identifiers of a line, without the names of members, parameters and variables before a colon.
fn words(line: &str) -> impl Iterator<Item = &str> {
    all_words(line).filter(|word| !word.ends_with(':'))
}

/// Identifiers of a line, with a colon that follows them; without members, which follow a dot, and without its comment.
fn all_words(line: &str) -> impl Iterator<Item = &str> {
    let code = code_of(line);
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    code.split_inclusive(move |c: char| !is_part(c) && c != '.')
        .map(move |word| word.trim_end_matches(|c: char| !is_part(c) && c != ':'))
        .filter_map(|word| word.split('.').next())
        .filter(|word| !matches!(*word, "" | ":"))
}

/// Numbers of the bindings that a text declares, in ascending order, each with true if it may be written.
pub(crate) fn bindings(text: &str) -> Vec<(u32, bool)> {
    let declared = |line: &str| {
        let (number, of) = line.strip_prefix("@group(0) @binding(")?.split_once(')')?;
        Some((number.parse().ok()?, of.contains("read_write")))
    };
    let mut list: Vec<_> = text.lines().filter_map(declared).collect();
    list.sort_unstable();
    list
}

#[cfg(test)]
mod tests {
    use super::{bindings, prune};

    const TEXT: &str = "\
// ---- kernel.wgsl
// About the kernel.

@group(0) @binding(3) var<storage, read_write> result: array<u32>;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> upstream: array<u32>;

// A place of a source.
struct Place {
    source: u32,
    upstream: u32,
}

fn unused(place: Place) -> u32 {
    return upstream[place.upstream];
}

@compute @workgroup_size(WORKGROUP)
fn main() {
    var place: Place; // upstream
    result[place.source] = source[params.grid.rows];
}

// ---- nothing.wgsl
// About nothing.

const NOTHING: u32 = 0u;

// ---- params.wgsl
struct Grid {
    // The first.
    first: u32,
    cols: u32,
    rows: u32,
    inner: u32,
    last: f32,
}

struct Params { grid: Grid }

var<private> params: Params;
const WORKGROUP: u32 = 1u;
";

    #[test]
    fn only_what_is_reached_is_left() {
        let pruned = prune(TEXT, "main");
        for gone in ["unused", "binding(2)", "nothing", "NOTHING"] {
            assert!(!pruned.contains(gone), "{gone}: {pruned}");
        }
        for left in [
            "// About the kernel.",
            "// A place of a source.\nstruct Place { source: u32, upstream: u32 }",
        ] {
            assert!(pruned.contains(left), "{left}: {pruned}");
        }
        assert_eq!(bindings(&pruned), [(1, false), (3, true)]);
    }

    #[test]
    fn the_uniform_has_the_members_that_are_read_in_their_places() {
        let pruned = prune(TEXT, "main");
        let grid = "struct Grid { gap0: vec2<u32>, rows: u32, gap3: u32, gap4: u32 }";
        assert!(pruned.contains(grid), "{pruned}");
    }
}
