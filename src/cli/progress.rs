//! Spinner for work that takes over a second, on a terminal only.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

const SILENT_FOR: Duration = Duration::from_secs(1);

/// Does `work`, and shows `what` it is doing if that takes long. Lines that `work` prints meanwhile go through
/// [`ProgressBar::suspend`].
pub(crate) fn during<T>(what: String, work: impl FnOnce(&ProgressBar) -> T) -> T {
    shown(what, None, "{spinner} {msg}", work)
}

/// Does the same as [`during`] for work on an unknown number of units: `work` advances the bar by those that are done.
pub(crate) fn counting<T>(what: String, unit: &str, work: impl FnOnce(&ProgressBar) -> T) -> T {
    let template = format!("{{spinner}} {{msg}}: {{human_pos}} {unit}, {{elapsed}}");
    shown(what, None, &template, work)
}

/// Does the same as [`during`] for work on `rows` rows: `work` advances the bar by those that are done.
pub(crate) fn over_rows<T>(what: String, rows: usize, work: impl FnOnce(&ProgressBar) -> T) -> T {
    over(what, rows, "rows", work)
}

/// Does the same as [`during`] for work on `count` units of any kind.
pub(crate) fn over<T>(
    what: String,
    count: usize,
    unit: &str,
    work: impl FnOnce(&ProgressBar) -> T,
) -> T {
    let template = format!("{{spinner}} {{msg}}: {{human_pos}} of {{human_len}} {unit}");
    shown(what, Some(count as u64), &template, work)
}

fn shown<T>(
    what: String,
    count: Option<u64>,
    template: &str,
    work: impl FnOnce(&ProgressBar) -> T,
) -> T {
    let style = ProgressStyle::with_template(template).expect("a valid template");
    let bar = ProgressBar::with_draw_target(count, ProgressDrawTarget::hidden());
    let bar = &bar.with_style(style).with_message(what);
    if !io::stderr().is_terminal() {
        return work(bar);
    }
    thread::scope(|scope| {
        let (working, ended) = mpsc::channel::<()>();
        let spinner = scope.spawn(move || show_when_late(bar, &ended));
        let result = work(bar);
        drop(working);
        let _shown = spinner.join();
        bar.finish_and_clear();
        result
    })
}

fn show_when_late(bar: &ProgressBar, ended: &mpsc::Receiver<()>) {
    if ended.recv_timeout(SILENT_FOR) == Err(RecvTimeoutError::Timeout) {
        bar.set_draw_target(ProgressDrawTarget::stderr());
        bar.enable_steady_tick(Duration::from_millis(100));
    }
}
