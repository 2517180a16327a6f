//! `tune` and `--tuning`: a file is written, used, and refused elsewhere.

use crate::folder::*;
use serde_json::{Value, json};

/// Command line of two problems, with time enough for both on a busy machine.
const SHORT: &str = "tune --op softmax,logsumexp --shape 64x12 --seconds 20";

#[test]
fn a_problem_has_its_kernels_and_a_verdict() {
    let folder = Folder::new();
    let printed = folder.succeed(&format!("{SHORT} -o t.json --json r.json"));
    let results = &folder.json("r.json")["adapters"][0]["results"];
    let results = results.as_array().expect("a list").clone();
    assert_eq!(results.len(), 2);
    for result in &results {
        let replaces = result["replaces"].as_bool().expect("a verdict");
        let lower = result["ratio_lower"].as_f64().expect("a number");
        assert_eq!(replaces, lower >= 1.03, "{result}");
        for kernel in ["built_in", "best"] {
            assert!(
                printed.contains(result[kernel]["variant"].as_str().expect("a name")),
                "{printed}"
            );
        }
    }
    assert_eq!(printed.matches("\n  built-in ").count(), 2, "{printed}");
    let tunings = folder.json("t.json");
    let kernels = tunings[0]["kernels"].as_array().expect("a list");
    let replacing = results.iter().filter(|result| result["replaces"] == true);
    assert_eq!(kernels.len(), replacing.count());
    for fact in [
        "device",
        "backend",
        "driver",
        "driver_version",
        "crate_version",
        "shaders",
    ] {
        assert!(tunings[0][fact].is_string(), "{tunings}");
    }
    folder.succeed("softmax x.npy -o p.npy --tuning t.json");
}

/// Writes a tuning of this adapter by which softmax is streamed by four lanes, and returns it.
fn made_up(folder: &Folder) -> Value {
    folder.succeed("tune --op softmax --shape 1x1 --seconds 0.1 -o t.json");
    let mut tunings = folder.json("t.json");
    tunings[0]["kernels"] = json!([{
        "op": "softmax", "dtype": "f32", "strided": false, "cols": [1, 1000], "rows": [1, 1000],
        "variant": "streamed.workgroup4of16.quads", "measured": "twice as fast as the other",
    }]);
    folder.put("t.json", tunings.to_string().as_bytes());
    tunings
}

#[test]
fn every_command_uses_the_file() {
    let folder = Folder::new();
    made_up(&folder);
    let kernel = "softmax.streamed.workgroup4of16.quads.f32";
    folder.succeed("softmax x.npy -o p.npy --tuning t.json --json s.json");
    assert_eq!(
        folder.json("s.json")["kernel"],
        kernel.replace("softmax", "softmax.in-place")
    );
    let (_, probs) = parse(&folder.get("p.npy"));
    folder.succeed("softmax x.npy -o q.npy --reference");
    let (_, expected) = parse(&folder.get("q.npy"));
    let apart = probs
        .iter()
        .zip(&expected)
        .map(|(one, other)| (one - other).abs());
    assert!(apart.fold(0.0, f32::max) < 1e-6, "{probs:?}");

    folder.succeed("bench --op softmax --shape 64x12 --seconds 1 --tuning t.json --json b.json");
    assert_eq!(
        folder.json("b.json")["adapters"][0]["results"][0]["kernel"],
        kernel
    );
    let printed = folder.succeed("kernel softmax --shape 64x12 --tuning t.json");
    assert!(printed.contains("// Why: Tuned on "), "{printed}");
    assert!(
        printed.contains(": twice as fast as the other."),
        "{printed}"
    );
    let printed = folder.succeed("kernel log-softmax --shape 64x12 --tuning t.json");
    assert!(!printed.contains("Tuned"), "{printed}");
}

#[test]
fn a_file_of_anything_else_is_refused() {
    let folder = Folder::new();
    let own = made_up(&folder);
    let mut other = own.clone();
    other[0]["shaders"] = "0123".into();
    folder.put("other.json", other.to_string().as_bytes());
    let shaders = own[0]["shaders"].as_str().expect("a digest");
    let words = &[
        "other.json: tuning: expected the digest of the shaders",
        shaders,
        "found \"0123\"",
    ];
    for command in [
        "softmax x.npy -o out.npy",
        "kernel softmax --shape 64x12",
        "bench --op softmax --shape 64x12",
        "check --op softmax",
    ] {
        folder.fail(&format!("{command} --tuning other.json"), 2, words);
    }
    // Joined with that of this device, it is no trouble.
    let joined = json!([other[0], own[0]]);
    folder.put("both.json", joined.to_string().as_bytes());
    folder.succeed("kernel softmax --shape 64x12 --tuning both.json");

    folder.put("bad.json", b"{}");
    let line = "softmax x.npy -o out.npy --tuning bad.json";
    folder.fail(line, 2, &["bad.json: expected what tune -o writes"]);
    folder.fail(
        "softmax x.npy -o out.npy --tuning none.json",
        2,
        &["none.json: cannot read"],
    );
}
