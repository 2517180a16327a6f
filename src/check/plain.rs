//! The plain check: few kernels, in which any two traits meet that can meet, each over every distribution. The quick one is a part
//! of it.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::candidates::{Candidate, candidates, large};
use super::case::Case;
use super::cover::cover;
use super::kernels::name;
use super::kinds::Kind;
use super::subject::Subject;
use super::traits::pairs_of;
use super::{Depth, Group, Inputs, judge};
use crate::error::Error;
use crate::gpu::Gpu;
use crate::spec::dtype::DType;
use crate::spec::loss::Reduction;
use crate::variant::{Abilities, Access, Family, Operation, Variant};

/// Runs of one kernel.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) operation: Operation,
    pub(super) dtype: DType,
    name: String,
    runs: Vec<Run>,
}

#[derive(Debug)]
struct Run {
    candidate: Candidate,
    seed: u64,
    /// True if the expected values follow from rounding only.
    halves: bool,
}

impl Run {
    /// Returns the name of the distribution.
    fn inputs(&self) -> &'static str {
        match self.halves {
            true => "halves",
            false => self.candidate.subject.inputs.name(),
        }
    }
}

/// Returns the entries for a device, those that cover the most first; of a quick check one an operation and storage type.
pub(super) fn entries(abilities: &Abilities, depth: Depth) -> Vec<Entry> {
    let quick = depth == Depth::Quick;
    let mut met = HashSet::new();
    let candidates = candidates(abilities);
    let pairs: Vec<_> = candidates.iter().map(pairs_of).collect();
    let picked = cover(&pairs, |candidate| candidates[candidate].cost());
    let mut entries: Vec<Entry> = Vec::new();
    for (turn, candidate) in picked.into_iter().enumerate() {
        // The large shapes are not first, since they take long, and not last, since no other run covers the same.
        if turn == 16 && !quick {
            for candidate in large(abilities) {
                let run = Run {
                    candidate,
                    seed: 1,
                    halves: false,
                };
                add(&mut entries, &candidate, vec![run]);
            }
        }
        let candidate = &candidates[candidate];
        if quick && !met.insert((candidate.subject.operation, candidate.subject.dtype)) {
            continue;
        }
        add(&mut entries, candidate, runs(candidate, turn));
    }
    entries
}

/// Adds runs to the entry of the same name, if there is one.
fn add(entries: &mut Vec<Entry>, Candidate { subject, variant }: &Candidate, runs: Vec<Run>) {
    let (operation, dtype) = (subject.operation, subject.dtype);
    let name = name(*variant, subject.problem().options);
    let same = |entry: &&mut Entry| {
        (entry.operation, entry.dtype) == (operation, dtype) && entry.name == name
    };
    match entries.iter_mut().find(same) {
        Some(entry) => entry.runs.extend(runs),
        None => entries.push(Entry {
            operation,
            dtype,
            name,
            runs,
        }),
    }
}

/// Returns a run for every distribution, with the options and the layouts whose turn it is.
fn runs(candidate: &Candidate, turn: usize) -> Vec<Run> {
    let Candidate { subject, variant } = *candidate;
    let every = subject.options.numbers(subject.operation);
    let run = |(place, inputs): (usize, Inputs)| {
        let turn = turn * Inputs::ALL.len() + place;
        let subject = Subject {
            inputs,
            options: every[turn % every.len()],
            ..subject
        };
        let apart = (turn + turn / Inputs::ALL.len()) % 2 == 1;
        let subject = if apart {
            set_apart(variant, subject)
        } else {
            subject
        };
        Run {
            candidate: Candidate { subject, variant },
            seed: turn as u64,
            halves: false,
        }
    };
    let mut runs: Vec<_> = Inputs::ALL.into_iter().enumerate().map(run).collect();
    let mut more = |inputs, options, halves| {
        let subject = Subject {
            inputs,
            options,
            ..subject
        };
        runs.push(Run {
            candidate: Candidate { subject, variant },
            seed: turn as u64,
            halves,
        });
    };
    if subject.operation == Operation::LogSoftmaxBackward && subject.dtype != DType::F32 {
        let options = subject.options.with_scale(HALVES_SCALE);
        more(Inputs::Masked, options, true);
    }
    // Probabilities that are no numbers, each row by itself: in a sum, one row of NaN hides the others.
    let by_row = every.iter().find(|of| {
        of.kind == Kind::Probs
            && of.loss.reduction == Reduction::None
            && of.is_plain_loss(subject.operation)
    });
    if let Some(options) = by_row {
        more(Inputs::Special, *options, false);
    }
    runs
}

/// Scale that leaves half a step when multiplied by an odd number of steps.
const HALVES_SCALE: f32 = 1.5;

/// Sets rows apart from each other. Rows that start on multiples of four end amid four elements. For shifted rows, the last quads
/// of all lanes are outside the row except at the largest shift.
fn set_apart(variant: Variant, subject: Subject) -> Subject {
    let is_free = subject.inner == 1
        && !matches!(
            subject.operation,
            Operation::Jacobian | Operation::SoftmaxFromPairs | Operation::CrossEntropyFromPairs
        );
    let fewer = match (variant.access, variant.family) {
        (Access::Quads, _) if is_free => 1 + subject.rows % 3,
        (Access::Shifted, Family::Registers { .. }) if is_free => 4 * variant.lanes as usize - 2,
        _ => 0,
    };
    Subject {
        apart: Some(variant.access),
        cols: subject.cols - fewer,
        ..subject
    }
}

impl Entry {
    /// Returns the number of groups: one a distribution.
    pub(super) fn groups(&self) -> usize {
        self.inputs().len()
    }

    /// Lists the distributions, in the order in which they are met first.
    fn inputs(&self) -> Vec<&'static str> {
        let mut met = HashSet::new();
        let inputs = self.runs.iter().map(Run::inputs);
        inputs.filter(|inputs| met.insert(*inputs)).collect()
    }

    /// Runs the entry and tells of its groups, one a distribution, until `on_group` breaks off.
    pub(super) async fn check(
        &self,
        gpu: &Gpu,
        on_group: &mut impl FnMut(Group) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Error> {
        for inputs in self.inputs() {
            let mut groups = Vec::new();
            for run in self.runs.iter().filter(|run| run.inputs() == inputs) {
                let Candidate { subject, variant } = run.candidate;
                let case = match run.halves {
                    true => Case::of_halves(subject, run.seed),
                    false => Case::new(subject, run.seed),
                };
                judge::check(gpu, &mut groups, variant, inputs, &case).await?;
            }
            if groups.into_iter().try_for_each(&mut *on_group).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}
