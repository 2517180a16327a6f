//! `doctor`: what this machine offers to the kernels, what is missing, and what helps.

use super::args::{self, WGPU, backends};
use super::outputs::Outputs;
use super::progress;
use super::report::{self, Listed};
use super::{adapters, advice, failure::Failure};
use serde::Serialize;
use std::fmt::{self, Display};
use wgpu_softmax::bench::{Bench, Options};
use wgpu_softmax::check::{Inputs, bounds, compare};
use wgpu_softmax::wgpu::Features;
use wgpu_softmax::{AdapterEntry, Error, Gpu, reference};

/// Report that `--json` writes.
#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    wgpu: &'static str,
    system: String,
    backends: String,
    adapters: Vec<Examined>,
    advice: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Examined {
    #[serde(flatten)]
    listed: Listed,
    /// What the adapter can do; none if it gives no device, or wrong results.
    abilities: Option<Abilities>,
    /// Reason why it cannot be used.
    problem: Option<String>,
}

#[derive(Debug, Serialize)]
struct Abilities {
    /// Share of the bound that the largest error of a softmax took.
    worst_bound: f64,
    /// Lanes of the smallest and the largest subgroup; none if shaders may not use subgroups.
    subgroups: Option<[u32; 2]>,
    shader_f16: bool,
    timestamp_query: bool,
    /// Source of the times of `bench`: timestamps only if they agree with the wall clock.
    clock: &'static str,
    max_buffer_size: u64,
    max_storage_buffer_binding_size: u64,
    max_compute_invocations_per_workgroup: u32,
    max_compute_workgroup_storage_size: u32,
}

pub(crate) fn run(args: &args::Doctor) -> Result<(), Failure> {
    let outputs = Outputs::default().text("json", args.json.path.as_deref())?;
    let (wanted, found) = (args.adapter.as_deref(), wgpu_softmax::adapters());
    let meant = wanted.map(adapters::meant);
    let is_meant = |entry: &AdapterEntry| meant.as_ref().is_none_or(|meant| meant.matches(entry));
    let examined = progress::over("examining".into(), found.len(), "adapters", |bar| {
        let examine = |entry| {
            let examined = Examined::of(entry);
            bar.inc(1);
            examined
        };
        found.iter().map(examine).collect::<Vec<_>>()
    });
    let mut serving = found
        .iter()
        .zip(&examined)
        .filter(|(entry, examined)| is_meant(entry) && examined.abilities.is_some());
    let serves = serving.next().is_some();
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        wgpu: WGPU,
        system: advice::system(),
        backends: backends(),
        adapters: examined,
        advice: match serves {
            true => advice::on_hardware(&found),
            false => advice::on(wanted, &found),
        },
    };
    outputs.finish([], &[("json", &report::json(&report))])?;
    outputs.say(&report)?;
    if serves {
        return report
            .advice
            .iter()
            .try_for_each(|line| outputs.say(format!("hint: {line}")));
    }
    let reason = match wanted {
        Some(wanted) => format!("none that {wanted:?} means computes right"),
        None => "none computes right".into(),
    };
    Err(adapters::none(reason, wanted))
}

impl Examined {
    fn of(entry: &AdapterEntry) -> Self {
        let (abilities, problem) = match Abilities::of(entry) {
            Ok(abilities) => (Some(abilities), None),
            Err(problem) => (None, Some(problem)),
        };
        Self {
            listed: Listed::of(entry),
            abilities,
            problem,
        }
    }
}

impl Abilities {
    /// Opens the adapter and computes on it; returns the reason if that cannot be done, or not right.
    fn of(entry: &AdapterEntry) -> Result<Self, String> {
        let told = |error: Error| error.to_string();
        let gpu = Gpu::open_selected(&adapters::meant(&entry.index.to_string())).map_err(told)?;
        let (rows, cols) = (4, 1000);
        let logits = Inputs::PlantedOutliers.logits(rows, cols, 1);
        let found = gpu.softmax(&logits, rows).map_err(told)?;
        let expected = reference::softmax(&logits, cols);
        let compared = compare(&found, &expected, &bounds::probability(&logits, cols), cols);
        if !compared.passed() {
            let (found, expected) = (compared.found, compared.expected);
            return Err(format!(
                "computes wrong: of {} probabilities, one is {found:.3e} and not {expected:.3e}",
                compared.elements
            ));
        }
        let clock = Bench::new(&gpu, Options::default())
            .map(|bench| bench.clock())
            .map_err(told)?;
        let (features, limits) = (entry.features, gpu.device().limits());
        Ok(Self {
            worst_bound: compared.worst_share,
            subgroups: gpu
                .planner()
                .abilities()
                .subgroup
                .map(|least| [least, entry.info.subgroup_max_size]),
            shader_f16: features.contains(Features::SHADER_F16),
            timestamp_query: features.contains(Features::TIMESTAMP_QUERY),
            clock: clock.name(),
            max_buffer_size: limits.max_buffer_size,
            max_storage_buffer_binding_size: limits.max_storage_buffer_binding_size,
            max_compute_invocations_per_workgroup: limits.max_compute_invocations_per_workgroup,
            max_compute_workgroup_storage_size: limits.max_compute_workgroup_storage_size,
        })
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "wgpu-softmax {}, wgpu {}, with the backends {}",
            self.version, self.wgpu, self.backends
        )?;
        writeln!(f, "{}\n", self.system)?;
        let listed = self.adapters.iter().map(|examined| &examined.listed);
        for (line, examined) in adapters::lines(listed).iter().zip(&self.adapters) {
            writeln!(f, "{line}")?;
            match (&examined.abilities, &examined.problem) {
                (Some(abilities), _) => abilities.fmt(f)?,
                (None, problem) => writeln!(
                    f,
                    "    unusable     {}",
                    problem.as_deref().unwrap_or_default()
                )?,
            }
        }
        let usable = self
            .adapters
            .iter()
            .filter(|examined| examined.abilities.is_some());
        write!(
            f,
            "\n{} adapters, {} usable",
            self.adapters.len(),
            usable.count()
        )
    }
}

impl Display for Abilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subgroups = match self.subgroups {
            Some([least, most]) if least == most => format!("{least} lanes"),
            Some([least, most]) => format!("{least} to {most} lanes"),
            None => "none: lanes merge through workgroup memory".into(),
        };
        let f16 = match self.shader_f16 {
            true => "there, and not needed",
            false => "not there, and not needed",
        };
        let timestamps = match (self.timestamp_query, self.clock) {
            (true, "timestamps") => "trusted: they agree with the wall clock",
            (true, _) => "doubted: bench takes the wall clock, with which they do not agree",
            (false, _) => "none: bench takes the wall clock",
        };
        writeln!(
            f,
            "    softmax      right, at {:.2} of its bound",
            self.worst_bound
        )?;
        writeln!(f, "    subgroups    {subgroups}")?;
        writeln!(
            f,
            "    f16          {f16}: float16 and bfloat16 are stored as integers"
        )?;
        writeln!(f, "    timestamps   {timestamps}")?;
        writeln!(
            f,
            "    limits       buffers of {}, bindings of {}, workgroups of {} invocations and {}",
            size(self.max_buffer_size),
            size(self.max_storage_buffer_binding_size),
            self.max_compute_invocations_per_workgroup,
            size(self.max_compute_workgroup_storage_size.into()),
        )
    }
}

/// Returns a number of bytes in words.
fn size(bytes: u64) -> impl Display {
    indicatif::BinaryBytes(bytes)
}
