//! Every operation beside a copy of the same bytes, in turns: a phone that gets hot slows all of them.

use std::time::Duration;

use wasm_bindgen::JsError;
use wgpu_softmax::DType;
use wgpu_softmax::bench::{
    AdapterResults, Bench, Budget, Measurement, Options, Report, Selection, Subject, Unmeasured,
};
use wgpu_softmax::variant::Operation;

use super::{Device, Watch, json};

/// Turns of all subjects. Of a subject's measurements the middle one counts.
const TURNS: usize = 3;

/// Most bytes that a subject moves: more than two matrices of 64 MiB are too much for a page on a phone.
const MOST_BYTES: u64 = 128 << 20;

/// Most subjects: each operation at three shapes of the command line's, and a Jacobian or two.
const MOST: usize = 29;

/// Time of a slow measurement, by the fastest of the same subject.
const SLOW: f64 = 1.25;

/// Seconds of rest after a turn in which half of the measurements were slow.
const REST: f64 = 15.0;

pub(super) async fn run(
    device: &Device,
    operations: &[String],
    seconds: f64,
    (command, date): (String, String),
    watch: &Watch,
) -> Result<(), JsError> {
    let subjects = subjects(device, operations);
    let all = TURNS * subjects.len();
    let mut report = Report::new();
    report.date = Some(date);
    report.command = Some(command);
    report.host = Some(device.host.clone());
    let results = AdapterResults::new(&device.info, &subjects);
    report.adapters.push(results);

    watch.begins("the clock", 0, all);
    let mut bench = Bench::new_async(&device.gpu, Options::default()).await?;
    let mut measured: Vec<Vec<Measurement>> = vec![Vec::new(); subjects.len()];
    for turn in 0..TURNS {
        let budget = Budget::new(Duration::from_secs_f64(seconds / TURNS as f64));
        let mut slow = 0;
        for (place, subject) in subjects.iter().enumerate() {
            // The first subject is always measured.
            let least = (turn + place == 0).then_some(Duration::ZERO);
            let Some(share) = budget.share(subjects.len() - place).or(least) else {
                break;
            };
            watch.begins(&subject.to_string(), turn * subjects.len() + place, all);
            let results = &mut report.adapters[0];
            match measure(&mut bench, *subject, share, watch).await {
                Ok(Some(measurement)) => {
                    let earlier = &mut measured[place];
                    slow += usize::from(is_slow(earlier, &measurement));
                    earlier.push(measurement);
                    results.add(middle(earlier));
                }
                Ok(None) => return Ok(()),
                Err(error) => results.leave_out(subject, error),
            }
            results.sweeps = bench.sweeps().to_vec();
            watch.measured(&json(&report));
        }
        if slow > 0 && 2 * slow >= subjects.len() && turn + 1 < TURNS {
            watch.rest(REST).await;
        }
    }
    Ok(())
}

/// Returns what the command line times first, of the named operations in f32, as far as a page has the memory.
fn subjects(device: &Device, operations: &[String]) -> Vec<Subject> {
    let named = |operation: &Operation| operations.iter().any(|name| name == operation.name());
    let operations: Vec<_> = Operation::ALL.into_iter().filter(named).collect();
    let grid = Selection::default().dtypes(vec![DType::F32]);
    let mut subjects = grid.subjects(device.gpu.planner().abilities().software);
    subjects.retain(|subject| subject.bytes() <= MOST_BYTES);
    subjects.truncate(MOST);
    subjects.retain(|subject| operations.contains(&subject.operation));
    subjects
}

/// Measures a subject while the page can be seen: hidden pages are slowed down. Returns none if the run was stopped.
async fn measure(
    bench: &mut Bench,
    subject: Subject,
    time: Duration,
    watch: &Watch,
) -> Result<Option<Measurement>, Unmeasured> {
    loop {
        watch.visible().await;
        if watch.stopped() {
            return Ok(None);
        }
        let hidings = watch.hidings();
        let measurement = bench.measure_async(subject, time).await?;
        if watch.hidings() == hidings {
            return Ok(Some(measurement));
        }
    }
}

fn is_slow(earlier: &[Measurement], now: &Measurement) -> bool {
    let times = earlier.iter().map(|measurement| measurement.time_ns.median);
    times
        .min_by(f64::total_cmp)
        .is_some_and(|fastest| now.time_ns.median > SLOW * fastest)
}

/// Returns the measurement with the middle fraction, of at least one; of two, the higher.
fn middle(measurements: &[Measurement]) -> &Measurement {
    let fraction = |one: &Measurement| one.fraction.median;
    let half_is_below = |one: &&Measurement| {
        let others = measurements.iter();
        let below = others.filter(|other| fraction(other) <= fraction(one));
        2 * below.count() > measurements.len()
    };
    let upper = measurements.iter().filter(half_is_below);
    upper
        .min_by(|one, other| fraction(one).total_cmp(&fraction(other)))
        .unwrap_or(&measurements[0])
}
