//! Machines short of memory: blocks shrink, and an error names the size of data that cannot shrink.

#![cfg(target_os = "linux")]

use crate::folder::*;
use std::process::{Command, Output};

/// Runs a command that has about 60 MB of address space.
fn short_of_memory(folder: &Folder, line: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_wgpu-softmax");
    let line = format!("ulimit -v 60000; exec {program} {line} --reference");
    let mut command = Command::new("sh");
    let command = command.current_dir(folder.path(".")).args(["-c", &line]);
    command.output().expect("there is a shell")
}

#[test]
fn blocks_shrink_until_memory_has_them() {
    let folder = Folder::new();
    let x: Vec<f32> = (0..4_000_000).map(|i| (i % 997) as f32 * 0.01).collect();
    folder.floats("many.npy", "(4000, 1000)", &x);
    folder.put("ids.npy", &npy(1, "|u1", false, "(4000,)", &[7; 4000]));
    folder.succeed("softmax many.npy -o expected.npy --reference");
    for line in [
        "softmax many.npy -o found.npy",
        "cross-entropy many.npy ids.npy --grad g.npy",
        "softmax - -o found.npy < many.npy",
    ] {
        let output = short_of_memory(&folder, line);
        assert_eq!(output.status.code(), Some(0), "{line}: {}", stderr(&output));
    }
    assert!(folder.get("found.npy") == folder.get("expected.npy"));
    folder.floats("one.npy", "(1, 4000000)", &x);
    folder.floats("axis.npy", "(4000000,)", &x);
    for file in ["one.npy", "axis.npy"] {
        let output = short_of_memory(&folder, &format!("softmax {file} -o out.npy"));
        let words = "expected 160000000 bytes of memory";
        assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
        assert_eq!(folder.get("out.npy"), OLD);
    }
}

#[test]
fn a_jacobian_is_never_held() {
    let folder = Folder::new();
    let x: Vec<f32> = (0..3000).map(|i| (i % 13) as f32 * 0.1).collect();
    folder.floats("row.npy", "(1, 3000)", &x);
    let output = short_of_memory(&folder, "jacobian row.npy -o j.npy");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let (shape, jacobian) = parse(&folder.get("j.npy"));
    assert_eq!(shape, [1, 3000, 3000]);
    folder.succeed("softmax row.npy -o p.npy --reference");
    let probs = parse(&folder.get("p.npy")).1;
    for (i, j) in [(0, 0), (0, 2999), (2999, 0), (1234, 1234), (17, 2000)] {
        let delta = f32::from(u8::from(i == j));
        let expected = probs[i] * (delta - probs[j]);
        let near = (jacobian[3000 * i + j] - expected).abs() <= 1e-6 * expected.abs();
        assert!(near, "entry {i}, {j}");
    }
}
