//! Sets of the buffers of a subject, as many as it takes to leave the caches behind.

use wgpu::{Buffer, CommandEncoder};

use super::Subject;
use super::inputs::Drawn;
use super::plan::plan;
use crate::check::upload;
use crate::error::Error;
use crate::gpu::Gpu;
use crate::variant::Operation;

/// Word that fills an output before it is written.
pub(super) const POISON: u32 = 0xdead_beef;

/// Largest number of sets of a subject.
const MAX_SETS: u64 = 128;

/// Largest size of buffers that come in powers of two, so that subjects share them.
const SHARED_SIZE: u64 = 64 << 20;

/// Buffers of an operation. A buffer that it does not use may be any, and is left alone.
#[derive(Debug, Clone)]
pub(super) struct Set {
    pub(super) first: Buffer,
    pub(super) second: Buffer,
    pub(super) result: Buffer,
    /// Targets, or upstream gradients.
    pub(super) row_input: Buffer,
    /// Losses, or lse.
    pub(super) row_output: Buffer,
    pub(super) pairs: Buffer,
}

/// Large buffers that one subject leaves to the next: making them takes longer than filling them.
#[derive(Debug)]
pub(super) struct Rack {
    gpu: Gpu,
    buffers: Vec<Buffer>,
    /// Number of buffers that the current subject has taken.
    taken: usize,
}

impl Rack {
    pub(super) fn new(gpu: &Gpu) -> Self {
        Self {
            gpu: gpu.clone(),
            buffers: Vec::new(),
            taken: 0,
        }
    }

    /// Returns as many sets as hold `cold` bytes of what the subject moves, at least one; all are filled, and the result of the
    /// first is poisoned.
    pub(super) async fn sets(
        &mut self,
        subject: &Subject,
        drawn: &Drawn,
        cold: u64,
    ) -> Result<Vec<Set>, Error> {
        let count = cold.div_ceil(subject.bytes().max(1)).clamp(1, MAX_SETS);
        self.taken = 0;
        let sets = (0..count).map(|_| self.set(subject, drawn));
        let sets: Vec<Set> = sets.collect::<Result<_, _>>()?;
        self.fill(subject, drawn, &sets).await?;
        Ok(sets)
    }

    fn set(&mut self, subject: &Subject, drawn: &Drawn) -> Result<Set, Error> {
        let (read, written) = (subject.read_bytes(), subject.matrix_bytes());
        let first = self.matrix(read, written)?;
        let second = match drawn.second.is_empty() {
            true => first.clone(),
            false => self.matrix(read, written)?,
        };
        let result = match subject.operation.writes_matrix() {
            true => self.matrix(written, written)?,
            false => first.clone(),
        };
        let row_input = match drawn.grad_lse.is_empty() {
            true => self.gpu.upload("targets", &drawn.targets),
            false => self.gpu.upload("grad_lse", &drawn.grad_lse),
        };
        Ok(Set {
            first,
            second,
            result,
            row_input: row_input?,
            row_output: self.per_row(subject, 1)?,
            pairs: self.per_row(subject, 2)?,
        })
    }

    fn per_row(&self, subject: &Subject, words: u64) -> Result<Buffer, Error> {
        self.gpu.upload("row output", &poison(subject.rows * words))
    }

    /// Returns the set with all of its outputs poisoned once more, for another kernel to be verified on.
    pub(super) fn poisoned(&self, subject: &Subject, set: &Set) -> Result<Set, Error> {
        self.poison(subject, set)?;
        Ok(Set {
            row_output: self.per_row(subject, 1)?,
            pairs: match subject.operation {
                Operation::CrossEntropyBackward => set.pairs.clone(),
                _ => self.per_row(subject, 2)?,
            },
            ..set.clone()
        })
    }

    /// Poisons the matrix that is written, if one is.
    fn poison(&self, subject: &Subject, set: &Set) -> Result<(), Error> {
        const WORDS: u64 = 1 << 16;
        if !subject.operation.writes_matrix() {
            return Ok(());
        }
        let poison = self.gpu.upload("poison", &poison(WORDS))?;
        let bytes = subject.matrix_bytes().next_multiple_of(4);
        fill(&self.gpu, (&poison, 4 * WORDS), bytes, [&set.result])
    }

    /// Returns a buffer of at least `bytes` bytes: of the rack, unless the subject has much larger ones.
    fn matrix(&mut self, bytes: u64, largest: u64) -> Result<Buffer, Error> {
        if bytes < largest / 2 {
            return self.gpu.allocate("matrix", bytes);
        }
        let fits = |buffer: &Buffer| buffer.size() >= largest && buffer.size() / 8 <= largest;
        self.buffers.retain(fits);
        if self.taken == self.buffers.len() {
            let size = match largest {
                ..=SHARED_SIZE => largest.next_power_of_two(),
                _ => largest,
            };
            // Touched here: otherwise the first to write it would pay for that.
            let buffer = self.gpu.allocate("matrix", size)?;
            let clear = |encoder: &mut CommandEncoder| encoder.clear_buffer(&buffer, 0, None);
            self.gpu.submit("touching memory", clear)?;
            self.buffers.push(buffer);
        }
        self.taken += 1;
        Ok(self.buffers[self.taken - 1].clone())
    }

    async fn fill(&self, subject: &Subject, drawn: &Drawn, sets: &[Set]) -> Result<(), Error> {
        let buffers = |of: fn(&Set) -> &Buffer| sets.iter().map(of).collect::<Vec<_>>();
        let inputs = [
            (&drawn.first, buffers(|set| &set.first)),
            (&drawn.second, buffers(|set| &set.second)),
        ];
        let whole_words = |elements: u64| (elements * subject.dtype.bytes()).next_multiple_of(4);
        for (values, buffers) in inputs.into_iter().filter(|(values, _)| !values.is_empty()) {
            let block = upload(&self.gpu, "block", values, subject.dtype)?;
            let block = (&block, whole_words(values.len() as u64));
            let bytes = subject.read_bytes().next_multiple_of(4);
            fill(&self.gpu, block, bytes, buffers)?;
        }
        self.poison(subject, &sets[0])?;
        if subject.operation == Operation::CrossEntropyBackward {
            self.save_pairs(subject, sets).await?;
        }
        Ok(())
    }

    /// Saves the pairs by the forward pass.
    async fn save_pairs(&self, subject: &Subject, sets: &[Set]) -> Result<(), Error> {
        let forward = Subject {
            operation: Operation::CrossEntropy,
            ..*subject
        };
        let plan = plan(self.gpu.planner(), &forward)?;
        for set in sets {
            let bound = plan.bind(set)?;
            self.gpu.run_async(&bound, "the forward pass").await?;
        }
        Ok(())
    }
}

fn poison(words: u64) -> Vec<u32> {
    vec![POISON; words.max(1) as usize]
}

/// Fills the first bytes of buffers with copies of the first bytes of `block`, one after the other, the last copy cut to fit.
/// Both numbers of bytes are multiples of four.
pub(super) fn fill<'a>(
    gpu: &Gpu,
    (block, block_bytes): (&Buffer, u64),
    bytes: u64,
    buffers: impl IntoIterator<Item = &'a Buffer>,
) -> Result<(), Error> {
    gpu.submit("filling buffers", |encoder| {
        for buffer in buffers {
            for offset in (0..bytes).step_by(block_bytes.max(1) as usize) {
                let size = block_bytes.min(bytes - offset);
                encoder.copy_buffer_to_buffer(block, 0, buffer, offset, size);
            }
        }
    })
    .map(drop)
}
