//! Standard output, stderr and reports.

use crate::folder::*;
use std::collections::HashSet;
use std::io;
use std::process::Stdio;

#[test]
fn standard_output_takes_one_result_and_stderr_the_words() {
    let folder = Folder::new();
    let output = folder.run("cross-entropy x.npy y.npy --ignore-index -100 --lse - --reference");
    assert_eq!(parse(&output.stdout).0, [3]);
    assert_eq!(stderr(&output), "0.2541958\n");
    let output = folder.run("cross-entropy x.npy y.npy --ignore-index -100 --json - --reference");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("only JSON");
    assert_eq!(report["loss"].to_string(), "0.2541958");
    assert_eq!(stderr(&output), "0.2541958\n");
}

#[test]
fn json_tells_what_ran() {
    let folder = Folder::new();
    folder.succeed("softmax x.npy -o p.npy --json j.json");
    let report = folder.json("j.json");
    assert_eq!(
        (&report["operation"], &report["rows"], &report["cols"]),
        (&"softmax".into(), &3.into(), &4.into())
    );
    assert_eq!(report["outputs"], serde_json::json!({ "probs": "p.npy" }));
    for fact in ["name", "backend", "driver", "device_type"] {
        assert!(report["adapter"][fact].is_string(), "{report}");
    }
    assert!(report["kernel"].is_string(), "{report}");
    folder.put("i.npy", &npy(1, "|u1", false, "(3,)", &[3; 3]));
    folder.succeed("cross-entropy x.npy i.npy --ignore-index 3 --reference --json j.json");
    let report = folder.json("j.json");
    assert_eq!(
        (&report["adapter"], &report["loss"]),
        (&serde_json::Value::Null, &"NaN".into())
    );
}

#[test]
fn devices_lists_what_adapter_selects() {
    let folder = Folder::new();
    let table = folder.succeed("devices --json d.json");
    let adapters = folder.json("d.json")["adapters"]
        .as_array()
        .expect("a list")
        .clone();
    assert_eq!(table.lines().count(), adapters.len());
    let name = adapters[0]["name"].as_str().expect("a name");
    assert!(
        table.lines().next().is_some_and(|line| line.contains(name)),
        "{table}"
    );
    folder.succeed("softmax x.npy -o p.npy --adapter 0 --json j.json");
    assert_eq!(folder.json("j.json")["adapter"]["name"], name);
}

#[test]
fn check_passes_here_and_reports_every_group() {
    let folder = Folder::new();
    let of_two = "--op logsumexp,jacobian --dtype f16";
    let printed = folder.succeed(&format!("check {of_two} --json c.json --junit c.xml"));
    let adapters = folder.json("c.json")["adapters"]
        .as_array()
        .expect("a list")
        .clone();
    let groups = adapters[0]["groups"].as_array().expect("a list");
    assert_eq!(adapters.len(), 1);
    assert!(!groups.is_empty() && groups.iter().all(|group| group["passed"] == true));
    let ops: HashSet<_> = groups.iter().map(|group| group["op"].as_str()).collect();
    assert_eq!(ops, HashSet::from([Some("logsumexp"), Some("jacobian")]));
    assert!(groups.iter().all(|group| group["dtype"] == "f16"));
    // The adapter, a head, a line an operation, and the sum.
    assert_eq!(printed.lines().count(), 5, "{printed}");
    let sum = format!("{0} groups: {0} ok, 0 FAILED\n", groups.len());
    assert!(printed.ends_with(&sum), "{printed}");
    let junit = String::from_utf8(folder.get("c.xml")).expect("text");
    assert_eq!(junit.matches("<testcase ").count(), groups.len());
    assert!(!junit.contains("<failure "));
    let verbose = folder.succeed(&format!("check {of_two} --quick -v"));
    assert_eq!(verbose.lines().count(), 5 + groups.len(), "{verbose}");
}

#[test]
fn digests_are_the_same_in_every_run_and_of_every_group() {
    let folder = Folder::new();
    let run = |name: &str| {
        folder.succeed(&format!(
            "check --op logsumexp --dtype f16,f32 --digests {name} --json c.json"
        ));
        String::from_utf8(folder.get(name)).expect("text")
    };
    let digests = run("a.txt");
    assert_eq!(digests, run("b.txt"));
    let lines: Vec<_> = digests.lines().collect();
    assert!(lines.is_sorted());
    let groups = &folder.json("c.json")["adapters"][0]["groups"];
    assert_eq!(lines.len(), groups.as_array().expect("a list").len());
    // Near 1e8 the logsumexp of many a row is the same number.
    let of_fine = lines.iter().filter(|line| !line.contains("shifted_1e8"));
    let digests: Vec<_> = of_fine.filter_map(|line| line.rsplit(' ').next()).collect();
    let distinct: HashSet<_> = digests.iter().collect();
    assert_eq!(distinct.len(), digests.len());
    assert!(digests.len() > 50, "{digests:?}");
}

#[test]
fn a_closed_standard_output_ends_quietly() {
    let folder = Folder::new();
    let lines = [
        "devices",
        "softmax x.npy -o - --reference",
        "cross-entropy x.npy y.npy --ignore-index -100 --reference",
        "check --op logsumexp --dtype f16",
        "bench --op softmax --shape 64x9 --seconds 1",
    ];
    for line in lines {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let output = folder
            .command(line)
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .expect("the command starts");
        assert_eq!(output.status.code(), Some(0), "{line}");
        assert_eq!(stderr(&output), "", "{line}");
    }
}
