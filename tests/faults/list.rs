//! Lists of faults: a line `FILE: what is wrong`, then the text replaced after `- ` and its replacement after `+ `, and an empty
//! line.

use std::path::Path;

use wgpu_softmax::shader::faults::Fault;

/// A fault, and its description in words.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) fault: Fault,
    pub(crate) what: String,
}

const LISTS: [&str; 6] = [
    include_str!("places.txt"),
    include_str!("storage.txt"),
    include_str!("statistics.txt"),
    include_str!("formulas.txt"),
    include_str!("losses.txt"),
    include_str!("linear.txt"),
];

/// Returns every fault, each of which can be planted.
pub(crate) fn listed() -> Result<Vec<Listed>, String> {
    let blocks = LISTS.iter().flat_map(|list| list.split("\n\n"));
    let blocks = blocks.map(str::trim).filter(|block| !block.is_empty());
    blocks
        .filter(|block| !block.starts_with('#'))
        .map(read)
        .collect()
}

fn read(block: &str) -> Result<Listed, String> {
    let (header, lines) = block.split_once('\n').unwrap_or((block, ""));
    let (file, what) = header
        .split_once(": ")
        .ok_or_else(|| format!("expected `FILE: what is wrong`, found `{header}`"))?;
    let after = |mark: &str| {
        let parts = lines.lines().filter_map(|line| line.strip_prefix(mark));
        parts.collect::<Vec<_>>().join("\n")
    };
    let (from, to) = (after("- "), after("+ "));
    let shaders = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    let text = std::fs::read_to_string(shaders.join(file))
        .map_err(|error| format!("{header}: shaders/{file}: {error}"))?;
    match text.matches(&from).count() {
        1 if !from.is_empty() && from != to => Ok(Listed {
            fault: Fault {
                file: file.to_owned(),
                from,
                to,
            },
            what: what.to_owned(),
        }),
        count => Err(format!(
            "{header}: `{from}` should be in shaders/{file} once, and is there {count} times"
        )),
    }
}
