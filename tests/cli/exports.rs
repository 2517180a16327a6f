//! `kernel --json`: kernels as data, for an adapter, a class of devices, or the abilities in a file.

use crate::folder::*;
use serde_json::Value;

/// Command lines without a place for the JSON.
pub(crate) const LINES: [&str; 8] = [
    "softmax --shape 5x37 --scale 0.5 --dtype f16",
    "log-softmax --shape 2x6x20 --causal --mask bool:1x20 --masked-rows zero",
    "logsumexp-backward --shape 4x9x6 --axis 1",
    "softmax-backward --shape 2x3x4x9 --sinks",
    "jacobian --shape 3x9",
    "cross-entropy-fused --shape 10x37 --with weight,row-weight,row-scale,pairs,lse,status --ignore-index -100 --row-outputs entropy",
    "cross-entropy-backward --shape 10x37 --target-type i64 --with grad-losses --in-place --mask bool:1x37",
    "linear-cross-entropy --shape 10x19 --classes 37 --dtype bf16 --with bias,weight,status --ignore-index -100 --mask bool",
];

/// Runs a command line where there is no adapter, and returns the JSON that it writes.
fn exported(folder: &Folder, line: &str) -> Value {
    let mut command = folder.command(&format!("kernel {line} --json -"));
    let output = command.env("WGPU_ADAPTER_NAME", "no-such");
    let output = output.output().expect("the command starts");
    assert!(output.status.success(), "{line}: {}", stderr(&output));
    serde_json::from_slice(&output.stdout).expect("only JSON")
}

#[test]
fn a_class_of_devices_needs_no_adapter() {
    let folder = Folder::new();
    for class in ["default", "amd", "nvidia", "intel", "apple", "software"] {
        let export = exported(&folder, &format!("softmax --shape 4x4096 --device {class}"));
        let lanes = &export["abilities"]["subgroup"];
        let features = export["required_features"].as_array().expect("a list");
        let has_subgroups = features.iter().any(|of| of == "subgroups");
        assert_eq!(has_subgroups, lanes.is_u64(), "{class}");
        let int64 = features.iter().any(|of| of == "shader-int64");
        assert_eq!(int64, class == "software", "{class}");
        assert!(export["adapter"].is_null() && export["kernels"].is_null());
    }
    let printed = folder.succeed("kernel softmax --shape 4x5 --device default");
    assert!(
        printed.starts_with("// For default, without a device.\n// ===="),
        "{printed}"
    );
}

#[test]
fn the_abilities_of_a_report_give_its_kernels_without_its_adapter() {
    let folder = Folder::new();
    for line in LINES {
        folder.succeed(&format!("kernel {line} --json here.json"));
        let here = folder.json("here.json");
        let there = exported(&folder, &format!("{line} --abilities here.json"));
        for field in ["abilities", "buffers", "dispatches", "cases", "bytes_moved"] {
            assert_eq!(there[field], here[field], "{line}: {field}");
        }
        assert_eq!(here["cases"].as_array().map(Vec::len), Some(2), "{line}");
        assert!(here["adapter"]["name"].is_string() && here["kernels"][0]["wgsl"].is_string());
    }
    let abilities = folder.json("here.json")["abilities"].to_string();
    folder.put("alone.json", abilities.as_bytes());
    exported(&folder, "softmax --shape 4x5 --abilities alone.json");
}

#[test]
fn buffers_and_cases_are_those_that_are_asked_for() {
    let folder = Folder::new();
    let line = "cross-entropy --shape 10x37 --device default --with weight,status --cases";
    let export = exported(&folder, &format!("{line} 3"));
    let buffers = export["buffers"].as_array().expect("a list").iter();
    let of_caller = buffers.filter(|of| ["input", "output"].map(Value::from).contains(&of["role"]));
    let names: Vec<_> = of_caller
        .map(|of| of["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["logits", "targets", "weight", "losses", "status"]);
    assert_eq!(export["cases"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        exported(&folder, &format!("{line} 0"))["cases"],
        Value::Array(Vec::new())
    );
    let large = exported(&folder, "softmax --shape 100x1000 --device default");
    assert_eq!(large["cases"], Value::Array(Vec::new()));
}

#[test]
fn the_examples_of_the_help_run() {
    let folder = Folder::new();
    folder.succeed("kernel softmax --shape 2x3 --device intel --json there.json");
    let help = folder.succeed("kernel --help");
    let lines = help.lines().map(str::trim);
    let examples: Vec<_> = lines
        .filter_map(|line| line.strip_prefix("wgpu-softmax "))
        .collect();
    assert_eq!(examples.len(), 4, "{help}");
    for example in examples {
        folder.succeed(example);
    }
    assert_eq!(folder.json("l.json")["buffers"][2]["name"], "weight");
}

#[test]
fn what_cannot_be_exported_is_refused() {
    let folder = Folder::new();
    folder.put("empty.json", b"{}");
    folder.put("wrong.json", b"not JSON");
    let odd = r#"{"subgroup":3,"software":false,"vendor":"amd","int64":false,"max_invocations":256,"max_workgroup_bytes":16384,"max_binding_bytes":1000}"#;
    folder.put("odd.json", odd.as_bytes());
    for (line, words) in [
        ("softmax --shape 4x4 --device phone", "nvidia"),
        (
            "softmax --shape 4x4 --device amd --adapter software",
            "--adapter",
        ),
        (
            "softmax --shape 4x4 --device amd --abilities odd.json",
            "--abilities",
        ),
        (
            "softmax --shape 4x4 --abilities no-such.json",
            "no-such.json",
        ),
        (
            "softmax --shape 4x4 --abilities empty.json",
            "empty.json: expected the abilities",
        ),
        (
            "softmax --shape 4x4 --abilities wrong.json",
            "wrong.json: expected the abilities",
        ),
        (
            "softmax --shape 4x4 --abilities odd.json",
            "odd.json: expected null, or 4 to 128 lanes",
        ),
        ("softmax --shape 4x4 --device amd --flat", "--json"),
        (
            "cross-entropy --shape 4x4 --device amd --with lse",
            "--json",
        ),
        (
            "softmax --shape 4x4 --device amd --with lse --json -",
            "--with: expected a cross-entropy",
        ),
        ("softmax --shape 4x4 --device amd --cases 17 --json -", "17"),
        (
            "softmax --shape 400x400 --device amd --cases 1 --json -",
            "65,536 elements, found 160000 in `logits`",
        ),
        (
            "cross-entropy-backward --shape 4x4 --device amd --with lse --json -",
            "weight, row_weight, row_scale and grad_losses at most",
        ),
        (
            "cross-entropy --shape 4x4 --device amd --with bias --json -",
            "no bias, but for a linear layer",
        ),
        (
            "linear-cross-entropy --shape 400x400 --classes 4 --device amd --cases 1 --json -",
            "65,536 elements, found 160000 in `hidden`",
        ),
        (
            "cross-entropy --shape 4x4 --device amd --masked-rows zero --json -",
            "--masked-rows: expected softmax",
        ),
        (
            "softmax --shape 4x4 --device amd --ignore-index 1 --json -",
            "--ignore-index: expected a cross-entropy",
        ),
        ("softmax --shape 4x4000000000 --device amd", "1,073,741,824"),
    ] {
        folder.fail(&format!("kernel {line}"), 2, &[words]);
    }
}
