//! Proof that a ceiling moves the bytes it claims, before its times are believed.

use wgpu::Buffer;

use super::kernel::Kernel;
use super::pool::words;
use crate::bench::Ceiling;
use crate::bench::rotation::Record;
use crate::bench::sets::POISON;
use crate::error::Error;
use crate::gpu::Gpu;
use crate::spec::dtype::DType;

/// Number of groups of 16 bytes: no whole number of tiles of any tiling.
const QUADS: usize = 60_001;

/// Name of the work in errors of the device.
const PROOF: &str = "a ceiling's proof";

/// Returns the reason why the kernel is not to be believed, or `None` if it is.
pub(super) async fn prove(gpu: &Gpu, kernel: &Kernel) -> Result<Option<String>, Error> {
    let source = words();
    let moved = &source[..4 * QUADS];
    let read = gpu.upload("ceiling source", &source)?;
    let written = gpu.upload("ceiling destination", &vec![POISON; source.len()])?;
    let sides = [&read, &written].map(Buffer::as_entire_binding);
    let bind = || kernel.dispatch(gpu, QUADS as u64, true, sides);
    let run = kernel.run(vec![gpu.contain(|| PROOF.to_owned(), bind)?]);
    gpu.submit(PROOF, |encoder| {
        run.record(&mut encoder.begin_compute_pass(&Default::default()));
    })?;
    let found: Vec<u32> = gpu.download_async(&written, source.len()).await?;
    Ok(match kernel.load.ceiling {
        Ceiling::Copy => wrong_copy(moved, &found, kernel.load.exps),
        Ceiling::Read => wrong_words(moved, &found, kernel),
    })
}

fn wrong_copy(source: &[u32], found: &[u32], exps: u32) -> Option<String> {
    let (copied, margin) = found.split_at(source.len());
    if margin.iter().any(|&word| word != POISON) {
        return Some("something was written after the last word".into());
    }
    let differs = |(&source, &found): (&u32, &u32)| !same(source, found, exps);
    let index = source.iter().zip(copied).position(differs)?;
    Some(format!(
        "word {index} was {:#010x} and became {:#010x}",
        source[index], found[index]
    ))
}

/// True if a word is as expected, its exponentials within 1 of 1,000 in f32 and within a step in bf16.
fn same(source: u32, found: u32, exps: u32) -> bool {
    let near = |bits: u32, found: f32, error: f32| {
        let expected = f32::from_bits(bits).exp();
        (found - expected).abs() <= error * expected
    };
    let step = 2_f32.powi(-7);
    let half = |word: u32| DType::Bf16.decode(word);
    match exps {
        0 => found == source,
        1 => near(source, f32::from_bits(found), 1e-3),
        _ => near(source, half(found >> 16), step) && near(source << 16, half(found), step),
    }
}

/// Compares the words of all invocations together with those of the source together. With exponentials, it is enough that each of
/// them was written.
fn wrong_words(source: &[u32], found: &[u32], kernel: &Kernel) -> Option<String> {
    let count = kernel.tiling.tiles(QUADS as u64) as usize * kernel.tiling.workgroup as usize;
    let (words, margin) = found.split_at(count);
    let fold = |words: &[u32]| words.iter().fold(0, |seen, word| seen ^ word);
    if margin.iter().any(|&word| word != POISON) || words.contains(&POISON) {
        return Some(format!("expected {count} words, found more or fewer"));
    }
    if kernel.load.exps > 0 || fold(words) == fold(source) {
        return None;
    }
    let (expected, found) = (fold(source), fold(words));
    Some(format!("read {expected:#010x} together as {found:#010x}"))
}

#[cfg(test)]
mod tests {
    use super::super::kernel::{Kernel, Load, Tiling};
    use super::prove;
    use crate::bench::Ceiling;
    use crate::gpu::Gpu;

    /// Returns the reason given for a kernel that works in other tiles than it claims.
    fn reason(load: Load, works: Tiling, claims: Tiling) -> Option<String> {
        let gpu = Gpu::open().expect("an adapter");
        let mut kernel = Kernel::new(gpu.device(), load, works);
        kernel.tiling = claims;
        pollster::block_on(prove(&gpu, &kernel)).expect("a device that works")
    }

    #[test]
    fn every_tiling_proves_itself_and_one_that_leaves_work_undone_does_not() {
        let loads = [Ceiling::Copy, Ceiling::Read].into_iter();
        let loads = loads.flat_map(|ceiling| [0, 1, 2].map(|exps| Load { ceiling, exps }));
        let abilities = *Gpu::open().expect("an adapter").planner().abilities();
        for load in loads {
            let [first, .., last] = Tiling::fitting(&abilities)[..] else {
                panic!("several tilings")
            };
            assert_eq!(reason(load, last, last), None, "{load:?}");
            assert_eq!(reason(load, first, first), None, "{load:?}");
            let found = reason(load, first, last);
            assert!(found.is_some(), "{load:?} left most of its work undone");
        }
    }
}
