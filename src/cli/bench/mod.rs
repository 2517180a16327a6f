//! `bench`: every operation on this machine's adapters against a copy or a read of the same bytes.

mod baseline;
mod file;
mod layers;
mod page;
mod run;
pub(crate) mod side_by_side;
mod table;

use super::adapters;
use super::args;
use super::failure::{Failure, note};
use super::outputs::Outputs;
use super::progress;
use super::report;
use baseline::{Change, Changes};
use indicatif::ProgressBar;
use std::time::Duration;
use wgpu_softmax::bench::{
    self, AdapterResults, Bench, Budget, LayerTiming, Options, Report, Subject, Timing, Unmeasured,
    Verdict,
};
use wgpu_softmax::{Gpu, LinearCrossEntropySpec};

/// Relative distance of a fraction's quartiles above which it is doubtful.
const NOISY: f64 = 0.25;

/// Times that what looks changed is measured once more: it is told only if it looks so each time.
const DOUBTS: usize = 2;

pub(crate) fn run(args: &args::Bench) -> Result<(), Failure> {
    let outputs = Outputs::default()
        .text("json", args.json.path.as_deref())?
        .text("csv", args.csv.as_deref())?
        .text("html", args.html.as_deref())?;
    let mut run = Run {
        outputs: &outputs,
        baseline: args.baseline.as_deref().map(file::read).transpose()?,
        report: run::begun(),
        changes: Changes::default(),
        differences: 0,
        said: Ok(()),
    };
    let budget = Budget::new(args.seconds);
    let gpus = args
        .tuned
        .apply_each(adapters::open_each(&args.timed.adapter)?)?;
    for (index, gpu) in gpus.iter().enumerate() {
        run.adapter(gpu, args, budget.part(gpus.len() - index))?;
    }
    run.conclude()
}

/// Results so far, and the outputs that they go to.
struct Run<'a> {
    outputs: &'a Outputs,
    baseline: Option<Report>,
    report: Report,
    changes: Changes,
    differences: usize,
    said: Result<(), Failure>,
}

