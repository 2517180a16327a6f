//! `bench`: every operation on this machine's adapters against a copy or a read of the same bytes.

mod baseline;
mod page;
mod plot;
mod results;
mod table;

use super::adapters;
use super::args;
use super::failure::{Failure, note};
use super::outputs::Outputs;
use super::progress;
use super::report::{self, Adapters};
use baseline::{Baseline, Change, Changes};
use indicatif::ProgressBar;
use results::Timed;
use std::time::Duration;
use wgpu_softmax::Gpu;
use wgpu_softmax::bench::{Bench, Budget, Measurement, Options, Selection, Subject, Unmeasured};

/// Relative distance of a fraction's quartiles above which it is doubtful.
const NOISY: f64 = 0.25;

pub(crate) fn run(args: &args::Bench) -> Result<(), Failure> {
    let outputs = Outputs::default()
        .text("json", args.json.path.as_deref())?
        .text("csv", args.csv.as_deref())?
        .text("html", args.html.as_deref())?;
    let mut run = Run {
        outputs: &outputs,
        baseline: args.baseline.as_deref().map(Baseline::read).transpose()?,
        report: Adapters {
            adapters: Vec::new(),
        },
        changes: Changes::default(),
        differences: 0,
        said: Ok(()),
    };
    let budget = Budget::new(args.seconds);
    let gpus = args.tuned.apply_each(adapters::open_each(&args.adapter)?)?;
    for (index, gpu) in gpus.iter().enumerate() {
        run.adapter(gpu, args, budget.part(gpus.len() - index))?;
    }
    run.conclude()
}

/// Results so far, and the outputs that they go to.
struct Run<'a> {
    outputs: &'a Outputs,
    baseline: Option<Baseline>,
    report: Adapters<Timed>,
    changes: Changes,
    differences: usize,
    said: Result<(), Failure>,
}

impl Run<'_> {
    fn adapter(&mut self, gpu: &Gpu, args: &args::Bench, budget: Budget) -> Result<(), Failure> {
        let timed = Timed {
            adapter: gpu.adapter_info().into(),
            results: Vec::new(),
            sweeps: Vec::new(),
        };
        let subjects = Selection::default()
            .operations(args.op.clone())
            .shapes(args.shape.clone())
            .dtypes(args.dtype.clone())
            .subjects(gpu.planner().abilities().software);
        let options = Options::default()
            .warm(args.warm)
            .exp_ceiling(args.exp_ceiling)
            .vec4_ceiling(args.vec4_ceiling);
        let doing = format!("timing on {}", timed.adapter.name);
        progress::over(doing, subjects.len(), "operations", |bar| {
            let mut bench = Bench::new(gpu, options)?;
            let clock = bench.clock().name();
            self.say(bar, format!("{}, times by {clock}", timed.adapter));
            self.report.adapters.push(timed);
            let ended = self.subjects(&mut bench, &subjects, budget, bar);
            self.timed().sweeps = bench.sweeps().to_vec();
            ended
        })
    }

    /// Measures subjects in their order as far as the budget goes, and shows the results of one shape together.
    fn subjects(
        &mut self,
        bench: &mut Bench,
        subjects: &[Subject],
        budget: Budget,
        bar: &ProgressBar,
    ) -> Result<(), Failure> {
        let mut waiting = subjects.len();
        let shape = |subject: &Subject| (subject.shape(), subject.dtype);
        for group in subjects.chunk_by(|one, other| shape(one) == shape(other)) {
            let first = self.timed().results.len();
            for subject in group {
                // At least one subject is always measured.
                let least = (waiting == subjects.len()).then_some(Duration::ZERO);
                let Some(share) = budget.share(waiting).or(least) else {
                    break;
                };
                self.measure(bench, *subject, share, bar)?;
                bar.inc(1);
                waiting -= 1;
            }
            self.show(first, bar);
            if self.unheard() {
                return Ok(());
            }
        }
        if waiting > 0 {
            let first = &subjects[subjects.len() - waiting];
            let left = format!("{waiting} left out, from {first} on; --seconds gives more");
            bar.suspend(|| note("time is up", left));
        }
        Ok(())
    }

    fn measure(
        &mut self,
        bench: &mut Bench,
        subject: Subject,
        share: Duration,
        bar: &ProgressBar,
    ) -> Result<(), Failure> {
        match bench.measure(subject, share) {
            Ok(measurement) => {
                self.timed().results.push(measurement);
                self.outputs
                    .refresh(&[("json", &report::json(&self.report))])
            }
            Err(Unmeasured::Failed(error)) => Err(Failure::Library {
                at: subject.to_string(),
                error,
            }),
            Err(differs) => {
                self.differences += 1;
                self.say(bar, format!("FAILED: {differs}"));
                Ok(())
            }
        }
    }

    /// Returns true if nobody reads the lines and no file waits for the rest.
    fn unheard(&self) -> bool {
        self.said.is_err() && self.outputs.is_empty()
    }

    fn timed(&mut self) -> &mut Timed {
        let last = self.report.adapters.last_mut();
        last.expect("an adapter was begun")
    }

    /// Shows the results from index `first` on.
    fn show(&mut self, first: usize, bar: &ProgressBar) {
        let Some(timed) = self.report.adapters.last() else {
            return;
        };
        let change = |result| self.baseline.as_ref()?.change(&timed.adapter, result);
        let results = timed.results[first..].iter();
        let entries: Vec<(&Measurement, Option<Change>)> =
            results.map(|result| (result, change(result))).collect();
        let changes = entries.iter().filter_map(|(_, change)| *change);
        changes.for_each(|change| self.changes.count(change));
        if !entries.is_empty() {
            let table = table::table(&entries);
            self.say(bar, format!("\n{table}"));
        }
    }

    /// Prints lines, as long as someone reads them.
    fn say(&mut self, bar: &ProgressBar, lines: String) {
        if self.said.is_ok() {
            self.said = bar.suspend(|| self.outputs.say(lines));
        }
    }

    /// Writes a note if rounds disagree: the times then measure what else the machine does.
    fn doubt(&self) {
        let results = || self.report.adapters.iter().flat_map(|timed| &timed.results);
        let is_noisy = |result: &&Measurement| result.fraction.relative() > NOISY;
        let (noisy, all) = (results().filter(is_noisy).count(), results().count());
        if noisy > 0 {
            let share = format!("{:.0} %", 100.0 * NOISY);
            let apart =
                format!("the quartiles of {noisy} of {all} fractions lie over {share} apart");
            note("noise", apart + ": is the machine busy?");
        }
    }

    fn conclude(self) -> Result<(), Failure> {
        if !self.unheard() {
            self.doubt();
        }
        let adapters = &self.report.adapters;
        let (json, csv) = (report::json(&self.report), results::csv(adapters));
        let page = page::page(adapters);
        self.outputs
            .finish([], &[("json", &json), ("csv", &csv), ("html", &page)])?;
        if self.baseline.is_some() {
            self.outputs.say(format!("\n{}", self.changes))?;
        }
        match self.differences {
            0 if self.outputs.is_empty() => self.said,
            0 => Ok(()),
            count => Err(Failure::Difference(format!(
                "{count} results differ from the reference, and have no time"
            ))),
        }
    }
}
