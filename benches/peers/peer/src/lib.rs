//! What the Rust peers share: the inputs, and the loop that answers `run.py`.

use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

/// Logits `rows x cols` and one class a row, the same for every peer.
pub struct Inputs {
    pub rows: usize,
    pub cols: usize,
    pub logits: Vec<f32>,
    pub targets: Vec<i32>,
}

impl Inputs {
    /// Index of the element that is compared: the target's in the last row.
    pub fn probed(&self) -> usize {
        (self.rows - 1) * self.cols + self.targets[self.rows - 1] as usize
    }
}

/// An operation on its inputs, ready to be run and waited for, with the element or the loss that tells whether it is right.
pub struct Case {
    pub run: Box<dyn FnMut()>,
    pub probe: Box<dyn FnMut() -> f32>,
}

/// Answers lines `OP ROWS COLS SECONDS FOLDER` from standard input by `answer PROBE NANOSECONDS...`; `prepare` gives no case where
/// the peer lacks the operation.
pub fn serve(prepare: impl Fn(&str, Inputs) -> Option<Case>) {
    let mut last = (String::new(), None);
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        let words: Vec<&str> = line.split(' ').collect();
        let [op, rows, cols, seconds, folder] = words[..] else {
            panic!("{line}")
        };
        let key = [op, rows, cols].join(" ");
        if last.0 != key {
            last.1 = None; // two cases at once would need twice the memory
            let (rows, cols) = (rows.parse().expect("rows"), cols.parse().expect("cols"));
            last = (key, prepare(op, inputs(folder, rows, cols)).map(warm));
        }
        let seconds = Duration::from_secs_f64(seconds.parse().expect("seconds"));
        let answer = match &mut last.1 {
            Some(case) => format!("{} {}", (case.probe)(), times(case, seconds)),
            None => "none".into(),
        };
        println!("answer {answer}");
        std::io::stdout().flush().expect("a reader");
    }
}

fn warm(mut case: Case) -> Case {
    (0..2).for_each(|_| (case.run)());
    case
}

fn times(case: &mut Case, seconds: Duration) -> String {
    let start = Instant::now();
    let mut times = Vec::new();
    while times.is_empty() || start.elapsed() < seconds {
        let begun = Instant::now();
        (case.run)();
        times.push(begun.elapsed().as_nanos().to_string());
    }
    times.join(" ")
}

fn inputs(folder: &str, rows: usize, cols: usize) -> Inputs {
    let words = |name: &str| {
        let bytes = std::fs::read(format!("{folder}/{name}.{rows}x{cols}")).expect("inputs");
        let words = bytes.chunks_exact(4);
        words
            .map(|word| word.try_into().expect("a word"))
            .collect::<Vec<[u8; 4]>>()
    };
    Inputs {
        rows,
        cols,
        logits: words("logits")
            .into_iter()
            .map(f32::from_le_bytes)
            .collect(),
        targets: words("targets")
            .into_iter()
            .map(i32::from_le_bytes)
            .collect(),
    }
}
