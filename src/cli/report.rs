//! Reports that `--json`, `--junit` and `--digests` write.

use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use wgpu_softmax::AdapterEntry;
pub(crate) use wgpu_softmax::AdapterFacts as Adapter;
pub(crate) use wgpu_softmax::check::Checked;
use wgpu_softmax::check::Group;

/// Result of one operation.
#[derive(Debug, Serialize)]
pub(crate) struct Operation<'a> {
    pub(crate) operation: &'a str,
    pub(crate) adapter: Option<Adapter>,
    pub(crate) kernel: Option<String>,
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) outputs: BTreeMap<&'a str, String>,
    pub(crate) loss: Option<Number<f32>>,
}

/// Report of `devices`, `check` and `bench`: one entry an adapter.
#[derive(Debug, Serialize)]
pub(crate) struct Adapters<T> {
    pub(crate) adapters: Vec<T>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    pub(crate) index: usize,
    #[serde(flatten)]
    pub(crate) adapter: Adapter,
}

impl Listed {
    pub(crate) fn of(entry: &AdapterEntry) -> Self {
        Self {
            index: entry.index,
            adapter: entry.info.clone().into(),
        }
    }
}

/// A number, or the name of one that JSON lacks: "NaN", "inf", "-inf".
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number<T>(pub(crate) T);

impl<T: Copy + Into<f64> + Serialize> Serialize for Number<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wide: f64 = self.0.into();
        if wide.is_finite() {
            self.0.serialize(serializer)
        } else {
            serializer.collect_str(&wide)
        }
    }
}

/// Returns a report as the text of a JSON file.
pub(crate) fn json(report: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(report)
        .expect("keys are strings and writing to memory cannot fail");
    text + "\n"
}

/// Returns a report of `check` as the text of a JUnit file, of the schema that Jenkins and pytest keep to: a suite an adapter, a
/// case a group.
pub(crate) fn junit(report: &Adapters<Checked>) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for Checked { adapter, groups } in &report.adapters {
        let suite = escape(&format!("{} {}", adapter.name, adapter.backend));
        let failures = groups.iter().filter(|group| !group.passed).count();
        let counts = format!(
            "tests=\"{}\" failures=\"{failures}\" errors=\"0\"",
            groups.len()
        );
        text += &format!("  <testsuite name=\"{suite}\" {counts}>\n");
        groups.iter().for_each(|group| text += &case(&suite, group));
        text += "  </testsuite>\n";
    }
    text + "</testsuites>\n"
}

fn case(suite: &str, group: &Group) -> String {
    let name = escape(&name(group));
    let start = format!("    <testcase classname=\"{suite}\" name=\"{name}\"");
    if group.passed {
        return start + "/>\n";
    }
    let note = group.note.as_deref().unwrap_or_default();
    let message = escape(&format!("{} times the bound: {note}", group.worst_bound));
    format!(
        "{start}>\n      <failure type=\"difference\" message=\"{message}\"/>\n    </testcase>\n"
    )
}

/// Returns the name of a group in reports.
pub(crate) fn name(group: &Group) -> String {
    let Group {
        op,
        dtype,
        variant,
        inputs,
        ..
    } = group;
    format!("{op} {dtype} {variant} {inputs}")
}

/// Returns the digests of `check`: a line a group, in alphabetical order, adapter by adapter.
pub(crate) fn digests(report: &Adapters<Checked>) -> String {
    let digest = |group: &Group| format!("{} {:016x}\n", name(group), group.digest);
    let of_adapter = |checked: &Checked| {
        let mut lines: Vec<_> = checked.groups.iter().map(digest).collect();
        lines.sort();
        lines.concat()
    };
    report.adapters.iter().map(of_adapter).collect()
}

/// Escapes text for an XML attribute; characters that XML cannot hold become U+FFFD.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for char in text.chars() {
        match char {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\n' => escaped += "&#10;",
            '\t' => escaped += "&#9;",
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ if char.is_ascii_control() => escaped.push('\u{fffd}'),
            _ => escaped.push(char),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{Adapter, Adapters, Checked, Number, escape, json, junit};
    use std::ops::ControlFlow;
    use uppsala::{XsdValidator, parse};
    use wgpu_softmax::check::{self, Selection};
    use wgpu_softmax::variant::Operation;
    use wgpu_softmax::{DType, Gpu};

    #[test]
    fn numbers_are_short_and_the_rest_has_names() {
        assert_eq!(json(&Number(0.1_f32)), "0.1\n");
        assert_eq!(json(&Number(f32::NAN)), "\"NaN\"\n");
        assert_eq!(json(&Number(f64::NEG_INFINITY)), "\"-inf\"\n");
    }

    #[test]
    fn xml_holds_any_text() {
        assert_eq!(
            escape("a<b> & \"c\"\n\u{7}d"),
            "a&lt;b&gt; &amp; &quot;c&quot;&#10;\u{fffd}d"
        );
    }

    #[test]
    fn junit_keeps_to_the_schema_of_its_readers() {
        let selection = Selection::default().operation(Operation::LogSumExp);
        let gpu = Gpu::open().expect("an adapter");
        let report = check::run(&[gpu], &selection.dtype(DType::F16), &mut |_| {
            ControlFlow::Break(())
        });
        let passed = report.expect("a device that works").groups.remove(0);
        let mut failed = passed.clone();
        failed.passed = false;
        failed.worst_bound = f64::INFINITY;
        failed.note = Some("a < b & \"c\" \u{1}".into());
        let checked = |name: &str, groups| Checked {
            adapter: Adapter {
                name: name.into(),
                backend: "vulkan".into(),
                driver: String::new(),
                device_type: "cpu".into(),
            },
            groups,
        };
        let junit = junit(&Adapters {
            adapters: vec![
                checked("a < b & \"c\" \u{1}", vec![failed, passed]),
                checked("nothing ran", vec![]),
            ],
        });
        let schema = include_str!("../../tests/cli/schemas/junit-10.xsd");
        let schema = XsdValidator::from_schema(&parse(schema).expect("XML")).expect("a schema");
        let violations = |text: &str| schema.validate(&parse(text).expect("XML"));
        assert_eq!(violations(&junit), [], "{junit}");
        assert_eq!(junit.matches("<failure ").count(), 1, "{junit}");
        // The schema does look at what a report has.
        for (part, without) in [(" errors=\"0\"", ""), ("<failure ", "<difference ")] {
            let broken = junit.replacen(part, without, 1);
            assert!(!violations(&broken).is_empty(), "{broken}");
        }
    }
}
