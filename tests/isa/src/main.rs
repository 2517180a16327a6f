//! What a GPU would run: every preferred kernel of a list of shapes, compiled by the driver of a GPU that need not be there, for
//! waves of 32 and of 64 lanes, and a table of what its compiler says. NOTHING RAN: cycles are the compiler's own estimates.
//!
//!     isa OUT.tsv [BASELINE.tsv]
//!
//! With a baseline of the same driver, fails where a kernel spills, uses scratch memory, narrows its loads, or is estimated to take
//! over 10 % longer.

mod cases;
mod code;
mod spirv;
mod vulkan;

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write;

use cases::{Case, cases};
use code::counts_of;
use vulkan::{Compiler, Said};
use wgpu_softmax::KernelText;

const HEAD: &str = "case\tstage\twave\tworkgroups\tworkgroup\tvgprs\tspills\tscratch\tshared bytes\tcode bytes\twaves\tbarriers\twidest load\t\
    KiB in flight a CU\tvector an element\tFMA share\tlatency\tinverse throughput";

/// A line of the table: its place, and the numbers after it.
struct Line {
    place: String,
    spills: u64,
    scratch: u64,
    widest_load: u32,
    latency: u64,
    text: String,
}

fn line(case: &Case, number: usize, kernel: &KernelText, wave: u32, said: &Said) -> Line {
    let statistic = |name: &str| said.statistics.get(name).copied().unwrap_or(0);
    let counts = counts_of(&said.assembly);
    let workgroups: u64 = kernel.workgroups.iter().map(|&n| u64::from(n)).product();
    let invocations = workgroups * u64::from(kernel.workgroup_size) * kernel.dispatches;
    // In a loop, by what one trip loads; else by what one invocation serves.
    let an_element = match counts.loops.as_slice() {
        [] => f64::from(counts.all.vector) * invocations as f64 / case.elements as f64,
        // Loops that load less a trip serve the ends of rows.
        loops => loops
            .iter()
            .filter(|trip| loops.iter().all(|other| other.loaded <= trip.loaded))
            .map(|trip| f64::from(trip.vector) * case.element_bytes as f64 / f64::from(trip.loaded))
            .sum(),
    };
    let spills = statistic("Spilled VGPRs") + statistic("Spilled SGPRs");
    let waves = statistic("Subgroups per SIMD");
    // A CU has two SIMDs of 32 lanes, and waves are counted in those of 32.
    let in_flight = u64::from(counts.all.in_flight) * 32 * waves * 2;
    let stage = kernel.entry_point;
    let place = format!("{}\t{number}.{stage}\t{wave}", case.name);
    let mut text = place.clone();
    _ = write!(
        text,
        "\t{workgroups}\t{}\t{}\t{spills}\t{}\t{}\t{}\t{waves}\t{}\t{}\t{:.1}\t{an_element:.1}\t{:.2}\t{}\t{}",
        kernel.workgroup_size,
        statistic("VGPRs"),
        statistic("Scratch size"),
        statistic("LDS size"),
        statistic("Code size"),
        counts.all.barriers,
        counts.all.widest_load,
        in_flight as f64 / 1024.0,
        counts.fused_share,
        statistic("Latency"),
        statistic("Inverse Throughput"),
    );
    Line {
        place,
        spills,
        scratch: statistic("Scratch size"),
        widest_load: counts.all.widest_load,
        latency: statistic("Latency"),
        text,
    }
}

/// What is worse than in a line of the baseline, in words.
fn worse(line: &Line, before: &[&str]) -> Vec<String> {
    let number = |index: usize| {
        before
            .get(index)
            .and_then(|text| text.parse::<u64>().ok())
            .unwrap_or(0)
    };
    let (spills, scratch, widest, latency) = (number(6), number(7), number(12), number(16));
    let mut found = Vec::new();
    let mut more = |what: &str, before: u64, now: u64, is_worse: bool| {
        if is_worse {
            found.push(format!("{what} {before} -> {now}"));
        }
    };
    more("spills", spills, line.spills, line.spills > spills);
    more("scratch", scratch, line.scratch, line.scratch > scratch);
    more(
        "widest load",
        widest,
        line.widest_load.into(),
        u64::from(line.widest_load) < widest,
    );
    more(
        "latency",
        latency,
        line.latency,
        line.latency * 10 > latency * 11,
    );
    found
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths = std::env::args().skip(1);
    let out = paths.next().ok_or("usage: isa OUT.tsv [BASELINE.tsv]")?;
    let compiler = Compiler::open()?;
    let mut lines = Vec::new();
    for case in cases()? {
        for (number, kernel) in case.kernels.iter().enumerate() {
            let compiled = spirv::compile(&kernel.compiled_wgsl(), kernel.entry_point);
            for wave in [32, 64] {
                let said = compiler.compile(&compiled, kernel.entry_point, Some(wave))?;
                lines.push(line(&case, number, kernel, wave, &said));
            }
        }
    }
    let name = &compiler.name;
    let head = format!("# {name}: read from machine code, not run");
    let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    std::fs::write(&out, format!("{head}\n{HEAD}\n{}\n", texts.join("\n")))?;
    let Some(baseline) = paths.next() else {
        return Ok(());
    };
    let baseline = std::fs::read_to_string(baseline)?;
    let other = baseline.lines().next().unwrap_or_default();
    if other != head {
        eprintln!("{name}: not compared, since the baseline is of another driver: {other}");
        return Ok(());
    }
    let before: HashMap<_, _> = baseline
        .lines()
        .filter_map(|line| {
            let cells: Vec<_> = line.split('\t').collect();
            Some((cells.get(..3)?.join("\t"), cells))
        })
        .collect();
    let mut is_worse = false;
    for line in &lines {
        let found = before
            .get(&line.place)
            .map(|cells| worse(line, cells))
            .unwrap_or_default();
        if !found.is_empty() {
            is_worse = true;
            eprintln!("{}: {}", line.place.replace('\t', " "), found.join(", "));
        }
    }
    match is_worse {
        true => Err(format!("{name}: kernels got worse than in the baseline").into()),
        false => Ok(()),
    }
}
