//! Facts of a run: when, with what, by which command, on which machine.

use std::env;
use std::time::SystemTime;
use sysinfo::{CpuRefreshKind, RefreshKind, System};
use wgpu_softmax::bench::{Host, Report};

/// Returns the report of a run that begins now.
pub(super) fn begun() -> Report {
    let mut report = Report::new();
    let now = humantime::format_rfc3339_seconds(SystemTime::now());
    report.date = Some(now.to_string());
    report.commit = option_env!("WGPU_SOFTMAX_COMMIT").map(Into::into);
    report.command = Some(command());
    report.host = Some(host());
    report
}

/// Returns the command line as it would be typed, without the folders of the program.
fn command() -> String {
    let words = env::args().skip(1);
    let line: Vec<String> = ["wgpu-softmax".into()].into_iter().chain(words).collect();
    shlex::try_join(line.iter().map(String::as_str)).unwrap_or_else(|_| line.join(" "))
}

fn host() -> Host {
    let cpus = RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing());
    let system = System::new_with_specifics(cpus);
    let os = System::long_os_version().unwrap_or_else(|| env::consts::OS.into());
    let brand = system.cpus().first().map(|cpu| cpu.brand().trim());
    Host {
        os: format!("{os}, {}", env::consts::ARCH),
        cpu: brand.unwrap_or_default().into(),
        cores: system.cpus().len(),
    }
}
