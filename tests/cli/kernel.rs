//! `kernel`: WGSL that can be piped, and its description in comments.

use crate::folder::*;
use naga::compact::{KeepUnused, compact};
use naga::valid::{Capabilities, ShaderStages, SubgroupOperationSet, ValidationFlags, Validator};

/// Splits the output into the texts of the dispatches.
fn kernels(printed: &str) -> Vec<&str> {
    let mut texts: Vec<_> = printed.split("// ==== ").collect();
    let first = texts.remove(0);
    assert!(
        first.starts_with("// On ") && first.lines().count() == 1,
        "{first}"
    );
    texts
}

/// Fails unless the text is valid, and has no function that nothing calls.
fn assert_valid(line: &str, text: &str) {
    let text = format!("// ==== {text}");
    let mut module = naga::front::wgsl::parse_str(&text)
        .unwrap_or_else(|error| panic!("{line}: {}", error.emit_to_string(&text)));
    Validator::new(
        ValidationFlags::all(),
        Capabilities::SUBGROUP | Capabilities::SHADER_INT64,
    )
    .subgroup_stages(ShaderStages::COMPUTE)
    .subgroup_operations(SubgroupOperationSet::all())
    .validate(&module)
    .unwrap_or_else(|error| panic!("{line}: {}", error.emit_to_string(&text)));
    let functions = module.functions.len();
    compact(&mut module, KeepUnused::No);
    assert_eq!(functions, module.functions.len(), "{line}");
    assert_eq!(module.entry_points.len(), 1, "{line}");
    for head in [
        "// Variant: ",
        "// Why: ",
        "// Workgroups: ",
        "// A row: ",
        "// Bindings:",
    ] {
        let lines = text.lines().filter(|line| line.starts_with(head));
        assert_eq!(lines.count(), 1, "{line}: {head}");
    }
}

/// Command lines, and the dispatches that each prints, by words of their labels.
const PRINTED: [(&str, &[&str]); 17] = [
    ("softmax --shape 1024x1024", &["softmax.registers.f32"]),
    (
        "softmax --shape 64 --dtype bf16",
        &["softmax.registers.bf16"],
    ),
    (
        "log-softmax --shape 2x64x500 --causal --mask bool:1x500",
        &["log-softmax.kept4.causal"],
    ),
    (
        "softmax --shape 2x8x16x64 --causal --sinks",
        &["softmax.causal.sink.registers.f32"],
    ),
    (
        "softmax --shape 4x1000x64 --axis 1 --mask float",
        &["partial.f32", "combine", "finish"],
    ),
    (
        "softmax-backward --shape 64x1001 --in-place",
        &["softmax-backward.in-place"],
    ),
    (
        "log-softmax-backward --shape 64x100",
        &["log-softmax-backward"],
    ),
    ("logsumexp-backward --shape 64x100", &["logsumexp-backward"]),
    (
        "jacobian --shape 16x32",
        &["partial-statistic", "merge-statistics", "jacobian"],
    ),
    (
        "cross-entropy --shape 64x1000",
        &["cross-entropy.", "lse-from-pairs", "reduce_losses"],
    ),
    (
        "cross-entropy --shape 2x64x500 --mask bool:1x500",
        &["cross-entropy.kept4", "lse-from-pairs", "reduce_losses"],
    ),
    (
        "cross-entropy --shape 64x1000 --reduction none --target-type probs --softcap 3 --z-loss 1",
        &[
            "cross-entropy.probabilities.capped",
            "lse-from-pairs",
            "reduce_losses",
        ],
    ),
    (
        "cross-entropy-fused --shape 64x1000 --row-outputs entropy,hit --row-outputs log-probs",
        &[
            "count_targets",
            "cross-entropy-fused.entropy.argmax",
            "row-outputs",
            "sum_losses",
        ],
    ),
    (
        "cross-entropy-fused --shape 64x1000 --reduction sum --label-smoothing 0.1",
        &[
            "cross-entropy-fused.smoothed",
            "lse-from-pairs",
            "reduce_losses",
        ],
    ),
    (
        "cross-entropy-backward --shape 64x100 --target-type i64 --in-place",
        &["count_targets", "cross-entropy-backward.in-place"],
    ),
    (
        "linear-cross-entropy --shape 64x16 --classes 100 --row-outputs target-log-prob,entropy",
        &[
            "linear-cross-entropy.logits",
            "row-outputs",
            "cross-entropy-fused.entropy.in-place",
            "linear-cross-entropy.grad_weight",
            "row-outputs",
            "sum_losses",
        ],
    ),
    (
        "softmax --shape 64x1000 --variant streamed.invocation1of64.words",
        &["softmax.streamed"],
    ),
];

