//! Progress of work that takes over a second, on a terminal only.

use super::failure::is_quiet;
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

const SILENT_FOR: Duration = Duration::from_secs(1);

/// Returns true if there is a terminal to show progress on, and someone who wants it.
pub(crate) fn is_shown() -> bool {
    !is_quiet() && io::stderr().is_terminal()
}

/// Does `work`, and shows `what` it is doing if that takes long. Lines that `work` prints meanwhile go through
/// [`ProgressBar::suspend`].
pub(crate) fn during<T>(what: String, work: impl FnOnce(&ProgressBar) -> T) -> T {
    shown(what, None, "{spinner} {msg}, {elapsed}", work)
}

/// Does the same as [`during`] for work on `rows` rows: `work` advances the bar by those that are done.
pub(crate) fn over_rows<T>(what: String, rows: usize, work: impl FnOnce(&ProgressBar) -> T) -> T {
    over(what, Some(rows), "rows", work)
}

/// Does the same as [`during`] for work on units of any kind, whose number may be unknown.
pub(crate) fn over<T>(
    what: String,
    count: impl Into<Option<usize>>,
    unit: &str,
    work: impl FnOnce(&ProgressBar) -> T,
) -> T {
    let count = count.into();
    let of = count.map_or("", |_| " of {human_len}");
    // The message comes last: it is what a narrow terminal cuts off.
    let template =
        format!("{{spinner}} {{human_pos}}{of} {unit}, {{elapsed}}{{left}}: {{wide_msg}}");
    shown(what, count.map(|count| count as u64), &template, work)
}

/// Writes the time left, if the pace so far and the number of units tell.
fn left(state: &ProgressState, text: &mut dyn Write) {
    if state.pos() > 0 && state.len().is_some() {
        let _infallible = write!(text, ", {} left", HumanDuration(state.eta()));
    }
}

fn shown<T>(
    what: String,
    count: Option<u64>,
    template: &str,
    work: impl FnOnce(&ProgressBar) -> T,
) -> T {
    let style = ProgressStyle::with_template(template)
        .expect("a valid template")
        .with_key("left", left);
    let bar = ProgressBar::with_draw_target(count, ProgressDrawTarget::hidden());
    let bar = &bar.with_style(style).with_message(what);
    if !is_shown() {
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
