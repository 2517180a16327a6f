//! `bench` and `report`: their printed and written output. Times depend on the machine, and are not tested.

use crate::folder::*;
use serde_json::Value;
use wgpu_softmax::bench::{AdapterResults, Host, Report, Timing};
use wgpu_softmax::wgpu::{AdapterInfo, Backend, DeviceType};

/// Fields of a result that were there from the first, and those that came later: no others.
const FIELDS: [&str; 24] = [
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
    "inner",
    "time_lower_ns",
    "time_upper_ns",
    "ceiling_kernel",
    "fraction_lower",
    "fraction_upper",
    "effort_fraction",
    "effort_lower",
    "effort_upper",
    "exp_fraction",
    "rounds",
    "memory",
    "clock",
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
    assert_eq!(report["schema"], 1);
    for fact in ["date", "version", "command"] {
        assert!(report[fact].is_string(), "{fact}: {report}");
    }
    assert!(report.get("commit").is_some(), "known or null");
    let date = report["date"].as_str().expect("text");
    assert!(date.len() == 20 && date.ends_with('Z'), "{date}");
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    let command = report["command"].as_str().expect("text");
    let typed = format!("wgpu-softmax {SHORT} --json b.json");
    assert_eq!(command.replace('\'', ""), typed, "quoted for a shell");
    assert!(report["host"]["os"].is_string() && report["host"]["cpu"].is_string());
    assert!(report["host"]["cores"].as_u64() > Some(0));
    assert_eq!(report["adapters"][0]["left_out"], serde_json::json!([]));
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
        for (lower, median, upper) in [
            ("time_lower_ns", "time_ns", "time_upper_ns"),
            ("fraction_lower", "fraction", "fraction_upper"),
        ] {
            let in_order = number(lower) <= number(median) && number(median) <= number(upper);
            assert!(in_order, "{result}");
        }
        assert!(number("rounds") >= 5.0, "{result}");
        assert!(["timestamps", "wall"].contains(&result["clock"].as_str().expect("text")));
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
fn a_layer_is_timed_beside_its_parts() {
    let folder = Folder::new();
    let printed =
        folder.succeed("bench --layer 32x8x50,5x3x7 --dtype bf16 --seconds 600 --json b.json");
    assert!(
        printed.contains("linear-cross-entropy 32x8x50 bf16"),
        "{printed}"
    );
    let report = folder.json("b.json");
    let layers = report["adapters"][0]["layers"].as_array().expect("a list");
    assert!(results(&report).is_empty());
    assert_eq!(layers.len(), 2);
    for (layer, flops) in layers.iter().zip([6 * 32 * 8 * 50, 6 * 5 * 3 * 7]) {
        let number = |name: &str| layer[name].as_f64().expect("a number");
        assert_eq!(layer["flops"], flops);
        let rate = f64::from(flops) / number("time_ns");
        assert!((number("gflop_per_s") / rate - 1.0).abs() < 1e-9, "{layer}");
        assert!(
            number("products_gflop_per_s") > 0.0 && number("rounds") >= 5.0,
            "{layer}"
        );
        let (lower, ratio, upper) = (
            number("parts_lower"),
            number("parts_ratio"),
            number("parts_upper"),
        );
        assert!(0.0 < lower && lower <= ratio && ratio <= upper, "{layer}");
    }
    folder.fail("bench --layer 32x8", 2, &["ROWSxFEATURESxCLASSES"]);
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
    assert!(page.contains("Forms of the copy ceiling"));
    for outside in ["src=", "href=", "@import", "url(", "<script"] {
        assert!(!page.contains(outside), "the page needs {outside}");
    }
    page_has(&page, results(&report));
}

/// Asserts that the page shows the numbers of results: in words, and as places in the plots.
fn page_has(page: &str, results: &[Value]) {
    for result in results {
        let word = |name: &str| result[name].as_str().expect("text").to_owned();
        let (op, dtype, fraction) = (word("op"), word("dtype"), result["fraction"].as_f64());
        let fraction = fraction.expect("a number");
        let section = page
            .split("<section><h2>")
            .find(|text| text.starts_with(&(op.clone() + "<")));
        let tile = section.unwrap_or_else(|| panic!("no tile of {op}"));
        let tile = tile.split("</section>").next().expect("a tile");
        let shape = format!("{}x{}", result["rows"], result["cols"]);
        let tip = format!("<title>{shape} {dtype}: {fraction:.3}</title>");
        let before = tile
            .split(&tip)
            .next()
            .filter(|before| before.len() < tile.len());
        let mark = before.unwrap_or_else(|| panic!("{op}: no {tip}"));
        // Heights of 0 and 1 are those of their rules.
        let height = |text: &str, name: &str| -> f64 {
            let after = text
                .rsplit(&format!(" {name}=\""))
                .next()
                .expect("an attribute");
            after
                .split('"')
                .next()
                .and_then(|text| text.parse().ok())
                .expect("a number")
        };
        let zero = height(tile.split("<text").next().expect("a rule"), "y1");
        let one = tile
            .split("class=\"grid one\"")
            .nth(1)
            .expect("the rule at 1");
        let one = height(one.split("<text").next().expect("the rule"), "y1");
        let shown = (zero - height(mark, "cy")) / (zero - one);
        if fraction < 2.0 {
            assert!(
                (shown - fraction).abs() < 0.01,
                "{op} {shape}: {shown} for {fraction}"
            );
        }
        let cell = format!("<td>{fraction:.3}</td>");
        let rate = match result["gb_per_s"].as_f64().expect("a number") {
            rate @ ..10.0 => format!("<td>{rate:.2}</td>"),
            rate @ ..100.0 => format!("<td>{rate:.1}</td>"),
            rate => format!("<td>{rate:.0}</td>"),
        };
        let tables = page.split("<tr class=\"op\"><th>");
        let mut of_op = tables.filter(|text| text.starts_with(&(op.clone() + "<")));
        let shown = of_op.any(|table| table.contains(&cell) && table.contains(&rate));
        assert!(shown, "{op} {shape}: no {cell} beside {rate}");
    }
}

/// A file of results: softmax at 64 columns, with this fraction and its quartiles.
fn made_up(fractions: [f64; 3], name: &str) -> String {
    let [lower, fraction, upper] = fractions;
    let result = serde_json::json!({
        "op": "softmax", "rows": 8, "cols": 64, "dtype": "f32", "kernel": "k", "time_ns": 1e3, "bytes": 4096,
        "gb_per_s": 4.096, "ceiling": "copy", "ceiling_gb_per_s": 8.0, "fraction": fraction,
        "fraction_lower": lower, "fraction_upper": upper,
    });
    let adapter = serde_json::json!({
        "name": name, "backend": "vulkan", "driver": "d 1.0", "device_type": "cpu", "results": [result],
        "left_out": [{"op": "jacobian", "rows": 8, "cols": 9, "inner": 1, "dtype": "f32", "reason": "the time was up"}],
    });
    serde_json::json!({"schema": 1, "date": "2026-11-28T00:00:00Z", "adapters": [adapter]})
        .to_string()
}

#[test]
fn a_change_is_told_with_its_direction_and_noise_is_not() {
    let folder = Folder::new();
    let line = "bench --op softmax --shape 64x9 --seconds 1 --json b.json";
    folder.succeed(line);
    let mut report = folder.json("b.json");
    for (times, verdict, count) in [
        (1000.0, "slower x0.00", "0 faster, 1 slower, 0 the same"),
        (0.001, "faster x", "1 faster, 0 slower, 0 the same"),
    ] {
        let result = &mut report["adapters"][0]["results"][0];
        for field in ["fraction_lower", "fraction", "fraction_upper"] {
            result[field] = times.into();
        }
        // On software adapters processor time decides, if both runs have it.
        result["effort_fraction"] = Value::Null;
        folder.put("then.json", report.to_string().as_bytes());
        let printed = folder.succeed(&format!("{line} --baseline then.json"));
        assert!(
            printed.contains(verdict) && printed.contains(count),
            "{printed}"
        );
    }
    let result = &mut report["adapters"][0]["results"][0];
    // Quartiles so wide that nothing can be told.
    result["fraction_upper"] = 1e9.into();
    folder.put("then.json", report.to_string().as_bytes());
    let noise = folder.succeed(&format!("{line} --baseline then.json"));
    assert!(noise.contains("0 faster, 0 slower, 1 the same"), "{noise}");
    assert!(!noise.contains(" x"), "noise has no size: {noise}");
    let other = folder.succeed("bench --op softmax --shape 65x9 --seconds 1 --baseline then.json");
    assert!(other.contains("0 faster, 0 slower, 0 the same"), "{other}");
}

#[test]
fn several_runs_stand_side_by_side() {
    let folder = Folder::new();
    folder.put(
        "a.json",
        made_up([0.51, 0.52, 0.53], "Alpha (1)").as_bytes(),
    );
    folder.put("b.json", made_up([0.71, 0.72, 0.73], "Beta (2)").as_bytes());
    let printed = folder.succeed("report a.json b.json --html page.html --svg plot.svg");
    let line = printed
        .lines()
        .find(|line| line.contains("8x64 f32"))
        .expect("a line");
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(words, ["softmax", "8x64", "f32", "0.520", "0.720"]);
    assert!(
        printed.contains("Alpha   Beta") && printed.contains("1 of 2 timed"),
        "{printed}"
    );
    let page = String::from_utf8(folder.get("page.html")).expect("text");
    for report in ["a.json", "b.json"] {
        page_has(&page, results(&folder.json(report)));
    }
    for words in [
        ">Alpha 0.52<",
        ">Beta 0.72<",
        "1 of 2 timed: the time was up",
        "jacobian 8x9 f32",
        "not timed",
    ] {
        assert!(page.contains(words), "{words}");
    }
    let plot = String::from_utf8(folder.get("plot.svg")).expect("text");
    assert!(plot.starts_with("<svg ") && plot.contains("prefers-color-scheme"));
    // Of one name, series are told apart by what differs.
    folder.put("c.json", made_up([0.6; 3], "Alpha (3)").as_bytes());
    let printed = folder.succeed("report a.json c.json");
    assert!(
        printed.contains("a: Alpha") && printed.contains("c: Alpha"),
        "{printed}"
    );
}

/// Results in the repository.
fn in_repository(name: &str) -> String {
    format!("{}/benches/results/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn results_of_earlier_versions_are_read() {
    let folder = Folder::new();
    let name = in_repository("2026-11-22-lavapipe-25.0.7.json");
    let printed = folder.succeed(&format!("report {name} --html page.html"));
    assert!(
        printed.contains("0.445") && printed.contains("24 timed"),
        "{printed}"
    );
    let page = String::from_utf8(folder.get("page.html")).expect("text");
    assert!(
        !page.contains("NaN") && !page.contains("quartiles</th>"),
        "absent, not made up"
    );
}

/// The page of `benches/web` writes these types: a browser tells of no processor, and of no processor time.
#[test]
fn results_of_a_browser_lie_beside_those_of_a_desktop() {
    let folder = Folder::new();
    folder.succeed("bench --op softmax --shape 64x9 --seconds 1 --json b.json");
    let timed = folder.json("b.json")["adapters"][0]["results"].take();
    let mut results: Vec<Timing> = serde_json::from_value(timed).expect("timings");
    for timing in &mut results {
        (timing.effort_fraction, timing.effort_lower) = (None, None);
        timing.effort_upper = None;
    }
    let mut info = AdapterInfo::new(DeviceType::Other, Backend::BrowserWebGpu);
    info.name = "a phone's adapter".into();
    info.driver = "Chrome 156".into();
    let mut adapter = AdapterResults::new(&info, &[]);
    adapter.results = results;
    let mut report = Report::new();
    report.host = Some(Host {
        os: "Android, mobile".into(),
        cpu: String::new(),
        cores: 8,
    });
    report.adapters.push(adapter);
    let phone = serde_json::to_string(&report).expect("JSON");
    folder.put("phone.json", phone.as_bytes());
    folder.put("desktop.json", made_up([0.6; 3], "Alpha").as_bytes());
    let printed = folder.succeed("report phone.json desktop.json --html page.html");
    assert!(
        printed.contains("a phone's adapter (webgpu, Chrome 156)"),
        "{printed}"
    );
    let page = String::from_utf8(folder.get("page.html")).expect("text");
    assert!(page.contains("Android, mobile") && page.contains("Alpha"));
}

#[test]
fn the_plot_of_the_front_page_is_that_of_its_results() {
    let folder = Folder::new();
    let name = in_repository("2026-11-29-lavapipe-22.3.6.json");
    folder.succeed(&format!("report {name} --svg plot.svg"));
    let plot = String::from_utf8(folder.get("plot.svg")).expect("text");
    let stored = std::fs::read_to_string(in_repository("fractions.svg")).expect("the plot");
    assert_eq!(
        plot, stored,
        "benches/results/README.md says how to draw it anew"
    );
}

#[test]
fn what_is_no_result_is_refused_by_its_name() {
    let folder = Folder::new();
    let refused = |words: &[&str]| {
        let all = [&["x.json", "results as bench --json writes them"], words].concat();
        folder.fail("report x.json --html new.html", 2, &all);
        assert!(!folder.path("new.html").exists());
    };
    folder.put("x.json", b"not JSON");
    refused(&["line 1"]);
    folder.put("x.json", b"{}");
    refused(&["adapters"]);
    folder.put("x.json", b"{\"adapters\": [{\"name\": \"a\", \"backend\": \"b\", \"driver\": \"c\", \"device_type\": \"d\", \"groups\": []}]}");
    refused(&["results"]);
    let later = made_up([0.5; 3], "A").replace("\"schema\":1", "\"schema\":99");
    folder.put("x.json", later.as_bytes());
    refused(&["schema 99"]);
    folder.put("empty.json", b"{\"adapters\": []}");
    folder.fail("report empty.json", 2, &["empty", "at least one result"]);
    folder.fail("report absent.json", 2, &["absent.json", "cannot read"]);
    folder.fail("report", 2, &["JSON"]);
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
    let left_out = &report["adapters"][0]["left_out"][0];
    assert_eq!(
        (&left_out["cols"], &left_out["reason"]),
        (&10.into(), &"the time was up".into())
    );
    assert!(words.contains("1 of 2 timed"), "{words}");
    let csv = folder.succeed("bench --op softmax --shape 64x9,64x10 --seconds 0.001 --csv -");
    let last = csv.lines().last().expect("a line");
    assert!(
        last.contains(",10,1,f32,,") && last.ends_with(",the time was up"),
        "{csv}"
    );
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
        &["other.json", "expected results as bench --json writes them"],
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
