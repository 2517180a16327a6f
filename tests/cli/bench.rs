//! `bench`: its printed and written output. Its times depend on the machine, and are not tested.

use crate::folder::*;
use serde_json::Value;

/// Fields of a result, and no others.
const FIELDS: [&str; 11] = [
    "op",
    "rows",
    "cols",
    "dtype",
    "kernel",
    "time_ns",
    "bytes",
    "gb_per_s",
    "ceiling",
    "ceiling_gb_per_s",
    "fraction",
];

/// Command line of six results, with time enough for them on a busy machine: with such small matrices they do not use it.
const SHORT: &str =
    "bench --op softmax,logsumexp --op jacobian --shape 64x9 --dtype f32,f16 --seconds 600";

fn results(report: &Value) -> &Vec<Value> {
    let adapters = report["adapters"].as_array().expect("a list of adapters");
    assert_eq!(adapters.len(), 1);
    adapters[0]["results"]
        .as_array()
        .expect("a list of results")
}

#[test]
fn json_has_the_fields_that_scripts_rely_on() {
    let folder = Folder::new();
    let printed = folder.succeed(&format!("{SHORT} --json b.json"));
    let report = folder.json("b.json");
    for fact in ["name", "backend", "driver", "device_type"] {
        assert!(report["adapters"][0][fact].is_string(), "{report}");
    }
    let results = results(&report);
    assert_eq!(results.len(), 3 * 2);
    for result in results {
        let mut names: Vec<_> = result.as_object().expect("an object").keys().collect();
        names.sort();
        let mut expected = FIELDS;
        expected.sort_unstable();
        assert_eq!(names, expected);
        let number = |name: &str| result[name].as_f64().expect("a number");
        let rate = number("bytes") / number("time_ns");
        assert!((number("gb_per_s") / rate - 1.0).abs() < 1e-9, "{result}");
        assert!(
            number("fraction") > 0.0 && number("ceiling_gb_per_s") > 0.0,
            "{result}"
        );
        let ceiling = if result["op"] == "logsumexp" {
            "read"
        } else {
            "copy"
        };
        assert_eq!(result["ceiling"], ceiling);
    }
    let first = &results[0];
    assert_eq!(
        (&first["op"], &first["dtype"]),
        (&"softmax".into(), &"f32".into())
    );
    assert_eq!((&first["rows"], &first["cols"]), (&64.into(), &9.into()));
    assert_eq!(first["bytes"], 2 * 4 * 64 * 9);
    assert_eq!(
        printed.matches("fraction").count(),
        2,
        "a table a shape and type: {printed}"
    );
}

#[test]
fn csv_and_page_tell_every_result() {
    let folder = Folder::new();
    let line = format!("{SHORT} --exp-ceiling --csv b.csv --html b.html --json b.json");
    folder.succeed(&line);
    let report = folder.json("b.json");
    assert!(
        results(&report)[0]["exp_fraction"]
            .as_f64()
            .is_some_and(|fraction| fraction > 0.0)
    );
    let csv = String::from_utf8(folder.get("b.csv")).expect("text");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let lines: Vec<_> = reader
        .records()
        .map(|record| record.expect("a record"))
        .collect();
    assert_eq!(lines.len(), results(&report).len());
    let place = |name| header.iter().position(|column| column == name).expect(name);
    for (line, result) in lines.iter().zip(results(&report)) {
        let number = |name| line[place(name)].parse::<f64>().expect("a number");
        let fraction = result["fraction"].as_f64().expect("a number");
        assert!(
            (number("fraction") / fraction - 1.0).abs() < 1e-12,
            "read from JSON and CSV"
        );
        assert!(number("time_lower_ns") <= number("time_ns"));
        assert!(number("time_upper_ns") >= number("time_ns"));
        assert_eq!(
            line[place("memory")],
            *"warm",
            "so small a matrix stays in a cache"
        );
    }
    let page = String::from_utf8(folder.get("b.html")).expect("text");
    assert_eq!(
        page.matches("<svg ").count(),
        2 * 2,
        "two plots a storage type"
    );
    assert_eq!(page.matches("<td>jacobian</td>").count(), 2);
    assert!(page.contains("Forms of the copy ceiling"));
    for outside in ["src=", "href=", "@import", "url("] {
        assert!(!page.contains(outside), "the page needs {outside}");
    }
}

#[test]
fn a_baseline_is_compared_result_by_result() {
    let folder = Folder::new();
    let line = "bench --op softmax --shape 64x9 --seconds 1 --json b.json";
    folder.succeed(line);
    let mut report = folder.json("b.json");
    report["adapters"][0]["results"][0]["fraction"] = 1000.0.into();
    folder.put("then.json", report.to_string().as_bytes());
    let printed = folder.succeed(&format!("{line} --baseline then.json"));
    let count = "0 better and 1 worse by more than 15 %, 0 within";
    assert!(
        printed.contains("1000.000") && printed.contains(count),
        "{printed}"
    );
    let other = folder.succeed("bench --op softmax --shape 65x9 --seconds 1 --baseline then.json");
    assert!(other.contains("0 better and 0 worse"), "{other}");
}

#[test]
fn what_the_time_does_not_reach_is_left_out_and_said() {
    let folder = Folder::new();
    let output = folder.run("bench --op softmax --shape 64x9,64x10 --seconds 0.001 --json b.json");
    assert_eq!(output.status.code(), Some(0));
    let words = stderr(&output);
    assert!(
        words.contains("time is up") && words.contains("softmax of 64x10 f32"),
        "{words}"
    );
    let report = folder.json("b.json");
    assert_eq!(results(&report).len(), 1, "the first is measured always");
}

#[test]
fn bad_values_are_told_before_any_work() {
    let folder = Folder::new();
    let bad = |flags: &str, words: &[&str]| folder.fail(&format!("bench {flags}"), 2, words);
    bad("--op softmix", &["softmix", "softmax-backward"]);
    bad("--dtype f64", &["f64", "bf16"]);
    for shape in ["8192", "0x3", "3x0", "axb", "3x4x5x6", "-1x2"] {
        bad(&format!("--shape={shape}"), &["ROWSxCOLUMNS"]);
    }
    for seconds in ["0", "-1", "nan", "inf", "long"] {
        bad(&format!("--seconds={seconds}"), &["a number above 0"]);
    }
    bad("--baseline absent.json", &["absent.json", "cannot read"]);
    bad("--baseline x.npy", &["x.npy"]);
    folder.put("other.json", b"{\"adapters\": [{\"name\": 1}]}");
    bad(
        "--baseline other.json",
        &["other.json", "expected what bench --json writes"],
    );
    bad("--csv - --html -", &["expected one output, found two"]);
}

#[test]
fn what_the_device_cannot_hold_is_bad_input() {
    let folder = Folder::new();
    let output = folder.run("bench --op softmax --shape 1000000x1000000 --json new.json");
    let words = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(
        words.contains("softmax of 1000000x1000000 f32") && words.contains("max_buffer_size"),
        "{words}"
    );
    assert!(!folder.path("new.json").exists());
}
