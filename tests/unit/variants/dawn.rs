//! Programs in a file, for the compiler of another implementation of WebGPU: `tests/dawn/run` judges them.

use std::collections::HashSet;
use std::fmt::Write;
use std::path::Path;

use wgpu_softmax::shader::Program;

use super::{merges_by_shuffles, needs_nine, share};

#[test]
#[ignore = "writes the programs that tests/dawn/run judges"]
fn programs_for_dawn() {
    let mut written = HashSet::new();
    let mut file = String::new();
    // WGSL has no 64-bit integers, and devices of default limits have 8 storage buffers.
    let of_defaults = |program: &Program| !program.variant.int64 && !needs_nine(program);
    for program in share().into_iter().filter(of_defaults) {
        let bindings = program.bindings().into_iter();
        let bindings: Vec<_> = bindings
            .map(|(binding, written)| (binding as u32, binding.is_uniform(), written))
            .map(|(number, uniform, written)| format!("[{number},{uniform},{written}]"))
            .collect();
        // As it is printed, and as it is compiled.
        let texts = [program.wgsl(), program.unrolled_wgsl()];
        for text in texts.map(|text| program.for_browsers(text)) {
            if !written.insert(text.clone()) {
                continue;
            }
            writeln!(
                file,
                r#"{{"program":"{program:?}","entryPoint":"{}","subgroups":{},"bindings":[{}]}}"#,
                program.entry_point(),
                merges_by_shuffles(&program),
                bindings.join(",")
            )
            .expect("a string can be written to");
            file.push_str(&text);
            file.push_str("\n\x0c\n");
        }
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("programs.txt");
    std::fs::write(path, file).expect("the file can be written");
}
