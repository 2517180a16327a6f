//! Files that are not in their places yet: an interrupted run removes them.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::NamedTempFile;

static UNPLACED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn unplaced() -> MutexGuard<'static, Vec<PathBuf>> {
    UNPLACED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a file that is to be placed.
pub(super) fn make(make: impl FnOnce() -> io::Result<NamedTempFile>) -> io::Result<NamedTempFile> {
    #[cfg(unix)]
    signals::heed();
    let mut unplaced = unplaced();
    let file = make()?;
    unplaced.push(file.path().to_owned());
    Ok(file)
}

/// Places files: an interruption waits for all of them.
pub(super) fn place<T>(place: impl FnOnce() -> T) -> T {
    let mut unplaced = unplaced();
    let placed = place();
    unplaced.retain(|file| file.exists());
    placed
}

#[cfg(unix)]
mod signals {
    use super::unplaced;
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;
    use std::fs;
    use std::sync::{Once, mpsc};
    use std::thread;

    /// Makes a signal, from now on, remove the files before it has its usual effect.
    pub(super) fn heed() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let (heeding, heeded) = mpsc::channel();
            let heed = move || {
                let signals = Signals::new(not_ignored());
                let _waits = heeding.send(());
                let mut signals = signals.ok()?;
                let signal = signals.forever().next()?;
                // Held to the end, so that no file is made meanwhile.
                let files = unplaced();
                for file in files.iter() {
                    let _gone = fs::remove_file(file);
                }
                emulate_default_handler(signal).ok()
            };
            if thread::Builder::new().spawn(heed).is_ok() {
                let _heeding = heeded.recv();
            }
        });
    }

    /// Returns the signals that end a run, except for those that it was started to ignore, as by nohup: known on Linux.
    fn not_ignored() -> Vec<i32> {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status
            .lines()
            .find_map(|line| line.strip_prefix("SigIgn:"))
            .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or(0);
        let is_ignored = |signal: i32| ignored >> (signal - 1) & 1 == 1;
        let ending = [SIGINT, SIGTERM, SIGHUP];
        ending
            .into_iter()
            .filter(|&signal| !is_ignored(signal))
            .collect()
    }
}