#[test]
fn every_operation_prints_valid_kernels_and_no_function_in_vain() {
    let folder = Folder::new();
    for (line, labels) in PRINTED {
        let printed = folder.succeed(&format!("kernel {line}"));
        let kernels = kernels(&printed);
        let heads: Vec<_> = kernels
            .iter()
            .filter_map(|text| text.lines().next())
            .collect();
        // Causal rows have a kernel for each bin of queries, and shifted ones another for the last.
        let mut found = heads.clone();
        found.dedup();
        assert!(heads.len() >= labels.len(), "{line}: {heads:?}");
        let mut rest = found.iter();
        for label in labels {
            assert!(
                rest.any(|head| head.contains(label)),
                "{line}: no {label} in {heads:?}"
            );
        }
        kernels.iter().for_each(|text| assert_valid(line, text));
    }
}

#[test]
fn what_is_asked_for_is_told() {
    let folder = Folder::new();
    let forced =
        folder.succeed("kernel softmax --shape 64x1000 --variant streamed.invocation1of64.words");
    assert!(
        forced.contains("\n// Why: The caller has asked for it.\n"),
        "{forced}"
    );
    let printed = folder.succeed("kernel softmax --shape 100x1000 --dtype f16");
    assert!(
        printed.contains("\n//    1  logits       read        200000 bytes\n"),
        "{printed}"
    );
    assert!(
        printed.contains("\n//    3  probs        read_write  200000 bytes\n"),
        "{printed}"
    );
    let bins = folder.succeed("kernel softmax --shape 128x64 --causal");
    assert!(bins.contains(".causal.registers"), "{bins}");
}

#[test]
fn json_has_the_same_and_standard_output_nothing_else() {
    let folder = Folder::new();
    let printed = folder.succeed("kernel jacobian --shape 16x32 --json k.json");
    let report = folder.json("k.json");
    let entries = report["kernels"].as_array().expect("a list");
    assert_eq!(entries.len(), 3);
    for (entry, text) in entries.iter().zip(kernels(&printed)) {
        let wgsl = entry["wgsl"].as_str().expect("text");
        assert!(text.contains(wgsl));
        assert!(text.starts_with(entry["label"].as_str().expect("text")));
        assert!(text.contains(entry["reason"].as_str().expect("text")));
        assert_eq!(entry["bindings"][0]["name"], "params");
        assert!(entry["workgroups"][0].as_u64() > Some(0), "{entry}");
    }
    let output = folder.run("kernel softmax --shape 16x32 --json -");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("only JSON");
    assert!(report["adapter"]["name"].is_string(), "{report}");
}

#[test]
fn what_no_kernel_is_for_is_refused() {
    let folder = Folder::new();
    for (line, words) in [
        ("softmax", "--shape"),
        ("soft --shape 4x4", "soft"),
        ("lse-from-pairs --shape 4x4", "lse-from-pairs"),
        ("softmax --shape 4x0", "8192x1024"),
        ("softmax --shape x", "8192x1024"),
        ("softmax --shape 4294967296x4294967296", "8192x1024"),
        (
            "softmax --shape 4x4 --axis 2",
            "--axis: expected an axis of shape",
        ),
        (
            "softmax --shape 4x4 --axis -3",
            "--axis: expected an axis of shape",
        ),
        (
            "softmax --shape 4x4 --softcap 2",
            "--softcap: expected a cross-entropy, found softmax",
        ),
        (
            "softmax --shape 4x4 --row-outputs entropy",
            "--row-outputs: expected a cross-entropy",
        ),
        (
            "cross-entropy --shape 4x4 --causal",
            "--causal: expected softmax",
        ),
        (
            "cross-entropy --shape 4x4 --mask float",
            "mask: expected a boolean one for a loss",
        ),
        ("cross-entropy --shape 4x4 --row-outputs loss", "entropy"),
        ("jacobian --shape 4x4 --in-place", "in place"),
        ("softmax-backward --shape 4x4 --mask float", "mask"),
        ("softmax --shape 4x4 --mask int", "expected float or bool"),
        ("softmax --shape 4x4 --mask bool:3x4", "broadcasts"),
        ("softmax --shape 4 --causal", "--causal: expected two axes"),
        (
            "softmax --shape 4x4x4 --causal --axis 1",
            "--causal: expected two axes",
        ),
        (
            "softmax --shape 4x4 --variant fast",
            "registers4.subgroup8of64.quads",
        ),
        (
            "softmax --shape 4x4 --variant registers9.invocation1of64.quads",
            "4 columns in 1 quads",
        ),
        ("softmax --shape 4000000000x1000000", "max_buffer_size"),
    ] {
        folder.fail(&format!("kernel {line}"), 2, &[words]);
    }
    folder.fail(
        "kernel softmax --shape 4x4 --adapter no-such",
        3,
        &["no-such"],
    );
}