impl Run<'_> {
    fn adapter(&mut self, gpu: &Gpu, args: &args::Bench, budget: Budget) -> Result<(), Failure> {
        let (subjects, layers) = (args.subjects(gpu), args.layers());
        let options = Options::default()
            .warm(args.warm)
            .exp_ceiling(args.exp_ceiling)
            .vec4_ceiling(args.vec4_ceiling);
        let adapter = AdapterResults::new(&gpu.adapter_info(), &subjects);
        let doing = format!("timing on {}", adapter.name);
        progress::over(doing, subjects.len() + layers.len(), "operations", |bar| {
            let mut bench = Bench::new(gpu, options)?;
            let clock = bench.clock().name();
            self.say(bar, format!("{adapter}, times by {clock}"));
            self.report.adapters.push(adapter);
            if let Some(earlier) = self.earlier() {
                bench.keep_ceilings(earlier);
            }
            let ended = self.subjects(&mut bench, &subjects, budget, bar);
            self.adapter_mut().sweeps = bench.sweeps().to_vec();
            ended?;
            self.layers(gpu, &layers, budget, bar)
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
            let first = self.adapter_mut().results.len();
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
            for subject in group {
                self.doubt(bench, *subject, budget.share(subjects.len()), bar)?;
            }
            self.show(first, bar);
            if self.unheard() {
                return Ok(());
            }
        }
        if waiting > 0 {
            let (all, timed) = (subjects.len(), subjects.len() - waiting);
            let first = &subjects[timed];
            let left =
                format!("{timed} of {all} timed, none from {first} on; --seconds gives more");
            bar.suspend(|| note("time is up", left));
        }
        Ok(())
    }

    /// Measures layers, as far as the budget goes, but one at least if nothing else was measured.
    fn layers(
        &mut self,
        gpu: &Gpu,
        layers: &[LinearCrossEntropySpec],
        budget: Budget,
        bar: &ProgressBar,
    ) -> Result<(), Failure> {
        for (index, &spec) in layers.iter().enumerate() {
            let is_first = self.adapter_mut().results.is_empty() && index == 0;
            let least = is_first.then_some(Duration::ZERO);
            let Some(share) = budget.share(layers.len() - index).or(least) else {
                let left = format!(
                    "{index} of {} layers timed; --seconds gives more",
                    layers.len()
                );
                bar.suspend(|| note("time is up", left));
                break;
            };
            let measured = bench::linear(gpu, spec, share).map_err(|error| Failure::Library {
                at: layers::named(&spec),
                error,
            })?;
            let timing = LayerTiming::from(&measured);
            self.say(bar, format!("\n{}", layers::table(&timing)));
            self.adapter_mut().layers.push(timing);
            bar.inc(1);
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
                self.adapter_mut().add(&measurement);
                self.outputs
                    .refresh(&[("json", &report::json(&self.report))])
            }
            Err(Unmeasured::Failed(error)) => Err(Failure::Library {
                at: subject.to_string(),
                error,
            }),
            Err(differs) => {
                self.differences += 1;
                self.adapter_mut().leave_out(&subject, &differs);
                self.say(bar, format!("FAILED: {differs}"));
                Ok(())
            }
        }
    }

    /// Measures a subject again while it looks changed against the baseline: the last measurement counts.
    fn doubt(
        &mut self,
        bench: &mut Bench,
        subject: Subject,
        share: Option<Duration>,
        bar: &ProgressBar,
    ) -> Result<(), Failure> {
        for _ in 0..DOUBTS {
            let adapter = self.adapter_mut();
            let is_of = |timing: &&Timing| timing.is_of_subject(&subject);
            let result = adapter.results.iter().find(is_of).cloned();
            let change = result.and_then(|result| self.change(&result));
            if change.is_none_or(|change| change.verdict == Verdict::Same) {
                break;
            }
            self.measure(bench, subject, share.unwrap_or_default(), bar)?;
        }
        Ok(())
    }

    /// Returns true if nobody reads the lines and no file waits for the rest.
    fn unheard(&self) -> bool {
        self.said.is_err() && self.outputs.is_empty()
    }

    fn adapter_mut(&mut self) -> &mut AdapterResults {
        let last = self.report.adapters.last_mut();
        last.expect("an adapter was begun")
    }

    /// Returns the earlier results of the adapter that is being timed.
    fn earlier(&self) -> Option<&AdapterResults> {
        baseline::of_adapter(self.baseline.as_ref()?, self.report.adapters.last()?)
    }

    fn change(&self, result: &Timing) -> Option<Change> {
        Change::of(self.earlier()?, result)
    }

    /// Shows the results from index `first` on.
    fn show(&mut self, first: usize, bar: &ProgressBar) {
        let Some(adapter) = self.report.adapters.last() else {
            return;
        };
        let results = adapter.results[first..].iter();
        let entries: Vec<(&Timing, Option<Change>)> = results
            .map(|result| (result, self.change(result)))
            .collect();
        let changes: Vec<Change> = entries.iter().filter_map(|(_, change)| *change).collect();
        if entries.is_empty() {
            return;
        }
        let table = table::table(&entries);
        changes
            .into_iter()
            .for_each(|change| self.changes.count(change));
        self.say(bar, format!("\n{table}"));
    }

    /// Prints lines, as long as someone reads them.
    fn say(&mut self, bar: &ProgressBar, lines: String) {
        if self.said.is_ok() {
            self.said = bar.suspend(|| self.outputs.say(lines));
        }
    }

    /// Writes a note if rounds disagree: the times then measure what else the machine does.
    fn warn_of_noise(&self) {
        let results = || self.report.adapters.iter().flat_map(|timed| &timed.results);
        let (noisy, all) = (
            results().filter(|result| is_noisy(result)).count(),
            results().count(),
        );
        if noisy > 0 {
            let share = format!("{:.0} %", 100.0 * NOISY);
            let apart =
                format!("the quartiles of {noisy} of {all} fractions lie over {share} apart");
            note("noise", apart + ": is the machine busy?");
        }
    }

    fn conclude(self) -> Result<(), Failure> {
        if !self.unheard() {
            self.warn_of_noise();
        }
        let (json, csv) = (report::json(&self.report), file::csv(&self.report));
        let page = page::page(&page::series(&[("", &self.report)]));
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

/// True if the quartiles of a fraction are far apart.
fn is_noisy(result: &Timing) -> bool {
    result.fractions().relative() > NOISY
}
