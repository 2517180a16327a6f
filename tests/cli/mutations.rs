//! Command lines damaged at random: each ends with an exit code of the contract, and none in a panic.

use crate::folder::*;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Number of lines that are tried. WGPU_SOFTMAX_MUTATIONS sets another number.
const LINES: u64 = 400;

const VALID: [&str; 11] = [
    "softmax x.npy -o o.npy --axis -1 --scale 0.5 --mask m.npy",
    "log-softmax h.safetensors#t -o o.safetensors#n --causal --masked-rows zero",
    "logsumexp a.npz#x -o o.npy --axis 0 --json j.json",
    "softmax-backward x.npy x.npy -o -",
    "log-softmax-backward x.npy x.npy -o o.npy --scale 3e38",
    "logsumexp-backward x.npy r.npy -o o.npy",
    "cross-entropy x.npy y.npy --ignore-index -100 --reduction mean --grad g.npy --lse s.npy",
    "cross-entropy x.npy x.npy -o o.npy --label-smoothing 0.1 --z-loss 1e-3 --softcap 30",
    "cross-entropy x.npy y.npy --weight r.npy --grad-losses r.npy --grad - --zero-valid zero",
    "jacobian x.npy -o o.npy --bf16",
    "bench --op softmax --shape 2x2 --adapter none",
];

const WORDS: [&str; 42] = [
    "",
    "-",
    "--",
    "-#t",
    "#",
    "x.npy",
    "y.npy",
    "m.npy",
    "v.npy",
    "h.safetensors",
    "a.npz#y",
    "i.index.json#t",
    "absent.npy",
    ".",
    "/dev/null",
    "o.npy",
    "--axis",
    "--axis=-9",
    "--axis=99999999999",
    "0",
    "1",
    "-1",
    "1e400",
    "nan",
    "-inf",
    "9223372036854775808",
    "--scale=1e-45",
    "--scale=3.4e38",
    "--mask",
    "--causal",
    "--reduction=none",
    "--ignore-index=1",
    "--label-smoothing=1",
    "--z-loss=3e38",
    "--softcap=1e-45",
    "--weight=w.npy",
    "--bf16",
    "--json",
    "--json=-",
    "--help",
    "\u{fffd}",
    "softmax",
];

/// The generator xorshift64*.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end
    }

    fn of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.below(all.len())]
    }

    /// Returns a valid line with one to three words changed, and the reference to compute it.
    fn line(&mut self) -> Vec<String> {
        let valid = self.of(&VALID);
        let mut words: Vec<String> = valid.split(' ').map(str::to_owned).collect();
        for _ in 0..=self.below(3) {
            let place = self.below(words.len());
            match self.below(5) {
                0 => drop(words.remove(place)),
                1 => words.insert(place, self.of(&WORDS).to_owned()),
                2 => words.swap(place, 0),
                3 => {
                    let cut = self.below(words[place].len() + 1);
                    let cut = boundary(&words[place], cut);
                    let more = self.of(&["0", "=", "#", "-", "e9", "."]);
                    words[place].insert_str(cut, more);
                }
                _ => words[place] = self.of(&WORDS).to_owned(),
            }
            if words.is_empty() {
                break;
            }
        }
        words.push("--reference".to_owned());
        words
    }
}

/// Returns the last place in a text, up to this one, where a character ends.
fn boundary(text: &str, place: usize) -> usize {
    let ends = (0..=place).rev().find(|&end| text.is_char_boundary(end));
    ends.unwrap_or(0)
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.put("m.npy", &npy(1, "|b1", false, "(4,)", &[1, 1, 0, 1]));
    folder.put(
        "v.npy",
        &npy(1, "<V2", false, "(3, 4)", &stored("BF16", &X)),
    );
    folder.floats("r.npy", "(3,)", &[1.0, -2.0, f32::NAN]);
    folder.floats("w.npy", "(4,)", &[1.0, 0.0, 0.5, f32::MAX]);
    folder.tensor("h.safetensors", "F16", &[3, 4], &X);
    folder.put("i.index.json", br#"{"weight_map": {"t": "h.safetensors"}}"#);
    folder
}

#[test]
fn mutated_command_lines_end_with_a_code_of_the_contract() {
    let lines = std::env::var("WGPU_SOFTMAX_MUTATIONS").ok();
    let lines = lines.map_or(LINES, |lines| lines.parse().expect("a number of lines"));
    let next = AtomicU64::new(0);
    let try_lines = || {
        let folder = folder();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= lines {
                return;
            }
            let words = Random((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)).line();
            let mut command = folder.command("");
            // No adapter is there: a command that would take one ends with 3.
            let command = command
                .args(&words)
                .env("VK_DRIVER_FILES", "/dev/null")
                .env("VK_ICD_FILENAMES", "/dev/null")
                .env("WGPU_BACKEND", "vulkan")
                .stdout(Stdio::null());
            let output = command.output().expect("the command starts");
            let known = matches!(output.status.code(), Some(0 | 2 | 3));
            let message = stderr(&output);
            assert!(
                known && !message.contains("panicked"),
                "line {seed}, {words:?}: {message}"
            );
            let left = folder.names();
            let left: Vec<_> = left
                .iter()
                .filter(|name| name.starts_with(".wgpu"))
                .collect();
            assert!(left.is_empty(), "line {seed}, {words:?}: leaves {left:?}");
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        (0..threads).for_each(|_| drop(scope.spawn(try_lines)));
    });
}
