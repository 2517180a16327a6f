//! Folders of `src` are layers: a file imports from its own layer and those below it, by full path, and from no other.

use std::fs;
use std::path::{Path, PathBuf};

/// The layers, from the lowest.
const LAYERS: [&str; 14] = [
    "error",     // the error type
    "spec",      // requests of callers, as plain data
    "reference", // the same computations in f64, on the host
    "variant",   // the choice of a kernel, as plain data
    "wgsl",      // tools on WGSL text
    "shader",    // from that choice to WGSL
    "device",    // pipelines, memory, dispatches
    "ops",       // plans and bindings
    "gpu",       // slices in, slices out
    "check",     // results against the reference
    "export",    // plans as data
    "bench",     // times against ceilings
    "tune",      // the fastest kernels, by times
    "cli",       // the command line
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the crate") {
        let path = entry.expect("an entry of the folder").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Names that follow `crate::` in a text, but for its comments.
fn imports(text: &str) -> impl Iterator<Item = &str> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| {
        let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
        line.split("crate::")
            .skip(1)
            .map(move |after| after.split(is_end).next().unwrap_or_default())
    })
}

/// The layer of a name, and none of a name that is no layer: it would go through the root of the crate.
fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| *layer == name)
}

#[test]
fn no_file_imports_from_a_layer_above_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    files(&source, &mut all);
    let mut checked = 0;
    for path in all {
        let inside = path.strip_prefix(&source).expect("a file under src");
        let top = inside.components().next().expect("a name");
        let name = Path::new(top.as_os_str()).with_extension("");
        let Some(own) = layer(&name.to_string_lossy()) else {
            assert!(
                matches!(inside.to_str(), Some("lib.rs" | "main.rs")),
                "{inside:?} is in no layer"
            );
            continue;
        };
        let text = fs::read_to_string(&path).expect("a source file");
        for import in imports(&text) {
            let of = layer(import);
            assert!(
                of.is_some(),
                "{inside:?} imports {import:?} through the root"
            );
            assert!(of <= Some(own), "{inside:?} imports from {import} above it");
            checked += 1;
        }
    }
    assert!(checked > 400, "only {checked} imports were found");
}
