//! Output of the example: progress while it works, a line a seed, the confusion matrix, the verdict.

use std::fmt;
use std::io::{IsTerminal as _, Write as _, stderr};

use crate::data::CLASSES;
use crate::recipe::Recipe;

/// Largest relative difference allowed between a loss and the f64 twin's.
const TOLERANCE: f64 = 1e-4;

/// Confusion matrix: for each digit, the number of its images that were taken for each digit.
#[derive(Default)]
pub(crate) struct Confusion([[u32; CLASSES]; CLASSES]);

impl Confusion {
    /// Counts each image as the digit of its largest probability.
    pub(crate) fn of(probabilities: &[f32], labels: &[i32]) -> Self {
        let mut confusion = Self::default();
        for (row, &label) in probabilities.chunks_exact(CLASSES).zip(labels) {
            confusion.0[label as usize][argmax(row)] += 1;
        }
        confusion
    }

    fn add(&mut self, other: &Self) {
        let counts = self.0.iter_mut().flatten();
        for (sum, count) in counts.zip(other.0.iter().flatten()) {
            *sum += count;
        }
    }

    /// Returns the fraction of images that were recognised.
    fn accuracy(&self) -> f64 {
        let right: u32 = (0..CLASSES).map(|digit| self.0[digit][digit]).sum();
        let all: u32 = self.0.iter().flatten().sum();
        f64::from(right) / f64::from(all)
    }
}

fn argmax(row: &[f32]) -> usize {
    (0..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best })
}

impl fmt::Display for Confusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  shown  taken for\n      ")?;
        for digit in 0..CLASSES {
            write!(f, "{digit:5}")?;
        }
        for (digit, counts) in self.0.iter().enumerate() {
            write!(f, "\n{digit:6}")?;
            for count in counts {
                match count {
                    0 => write!(f, "    .")?,
                    _ => write!(f, "{count:5}")?,
                }
            }
        }
        Ok(())
    }
}

/// Results of all seeds of one model.
#[derive(Default)]
pub(crate) struct Summary {
    accuracies: Vec<f64>,
    differences: Vec<f64>,
    confusion: Confusion,
}

impl Summary {
    /// Adds one seed and prints its line.
    pub(crate) fn add(&mut self, seed: u64, loss: f32, difference: f64, confusion: &Confusion) {
        let accuracy = confusion.accuracy();
        println!(
            "  seed {seed}: held-out accuracy {accuracy:.4}, last loss {loss:.5}, \
             losses within {difference:.1e} of f64"
        );
        self.accuracies.push(accuracy);
        self.differences.push(difference);
        self.confusion.add(confusion);
    }

    fn median_accuracy(&self) -> f64 {
        let mut sorted = self.accuracies.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }

    /// Returns the largest difference; NaN if any is NaN, which is above all numbers in the total order.
    fn worst_difference(&self) -> f64 {
        let worst = self.differences.iter().copied().max_by(f64::total_cmp);
        worst.unwrap_or(f64::NAN)
    }

    /// Prints all seeds' confusion matrix, and what was reached and wanted; returns true if it suffices.
    pub(crate) fn verdict(&self, recipe: &Recipe) -> bool {
        let (accuracy, wanted) = (self.median_accuracy(), recipe.wanted_accuracy);
        let difference = self.worst_difference();
        println!("\n{}\n", self.confusion);
        println!("  median accuracy {accuracy:.4}, at least {wanted} wanted");
        println!(
            "  worst relative difference of a loss {difference:.1e}, at most {TOLERANCE:e} allowed"
        );
        let reached = accuracy >= wanted && difference <= TOLERANCE;
        println!("  {}\n", if reached { "reached" } else { "MISSED" });
        reached
    }
}

/// Prints a line on stderr that overwrites the one before it; prints nothing where stderr is not a terminal.
pub(crate) fn progress(words: &str) {
    if stderr().is_terminal() {
        eprint!("\r{words:60}\r");
        drop(stderr().flush());
    }
}
