//! `doctor`: what this machine offers to the kernels, what is missing, and what helps.

mod abilities;

use super::args::{self, WGPU, backends};
use super::outputs::Outputs;
use super::progress;
use super::report::{self, Listed};
use super::{adapters, advice, failure::Failure};
use abilities::Abilities;
use serde::Serialize;
use std::collections::BTreeMap;
use std::env;
use std::fmt::{self, Display};
use wgpu_softmax::AdapterEntry;

/// Variables that choose adapters.
const VARIABLES: [&str; 4] = [
    "WGPU_BACKEND",
    "WGPU_ADAPTER_NAME",
    "VK_DRIVER_FILES",
    "VK_ICD_FILENAMES",
];

/// Report that `--json` writes.
#[derive(Debug, Serialize)]
struct Report {
    version: &'static str,
    wgpu: &'static str,
    system: String,
    backends: String,
    /// Variables that are set, of those that choose adapters.
    environment: BTreeMap<&'static str, String>,
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

pub(crate) fn run(args: &args::Doctor) -> Result<(), Failure> {
    let outputs = Outputs::default().text("json", args.json.path.as_deref())?;
    let wanted = advice::wanted(args.adapter.as_deref());
    let (wanted, found) = (wanted.as_deref(), wgpu_softmax::adapters());
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
        environment: VARIABLES
            .into_iter()
            .filter_map(|name| Some((name, env::var(name).ok()?)))
            .collect(),
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

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "wgpu-softmax {}, wgpu {}, with the backends {}",
            self.version, self.wgpu, self.backends
        )?;
        writeln!(f, "{}", self.system)?;
        let mut variables = self.environment.iter();
        variables.try_for_each(|(name, value)| writeln!(f, "{name}={value}"))?;
        let listed = self.adapters.iter().map(|examined| &examined.listed);
        for (line, examined) in adapters::lines(listed).iter().zip(&self.adapters) {
            writeln!(f, "\n{line}")?;
            match (&examined.abilities, &examined.problem) {
                (Some(abilities), _) => abilities.fmt(f)?,
                (None, problem) => writeln!(
                    f,
                    "    unusable     {}",
                    problem.as_deref().unwrap_or_default()
                )?,
            }
        }
        let (all, is_usable) = (&self.adapters, |it: &&Examined| it.abilities.is_some());
        let usable = all.iter().filter(is_usable).count();
        write!(f, "\nusable: {usable} of {} adapters", all.len())
    }
}
