//! `tune`: the fastest kernels on this machine's adapters, by a race.

use super::adapters;
use super::args;
use super::failure::{Failure, note};
use super::outputs::Outputs;
use super::progress;
use super::report::{self, Adapter, Number};
use indicatif::ProgressBar;
use serde_json::{Value, json};
use std::time::Duration;
use wgpu_softmax::bench::{Budget, Subject, Unmeasured};
use wgpu_softmax::tune::{Finalist, Outcome, Tuner};
use wgpu_softmax::{Gpu, Tuning};

pub(crate) fn run(args: &args::Tune) -> Result<(), Failure> {
    let outputs = Outputs::default()
        .text("tuning", args.output.as_deref())?
        .text("json", args.json.path.as_deref())?;
    let budget = Budget::new(args.seconds);
    let gpus = adapters::open_each(&args.timed.adapter)?;
    let mut run = Run {
        outputs,
        tunings: Vec::new(),
        adapters: Vec::new(),
        wrong: 0,
    };
    for (index, gpu) in gpus.iter().enumerate() {
        run.adapter(gpu, args, budget.part(gpus.len() - index))?;
    }
    let (tuning, report) = run.texts();
    run.outputs
        .finish([], &[("tuning", &tuning), ("json", &report)])?;
    match run.wrong {
        0 => Ok(()),
        count => Err(Failure::Difference(format!(
            "{count} results differ from the reference"
        ))),
    }
}

/// Results so far, and the outputs that they go to.
struct Run {
    outputs: Outputs,
    tunings: Vec<Tuning>,
    adapters: Vec<Value>,
    wrong: usize,
}

impl Run {
    fn adapter(&mut self, gpu: &Gpu, args: &args::Tune, budget: Budget) -> Result<(), Failure> {
        let subjects = args.timed.subjects(gpu);
        let adapter: Adapter = gpu.adapter_info().into();
        let doing = format!("tuning on {}", adapter.name);
        self.outputs.say(&adapter)?;
        self.tunings.push(Tuning::of(gpu.device()));
        self.adapters.push(json!(adapter));
        progress::over(doing, subjects.len(), "problems", |bar| {
            let mut tuner = Tuner::new(gpu)?;
            for (place, subject) in subjects.iter().enumerate() {
                // At least one subject is always tuned.
                let least = (place == 0).then_some(Duration::ZERO);
                let Some(share) = budget.share(subjects.len() - place).or(least) else {
                    let left = subjects.len() - place;
                    let left = format!("{left} left out, from {subject} on; --seconds gives more");
                    bar.suspend(|| note("time is up", left));
                    break;
                };
                self.race(&mut tuner, *subject, share, bar)?;
                bar.inc(1);
            }
            Ok(())
        })
    }

    fn race(
        &mut self,
        tuner: &mut Tuner,
        subject: Subject,
        share: Duration,
        bar: &ProgressBar,
    ) -> Result<(), Failure> {
        match tuner.tune(subject, share) {
            Ok(outcome) => {
                let wrong = outcome.wrong.iter();
                let wrong = wrong.map(|(variant, why)| format!("FAILED: {variant}: {why}"));
                let lines: Vec<String> = [lines(outcome)].into_iter().chain(wrong).collect();
                self.wrong += lines.len() - 1;
                bar.suspend(|| self.outputs.say(lines.join("\n")))?;
            }
            Err(Unmeasured::Failed(error)) => {
                let at = subject.to_string();
                return Err(Failure::Library { at, error });
            }
            Err(differs) => {
                self.wrong += 1;
                bar.suspend(|| self.outputs.say(format!("FAILED: {differs}")))?;
            }
        }
        if let (Some(adapter), Some(tuning)) = (self.adapters.last_mut(), self.tunings.last_mut()) {
            adapter["results"] = tuner.outcomes().iter().map(raced).collect();
            *tuning = tuner.tuning();
        }
        let (tuning, report) = self.texts();
        self.outputs
            .refresh(&[("tuning", &tuning), ("json", &report)])
    }

    /// Returns the texts of the tuning and of the report.
    fn texts(&self) -> (String, String) {
        let report = json!({"adapters": self.adapters});
        (report::json(&self.tunings), report::json(&report))
    }
}

/// Returns the lines of an outcome: the problem with its verdict, and the two kernels.
fn lines(outcome: &Outcome) -> String {
    let Outcome {
        subject,
        tried,
        rounds,
        preferred,
        best,
        ratio,
        ..
    } = outcome;
    let verdict = match outcome.replaces() {
        true => "faster",
        false => "not faster beyond the noise: built-in stays",
    };
    let of = subject.ceiling().name();
    let line = |what: &str, kernel: &Finalist| {
        let fraction = kernel.fraction.median;
        format!("  {what:<9} {fraction:.3} of a {of}  {}", kernel.variant)
    };
    let (built_in, best) = (line("built-in", preferred), line("best", best));
    format!(
        "{subject}: {:.2} times ({:.2} to {:.2}), {verdict}; {tried} kernels, {rounds} rounds\n{built_in}\n{best}",
        ratio.median, ratio.lower, ratio.upper
    )
}

fn raced(outcome: &Outcome) -> Value {
    let (subject, ratio) = (&outcome.subject, outcome.ratio);
    let number = |number| json!(Number(number));
    let kernel = |of: &Finalist| json!({"variant": of.variant.to_string(), "fraction": number(of.fraction.median)});
    json!({
        "op": subject.operation.name(),
        "rows": subject.rows,
        "cols": subject.cols,
        "inner": subject.inner,
        "dtype": subject.dtype.name(),
        "tried": outcome.tried,
        "rounds": outcome.rounds,
        "built_in": kernel(&outcome.preferred),
        "best": kernel(&outcome.best),
        "ratio": number(ratio.median),
        "ratio_lower": number(ratio.lower),
        "ratio_upper": number(ratio.upper),
        "replaces": outcome.replaces(),
    })
}
