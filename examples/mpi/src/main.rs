//! Cross-entropy of a vocabulary that is shared by the ranks of an MPI job: each rank holds the logits of some columns, and
//! from records of 16 bytes a row and shard, which are all that travels, computes its part of losses and gradient.
//!
//! `mpirun -n 4 vocabulary [ROWS [CLASSES]] [--exit RANK]`: the last one lets a rank end too early, to see what becomes of the
//! job.

mod device;
mod record;
mod task;

use device::{Part, Results};
use mpi::collective::{SystemOperation, UserOperation};
use mpi::datatype::PartitionMut;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;
use record::Record;
use std::error::Error;
use std::ops::Range;
use std::time::{Duration, Instant};
use task::Task;
use wgpu_softmax::Gpu;
use wgpu_softmax::check::{bounds, compare};
use wgpu_softmax::reference::CrossEntropy;

/// Shards of a job of as many ranks or fewer: the same of every number of ranks, so that the bits are. More ranks have a
/// shard each.
const SHARDS: usize = 16;

/// Rounds that are timed.
const ROUNDS: usize = 10;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() {
    let Some(universe) = mpi::initialize() else {
        eprintln!("MPI has been initialised before");
        std::process::exit(1);
    };
    let world = universe.world();
    if let Err(error) = run(&world) {
        // Other ranks wait for this one: without it there is no result.
        eprintln!(
            "rank {} of {}: {error}; the job ends",
            world.rank(),
            world.size()
        );
        world.abort(1);
    }
}

fn run(world: &SimpleCommunicator) -> Outcome<()> {
    let (rank, ranks) = (world.rank() as usize, world.size() as usize);
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let task = Task {
        rows: arguments.rows,
        classes: arguments.classes,
        shards: SHARDS.max(ranks),
    };
    if task.classes < task.shards {
        return Err(format!(
            "{} classes are fewer than {} shards",
            task.classes, task.shards
        )
        .into());
    }
    let gpu = Gpu::open()?;
    let part = Part::new(&gpu, task, task.owned(rank, ranks))?;
    // A first run compiles the kernels.
    part.records()?;
    let each = if ranks <= SHARDS { task.shards } else { 1 };
    part.results(&vec![Record::default(); task.rows * each], each)?;
    if arguments.exit == Some(rank) {
        std::process::exit(1);
    }

    let (own, folded) = fastest(world, || part.records())?;
    let (records, exchanged) = fastest(world, || Outcome::Ok(exchange(world, task, &own)))?;
    let (mine, computed) = fastest(world, || part.results(&records, each))?;
    let losses = sum(world, &mine.losses);
    let gradient = gather(world, task, &mine.gradient);
    if rank == 0 {
        println!(
            "{ranks} ranks, {} rows of {} classes in {} shards, on {}: records {folded:.1?}, exchange {exchanged:.1?}, \
             losses and gradient {computed:.1?}",
            task.rows,
            task.classes,
            task.shards,
            gpu.adapter_info().name,
        );
        judge(&gpu, task, &Results { losses, gradient }, ranks)?;
    }
    Ok(())
}

/// Arguments of the command line.
struct Arguments {
    rows: usize,
    classes: usize,
    exit: Option<usize>,
}

impl Arguments {
    fn parse(mut given: impl Iterator<Item = String>) -> Outcome<Self> {
        let number = |text: Option<String>| {
            let text = text.unwrap_or_default();
            let parsed = text.parse::<usize>();
            parsed.map_err(|_| format!("expected a whole number, found '{text}'"))
        };
        let (mut sizes, mut exit) = (Vec::new(), None);
        while let Some(argument) = given.next() {
            match argument.as_str() {
                "--exit" => exit = Some(number(given.next())?),
                _ => sizes.push(number(Some(argument))?),
            }
        }
        let (rows, classes) = match sizes[..] {
            [] => (256, 5003),
            [rows] => (rows, 5003),
            [rows, classes] => (rows, classes),
            _ => return Err("expected rows and classes, found more numbers".into()),
        };
        Ok(Self {
            rows,
            classes,
            exit,
        })
    }
}

/// Does a piece of work some times, all ranks at once, and returns its result and its shortest time on this rank.
fn fastest<T, E: Into<Box<dyn Error>>>(
    world: &SimpleCommunicator,
    work: impl Fn() -> Result<T, E>,
) -> Outcome<(T, Duration)> {
    let round = || {
        world.barrier();
        let start = Instant::now();
        let done = work().map_err(Into::into)?;
        Outcome::Ok((done, start.elapsed()))
    };
    let (mut done, mut shortest) = round()?;
    for _ in 1..ROUNDS {
        let (again, time) = round()?;
        (done, shortest) = (again, shortest.min(time));
    }
    Ok((done, shortest))
}

