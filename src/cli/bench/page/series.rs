//! Series of a page: one adapter of one run each, with a short name that no other has.

use std::collections::BTreeSet;
use wgpu_softmax::bench::{AdapterResults, Report, Timing};
use wgpu_softmax::variant::Operation;

/// Results of one adapter of one run.
#[derive(Debug)]
pub(crate) struct Series<'a> {
    /// Short name.
    pub(crate) label: String,
    pub(crate) run: &'a Report,
    pub(crate) adapter: &'a AdapterResults,
}

/// Returns the series of runs, each with the name of its file.
pub(crate) fn series<'a>(runs: &[(&str, &'a Report)]) -> Vec<Series<'a>> {
    let adapters = runs.iter().flat_map(|(file, run)| {
        let adapters = run.adapters.iter();
        adapters.map(move |adapter| (*file, *run, adapter))
    });
    let adapters: Vec<_> = adapters.collect();
    let names = |name: &dyn Fn(&str, &Report, &AdapterResults) -> String| {
        let names = adapters
            .iter()
            .map(|(file, run, adapter)| name(file, run, adapter));
        names.collect::<Vec<_>>()
    };
    let day = |run: &Report| {
        run.date
            .as_deref()
            .unwrap_or("")
            .chars()
            .take(10)
            .collect::<String>()
    };
    let told_apart = [
        names(&|_, _, adapter| short(&adapter.name)),
        names(&|_, _, adapter| format!("{} {}", short(&adapter.name), version(&adapter.driver))),
        names(&|_, _, adapter| format!("{} {}", short(&adapter.name), adapter.backend)),
        names(&|_, run, adapter| format!("{} {}", short(&adapter.name), day(run))),
        names(&|file, _, _| file.to_owned()),
        names(&|file, _, adapter| format!("{file} {}", short(&adapter.name))),
    ];
    let alone = |names: &Vec<String>, index: usize| {
        let same = names.iter().filter(|name| **name == names[index]).count();
        same == 1 && !names[index].ends_with(' ')
    };
    let label = |index: usize| {
        let names = told_apart.iter().find(|names| alone(names, index));
        names.map_or_else(
            || format!("run {}", index + 1),
            |names| names[index].clone(),
        )
    };
    let labels = (0..adapters.len()).map(label);
    let labelled = labels.zip(&adapters);
    labelled
        .map(|(label, &(_, run, adapter))| Series {
            label,
            run,
            adapter,
        })
        .collect()
}

/// Returns the operations that any series has or should have, in the order of the command line.
pub(super) fn operations<'a>(series: &'a [Series<'_>]) -> Vec<&'a str> {
    let timed = series
        .iter()
        .flat_map(|one| &one.adapter.results)
        .map(|of| &*of.op);
    let left_out = series
        .iter()
        .flat_map(|one| &one.adapter.left_out)
        .map(|of| &*of.op);
    let found: BTreeSet<&str> = timed.chain(left_out).collect();
    let place = |op: &&str| {
        let place = Operation::ALL.iter().position(|known| known.name() == *op);
        place.unwrap_or(usize::MAX)
    };
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(place);
    found
}

/// Returns one timing of each operation, shape and storage type that any series has: by operation, then by columns.
pub(crate) fn subjects<'a>(series: &'a [Series<'_>]) -> Vec<&'a Timing> {
    let order = operations(series);
    let mut subjects: Vec<&Timing> = Vec::new();
    for timing in series.iter().flat_map(|one| &one.adapter.results) {
        if !subjects.iter().any(|other| other.is_of(timing)) {
            subjects.push(timing);
        }
    }
    let place = |op: &str| order.iter().position(|known| *known == op);
    subjects.sort_by_key(|of| {
        (
            place(&of.op),
            of.inner > 1,
            of.dtype != "f32",
            of.cols,
            of.rows,
        )
    });
    subjects
}

impl Series<'_> {
    /// Returns the result of the same operation, shape and storage type.
    pub(crate) fn find(&self, like: &Timing) -> Option<&Timing> {
        let mut results = self.adapter.results.iter();
        results.find(|timing| timing.is_of(like))
    }

    /// Says how much was timed: `27 of 155 timed`.
    pub(crate) fn coverage(&self) -> String {
        let (timed, planned) = (self.adapter.results.len(), self.adapter.planned());
        match self.run.schema {
            0 => format!("{timed} timed"),
            _ => format!("{timed} of {planned} timed"),
        }
    }
}

/// Returns the name of an adapter without what it has in parentheses.
fn short(name: &str) -> String {
    let mut depth = 0_u32;
    let outside = |c: &char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    };
    let words: String = name.chars().filter(outside).collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    words.trim_end_matches(" Device").to_owned()
}

/// Returns the first word of a driver's name that begins with a digit, up to a hyphen.
fn version(driver: &str) -> &str {
    let words = driver.split([' ', '(', ')', ',', '-']);
    let mut versions = words.filter(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    versions.next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{short, version};

    #[test]
    fn names_of_adapters_are_short() {
        let names = [
            ("llvmpipe (LLVM 15.0.6, 256 bits)", "llvmpipe"),
            ("SwiftShader Device (LLVM 16.0.0)", "SwiftShader"),
            (
                "Intel(R) UHD Graphics 620 (KBL GT2)",
                "Intel UHD Graphics 620",
            ),
            ("NVIDIA GeForce RTX 4090", "NVIDIA GeForce RTX 4090"),
        ];
        for (name, expected) in names {
            assert_eq!(short(name), expected);
        }
        assert_eq!(version("llvmpipe Mesa 22.3.6 (LLVM 15.0.6)"), "22.3.6");
        assert_eq!(version("radv"), "");
    }
}
