//! Results as they are written to JSON and CSV.

use crate::cli::report::{Adapter, Number};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use wgpu_softmax::bench::{Measurement, Sweep};

/// The results of one adapter.
#[derive(Debug, Serialize)]
pub(crate) struct Timed {
    #[serde(flatten)]
    pub(crate) adapter: Adapter,
    #[serde(serialize_with = "objects")]
    pub(crate) results: Vec<Measurement>,
    #[serde(skip)]
    pub(crate) sweeps: Vec<Sweep>,
}

/// Fields that the CSV file has and the JSON file has not.
const ONLY_IN_CSV: [&str; 8] = [
    "time_lower_ns",
    "time_upper_ns",
    "ceiling_kernel",
    "fraction_lower",
    "fraction_upper",
    "rounds",
    "memory",
    "clock",
];

/// Returns the fields of a result by name.
fn fields(result: &Measurement) -> [(&'static str, Value); 21] {
    let (subject, time, fraction) = (&result.subject, result.time_ns, result.fraction);
    let number = |number: f64| json!(Number(number));
    let exp_fraction = result.exp_fraction.map(|spread| number(spread.median));
    [
        ("op", subject.operation.name().into()),
        ("rows", subject.rows.into()),
        ("cols", subject.cols.into()),
        ("inner", subject.inner.into()),
        ("dtype", subject.dtype.name().into()),
        ("kernel", result.kernel.as_str().into()),
        ("time_ns", number(time.median)),
        ("time_lower_ns", number(time.lower)),
        ("time_upper_ns", number(time.upper)),
        ("bytes", result.bytes.into()),
        ("gb_per_s", number(result.gb_per_s())),
        ("ceiling", result.ceiling.name().into()),
        ("ceiling_kernel", result.ceiling_kernel.as_str().into()),
        ("ceiling_gb_per_s", number(result.ceiling_gb_per_s.median)),
        ("fraction", number(fraction.median)),
        ("fraction_lower", number(fraction.lower)),
        ("fraction_upper", number(fraction.upper)),
        ("exp_fraction", exp_fraction.into()),
        ("rounds", result.rounds.into()),
        ("memory", memory(result).into()),
        ("clock", result.clock.name().into()),
    ]
}

fn objects<S: Serializer>(results: &[Measurement], serializer: S) -> Result<S::Ok, S::Error> {
    struct Object<'a>(&'a Measurement);

    impl Serialize for Object<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            // A result whose rows are contiguous has no `inner`.
            let says = |name, value: &Value| match name {
                "inner" => *value != 1,
                _ => !value.is_null() && !ONLY_IN_CSV.contains(&name),
            };
            let fields = fields(self.0).into_iter();
            serializer.collect_map(fields.filter(|(name, value)| says(name, value)))
        }
    }

    serializer.collect_seq(results.iter().map(Object))
}

/// Returns every result with its quartiles as CSV, a line each.
pub(crate) fn csv(adapters: &[Timed]) -> String {
    let line = |adapter: &Adapter, result: &Measurement| {
        let of_adapter = [
            ("adapter", adapter.name.as_str().into()),
            ("backend", adapter.backend.as_str().into()),
            ("driver", adapter.driver.as_str().into()),
            ("device_type", adapter.device_type.into()),
        ];
        of_adapter.into_iter().chain(fields(result))
    };
    let lines = adapters.iter().flat_map(|timed| {
        let results = timed.results.iter();
        results.map(|result| line(&timed.adapter, result))
    });
    let mut writer = csv::Writer::from_writer(Vec::new());
    for (index, line) in lines.enumerate() {
        let (names, values): (Vec<_>, Vec<_>) = line.unzip();
        if index == 0 {
            writer.write_record(names).expect(IN_MEMORY);
        }
        writer.serialize(values).expect(IN_MEMORY);
    }
    let bytes = writer.into_inner().expect(IN_MEMORY);
    String::from_utf8(bytes).expect("text in, text out")
}

const IN_MEMORY: &str = "writing to memory cannot fail";

/// Returns `cold` or `warm`.
pub(crate) const fn memory(result: &Measurement) -> &'static str {
    if result.cold { "cold" } else { "warm" }
}