/// Number of shards that a rank owns.
fn part_width(task: Task, rank: usize, ranks: usize) -> usize {
    task.owned(rank, ranks).len()
}

/// Returns the records of each row: one a shard, or one in all.
///
/// Up to 16 ranks gather all records, which every rank then merges in one order: the bits are those of one rank. More ranks
/// merge them on their way, in an order of MPI's, into one a row.
fn exchange(world: &SimpleCommunicator, task: Task, own: &[Record]) -> Vec<Record> {
    let ranks = world.size() as usize;
    if ranks <= SHARDS {
        let widths = (0..ranks).map(|rank| part_width(task, rank, ranks));
        let by_rank = gathered(world, own, widths.map(|width| width * task.rows));
        return by_row(task, ranks, &by_rank);
    }
    let merge = UserOperation::commutative(|from, into| {
        let (Some(from), Some(into)) = (from.downcast::<Record>(), into.downcast::<Record>())
        else {
            unreachable!("records are reduced");
        };
        from.iter()
            .zip(into)
            .for_each(|(from, into)| *into = from.merge(*into));
    });
    let mut merged = vec![Record::default(); own.len()];
    world.all_reduce_into(own, &mut merged[..], &merge);
    merged
}

/// Gathers lists of all ranks, of these lengths, on every rank.
fn gathered<T: Equivalence + Default + Clone>(
    world: &SimpleCommunicator,
    own: &[T],
    lengths: impl Iterator<Item = usize>,
) -> Vec<T> {
    let counts: Vec<i32> = lengths.map(|length| length as i32).collect();
    let mut all = vec![T::default(); counts.iter().sum::<i32>() as usize];
    let mut partition = PartitionMut::new(&mut all[..], &counts[..], starts(&counts));
    world.all_gather_varcount_into(own, &mut partition);
    all
}

fn starts(counts: &[i32]) -> Vec<i32> {
    let starts = counts.iter().scan(0, |sum, count| {
        let start = *sum;
        *sum += count;
        Some(start)
    });
    starts.collect()
}

/// Brings records from the order of ranks into the order of rows.
fn by_row(task: Task, ranks: usize, by_rank: &[Record]) -> Vec<Record> {
    let of_row = |row: usize| {
        (0..ranks).flat_map(move |rank| {
            let Range { start, end } = task.owned(rank, ranks);
            let first = start * task.rows + row * (end - start);
            by_rank[first..][..end - start].iter().copied()
        })
    };
    (0..task.rows).flat_map(of_row).collect()
}

/// Adds up the losses of all ranks. Each is 0 on all ranks but one, so that no order matters.
fn sum(world: &SimpleCommunicator, losses: &[f32]) -> Vec<f32> {
    let mut sums = vec![0.0; losses.len()];
    world.all_reduce_into(losses, &mut sums[..], SystemOperation::sum());
    sums
}

/// Gathers the gradient, which a training job would leave where it is, to be compared.
fn gather(world: &SimpleCommunicator, task: Task, own: &[f32]) -> Vec<f32> {
    let ranks = world.size() as usize;
    let columns = |rank| {
        task.owned(rank, ranks)
            .map(|shard| task.columns(shard).len())
            .sum::<usize>()
    };
    gathered(world, own, (0..ranks).map(|rank| columns(rank) * task.rows))
}

/// Compares losses and gradient with those of one rank that owns all shards: by bits where the order of merges is the same,
/// else by the bounds of the f64 reference.
fn judge(gpu: &Gpu, task: Task, found: &Results, ranks: usize) -> Outcome<()> {
    if ranks <= SHARDS {
        let all = Part::new(gpu, task, 0..task.shards)?;
        let alone = all.results(&all.records()?, task.shards)?;
        let pairs = [
            (&found.losses, &alone.losses),
            (&found.gradient, &alone.gradient),
        ];
        let differing = pairs.map(|(a, b)| {
            a.iter()
                .zip(b)
                .filter(|(a, b)| a.to_bits() != b.to_bits())
                .count()
        });
        println!(
            "bits that differ from those of one rank: {} losses, {} of the gradient",
            differing[0], differing[1]
        );
        return match differing {
            [0, 0] => Ok(()),
            _ => Err("losses or gradient are not those of one rank".into()),
        };
    }
    let logits = task.logits(&(0..task.classes));
    let targets: Vec<i64> = task.targets().into_iter().map(i64::from).collect();
    let reference = CrossEntropy::new(task.classes);
    let expected = reference.losses(&logits, &targets).row_losses;
    let allowed = bounds::row_loss(&reference, &logits, &targets);
    let comparison = compare(&found.losses, &expected, &allowed, 1);
    println!("losses against f64: {comparison}");
    match comparison.passed() {
        true => Ok(()),
        false => Err("losses are out of their bounds".into()),
    }
}
