//! Exports in files, with the results of this crate, for the loaders: `tests/loaders/run` compares theirs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use wgpu_softmax::export::Export;

use super::run::run_bound;
use super::{exports, gpu};

#[test]
#[ignore = "writes the exports that tests/loaders/run has others run"]
fn exports_for_loaders() {
    let gpu = gpu();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exports");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    let write = |name: String, json: String| {
        fs::write(folder.join(name), json).expect("the file can be written");
    };
    for (n, (name, planner, problem, export)) in exports(gpu).into_iter().enumerate() {
        let cases = export.cases.iter();
        let results: Vec<BTreeMap<_, _>> = cases
            .map(|case| {
                run_bound(gpu, &planner, &problem, (&export, case))
                    .into_iter()
                    .collect()
            })
            .collect();
        let results = serde_json::to_string(&results).expect("JSON");
        let json = |export: &Export| serde_json::to_string(export).expect("JSON");
        write(format!("{name}.json"), json(&export));
        write(format!("{name}.results"), results.clone());
        if n % 2 == 0 {
            write(format!("{name}.flat.json"), json(&export.flat()));
            write(format!("{name}.flat.results"), results);
        }
    }
}
