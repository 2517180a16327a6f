//! Kernels as they are printed: a change of a kernel shows in the text that it changes.
//!
//! After an intended change, `WGPU_SOFTMAX_KERNELS=write cargo test --release --features cli --test unit printed` writes the
//! texts anew.

use std::path::Path;

use wgpu_softmax::DType;
use wgpu_softmax::shader::{Program, Stage, table};
use wgpu_softmax::variant::{KernelOptions, Operation, Product, Tile};

/// Returns the program of rows of 1,024 columns by 32 lanes of a subgroup.
fn in_registers(operation: Operation) -> Program {
    Program {
        operation,
        options: KernelOptions::default(),
        stage: Stage::Registers,
        variant: "registers8.subgroup32of64.quads"
            .parse()
            .expect("a variant"),
        dtype: DType::F32,
        whole: true,
        counted: 0,
    }
}

/// Compares a text with that of a file, or writes it.
fn assert_is(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var("WGPU_SOFTMAX_KERNELS").is_ok_and(|wish| wish == "write") {
        std::fs::write(&path, text).expect("the file can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = found.lines().zip(text.lines()).position(|(a, b)| a != b);
    assert!(
        found == text,
        "{file} is not what is printed, from line {:?} on",
        differs.map(|line| line + 1)
    );
}

#[test]
fn four_kernels_are_printed_as_they_were() {
    for (operation, name) in [
        (Operation::Softmax, "softmax"),
        (Operation::LogSoftmax, "log_softmax"),
        (Operation::CrossEntropy, "cross_entropy"),
        (Operation::CrossEntropyFused, "cross_entropy_fused"),
    ] {
        let file = format!("tests/unit/kernels/{name}.registers.wgsl");
        assert_is(&file, &in_registers(operation).wgsl());
    }
}

#[test]
fn the_products_are_printed_as_they_were() {
    for (tile, name) in [(Tile::REGISTERS, "registers"), (Tile::SHARED, "workgroup")] {
        let program = Program::gemm(Product::Logits, tile, DType::F32, true);
        assert_is(
            &format!("tests/unit/kernels/gemm.{name}.wgsl"),
            &program.wgsl(),
        );
        let lines = lines_of_code(&program.wgsl());
        assert!(lines <= 180, "{name}: {lines} lines");
    }
}

/// Counts lines that are neither empty nor a comment.
fn lines_of_code(text: &str) -> usize {
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
    text.lines().filter(is_code).count()
}

#[test]
fn a_kernel_is_read_in_one_sitting() {
    for (operation, most) in [
        (Operation::Softmax, 220),
        (Operation::CrossEntropyFused, 380),
    ] {
        let lines = lines_of_code(&in_registers(operation).wgsl());
        assert!(lines <= most, "{operation}: {lines} lines");
    }
}

#[test]
fn the_first_program_is_the_same_everywhere() {
    let read = |file: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        std::fs::read_to_string(path).expect("the file can be read")
    };
    let program = read("tests/guest/src/main.rs");
    let fenced = format!("```rust\n{program}```\n");
    assert!(read("README.md").contains(&fenced), "README.md has another");
    let lines = program.lines();
    let documented: String = lines
        .map(|line| format!("{}\n", format!("//! {line}").trim_end()))
        .collect();
    let documented = format!("//! ```\n{documented}//! ```\n");
    assert!(
        read("src/lib.rs").contains(&documented),
        "src/lib.rs has another"
    );
}

#[test]
fn the_table_of_the_slots_is_that_of_the_code() {
    let readme = "shaders/README.md";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(readme);
    let found = std::fs::read_to_string(path).expect("the file can be read");
    let (prose, _) = found.split_once("\n| slot |").unwrap_or((&found, ""));
    assert_is(readme, &format!("{}\n\n{}", prose.trim_end(), table()));
}

/// A kernel is joined from few files by choice, and every file is of some kernel.
#[test]
fn every_file_is_in_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    let table = table();
    let mut folders = vec![root.clone()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder can be read") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&root).expect("a file lies in the folder");
            let name = name.to_string_lossy().replace('\\', "/");
            // The ceilings are no kernels.
            if name.ends_with(".wgsl") && name != "ceiling.wgsl" {
                files += 1;
                assert!(table.contains(&format!("`{name}`")), "{name}");
            }
        }
    }
    assert!(files > 50, "{files} files");
}
