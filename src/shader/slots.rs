//! Table of slots: the files from which a program is joined.
//!
//! A slot is filled by one of several files, which declare the same names. All other files are joined into every program.
//! Declarations that the entry point does not reach are dropped from the joined text.

use std::borrow::Cow;
use std::fmt::Write;

use super::{Program, Stage};
use crate::spec::dtype::DType;
use crate::variant::{Access, Masking, Operation, Reduce};

/// A file under `shaders/`.
struct File {
    name: &'static str,
    text: &'static str,
    /// Purpose, or the programs that it serves.
    when: &'static str,
    serves: fn(&Program) -> bool,
}

/// A set of names that one of several files declares.
struct Slot {
    name: &'static str,
    /// The names that its files declare.
    provides: &'static str,
    files: &'static [File],
}

macro_rules! file {
    ($name:literal, $when:literal) => {
        file!($name, $when, |_| true)
    };
    ($name:literal, $when:literal, $serves:expr) => {
        File {
            name: $name,
            text: include_str!(concat!("../../shaders/", $name)),
            when: $when,
            serves: $serves,
        }
    };
}

/// The slots, in the order in which they are read.
#[rustfmt::skip]
const SLOTS: &[Slot] = &[
    Slot { name: "kernel", provides: "the entry point: load, reduce, formula, store", files: &[
        file!("kernel/registers.wgsl", "a row in registers", |p| is(p, "registers")),
        file!("kernel/streamed.wgsl", "a row of any length, read twice", |p| is(p, "streamed")),
        file!("kernel/partial.wgsl", "a part of a row, folded", |p| is(p, "partial")),
        file!("kernel/finish.wgsl", "a part of a row, merged with the others and written", |p| is(p, "finish")),
        file!("kernel/elementwise.wgsl", "a row known beforehand", |p| is(p, "elementwise") || is(p, "unrolled")),
        file!("kernel/from_saved.wgsl", "values a row, from its saved pair", |p| is(p, "from_saved")),
        file!("kernel/merge.wgsl", "records of the parts of a row", |p| matches!(p.stage, Stage::Merge | Stage::Combine)),
        file!("kernel/strided_registers.wgsl", "rows on a strided axis, in registers", |p| is(p, "strided_registers")),
        file!("kernel/strided.wgsl", "rows on a strided axis, of any length", |p| is(p, "strided")),
        file!("kernel/tally.wgsl", "targets counted, losses summed", |p| p.stage.is_tally()),
        file!("kernel/gemm.wgsl", "a product of matrices, or sums of columns", |p| p.stage.is_linear()),
    ] },
    Slot { name: "tile", provides: "`Operands`, `operands_of`, `sums_of`", files: &[
        file!("tile/workgroup.wgsl", "operands of a product through workgroup memory", |p| p.stage.is_linear() && p.tile().shared),
        file!("tile/registers.wgsl", "operands of a product read by each lane", |p| p.stage.is_linear() && !p.tile().shared),
    ] },
    Slot { name: "formula", provides: "`Row`, `finish_row`, `output`, and what needs them `load_row`, `load_saved`, `store_row`", files: &[
        file!("formula/softmax.wgsl", "softmax", |p| {
            matches!(p.operation, Operation::Softmax | Operation::SoftmaxFromPairs)
        }),
        file!("formula/log_softmax.wgsl", "log-softmax", |p| p.operation == Operation::LogSoftmax),
        file!("formula/logsumexp.wgsl", "logsumexp", |p| p.operation == Operation::LogSumExp),
        file!("formula/softmax_backward.wgsl", "softmax-backward", |p| p.operation == Operation::SoftmaxBackward),
        file!("formula/log_softmax_backward.wgsl", "log-softmax-backward", |p| p.operation == Operation::LogSoftmaxBackward),
        file!("formula/logsumexp_backward.wgsl", "logsumexp-backward", |p| p.operation == Operation::LogSumExpBackward),
        file!("formula/cross_entropy.wgsl", "cross-entropy, its backward, and both", has_loss),
        file!("formula/jacobian.wgsl", "jacobian", |p| p.operation == Operation::Jacobian),
        file!("formula/merge_statistics.wgsl", "statistics of shards", |p| {
            matches!(p.operation, Operation::PartialStatistic | Operation::MergeStatistics)
        }),
        file!("formula/lse_from_pairs.wgsl", "lse of merged shards", |p| p.operation == Operation::LseFromPairs),
        file!("formula/row_outputs.wgsl", "outputs of a row in addition to its loss", |p| p.operation == Operation::RowOutputs),
    ] },
    Slot { name: "targets", provides: "`loss_of`, `target_sum_of`", files: &[
        file!("formula/one_hot.wgsl", "a class id a row", |p| has_loss(p) && !p.options.is_dense()),
        file!("formula/dense.wgsl", "label smoothing, or probabilities", |p| has_loss(p) && p.options.is_dense()),
    ] },
    Slot { name: "input", provides: "`Cached`, `Starts`, `Scan`, `load`, `scan`, `extremes_of`", files: &[
        file!("logits.wgsl", "logits", Program::has_max),
        file!("gradient.wgsl", "an output of the forward pass, and its upstream gradient", |p| !p.has_max()),
    ] },
    Slot { name: "mask", provides: "`mask_added` or `mask_keeps`", files: &[
        file!("mask/additive.wgsl", "a mask that is added", |p| {
            matches!(p.options.masking, Masking::Added | Masking::AddedByQuads)
        }),
        file!("mask/boolean.wgsl", "a mask that keeps or excludes", |p| {
            matches!(p.options.masking, Masking::Kept | Masking::KeptByQuads)
        }),
    ] },
    Slot { name: "reduce", provides: "`reduce_extremes`, `reduce_sum`", files: &[
        file!("reduce/subgroup.wgsl", "the lanes of a row merge by shuffles, and those of several subgroups through workgroup memory", |p| {
            matches!(p.variant.reduce, Reduce::Subgroup | Reduce::Hybrid { .. })
        }),
        file!("reduce/workgroup.wgsl", "the lanes of a row merge through workgroup memory alone", |p| p.variant.reduce == Reduce::Workgroup),
    ] },
    Slot { name: "storage", provides: "`Unit`, `load_source`, `load_upstream`, `store_result`, and the same of one element", files: &[
        file!("storage/f32_quads.wgsl", "f32 on multiples of four, or shifted", |p| stores(p, false, Quads, false)),
        file!("storage/f32_pairs.wgsl", "f32 on multiples of two", |p| stores(p, false, Pairs, false)),
        file!("storage/f32_words.wgsl", "f32 anywhere", |p| stores(p, false, Words, false)),
        file!("storage/half_quads.wgsl", "16 bits on multiples of four", |p| stores(p, true, Quads, false)),
        file!("storage/half_pairs.wgsl", "16 bits on multiples of two", |p| {
            // Two halves are one word, so 64-bit integers do not move them.
            stores(p, true, Pairs, false) || stores(p, true, Pairs, true)
        }),
        file!("storage/half_shifted.wgsl", "16 bits, shifted", |p| {
            stores(p, true, Access::Shifted, false) || stores(p, true, Access::Shifted, true)
        }),
        file!("storage/half_words.wgsl", "16 bits anywhere", |p| stores(p, true, Words, false)),
        file!("wide64/f32_quads.wgsl", "f32 by 64-bit integers", |p| stores(p, false, Quads, true)),
        file!("wide64/f32_pairs.wgsl", "f32 on multiples of two by 64-bit integers", |p| stores(p, false, Pairs, true)),
        file!("wide64/half_quads.wgsl", "16 bits by 64-bit integers", |p| stores(p, true, Quads, true)),
    ] },
    Slot { name: "format", provides: "`decode`, `encode`", files: &[
        file!("storage/f16.wgsl", "f16", |p| p.dtype == DType::F16),
        file!("storage/bf16.wgsl", "bf16", |p| p.dtype == DType::Bf16),
    ] },
];

/// Files that are joined into every program.
#[rustfmt::skip]
const COMMON: &[File] = &[
    file!("kernel/quads.wgsl", "the columns of a row in registers"),
    file!("kernel/fold.wgsl", "a range of columns, folded"),
    file!("kernel/write.wgsl", "a range of columns, written"),
    file!("kernel/column.wgsl", "one column of a row, written by itself"),
    file!("kernel/groups.wgsl", "groups of rows on a strided axis"),
    file!("statistic.wgsl", "the maximum, the sums and the special values of a row"),
    file!("softcap.wgsl", "capped logits"),
    file!("causal.wgsl", "causal rows"),
    file!("target.wgsl", "the targets and the options of a loss"),
    file!("pairs.wgsl", "the saved pair of a row"),
    file!("records.wgsl", "the statistics of parts of rows, in memory"),
    file!("mask/axes.wgsl", "the place of a row's mask"),
    file!("storage/buffers.wgsl", "the matrices"),
    file!("wide64/words.wgsl", "64-bit integers, as words"),
    file!("rows.wgsl", "the rows of an access: one, or four on a strided axis"),
    file!("grid.wgsl", "the places of invocations"),
    file!("params.wgsl", "the uniform"),
    file!("bits.wgsl", "special values, and ln"),
];

use Access::{Pairs, Quads, Words};

fn is(program: &Program, entry_point: &str) -> bool {
    program.entry_point() == entry_point
}

fn has_loss(program: &Program) -> bool {
    program.operation.has_targets() && !program.stage.is_tally()
}

fn stores(program: &Program, half: bool, access: Access, wide: bool) -> bool {
    let found = match program.variant.access {
        Access::Shifted if !half => Quads,
        access => access,
    };
    // The operands of a product are read word by word, whatever they are.
    let is_half = program.dtype != DType::F32 && !program.stage.is_linear();
    (is_half, found, program.variant.int64) == (half, access, wide)
}

impl Program {
    /// Names and texts of the files from which the program is joined.
    pub(super) fn files(&self) -> impl Iterator<Item = (&'static str, Cow<'static, str>)> {
        let slots = SLOTS.iter().flat_map(|slot| slot.files);
        let files = slots.filter(|file| (file.serves)(self)).chain(COMMON);
        files.map(|file| (file.name, planted(file.name, file.text)))
    }
}

/// Returns a text as it is.
#[cfg(not(feature = "planted-faults"))]
const fn planted(_: &'static str, text: &'static str) -> Cow<'static, str> {
    Cow::Borrowed(text)
}

#[cfg(feature = "planted-faults")]
use crate::wgsl::faults::text as planted;

/// Digest of the names and texts of all files: FNV-1a in 64 bits. Carriage returns, which a checkout may add, do not count.
pub(crate) fn digest() -> u64 {
    let slots = SLOTS.iter().flat_map(|slot| slot.files);
    digest_of(
        slots
            .chain(COMMON)
            .map(|file| (file.name, planted(file.name, file.text))),
    )
}

fn digest_of(files: impl Iterator<Item = (&'static str, Cow<'static, str>)>) -> u64 {
    const PRIME: u64 = 0x0100_0000_01b3;
    let fold = |digest: u64, byte: u8| (digest ^ u64::from(byte)).wrapping_mul(PRIME);
    files.fold(0xcbf2_9ce4_8422_2325, |digest, (name, text)| {
        // A byte that no text has ends each, so that none can be taken for a part of the next.
        let bytes = name.bytes().chain([0xff]).chain(text.bytes()).chain([0xff]);
        bytes.filter(|byte| *byte != b'\r').fold(digest, fold)
    })
}

/// Returns the slots and their files as tables in Markdown, as in `shaders/README.md`.
pub fn table() -> String {
    let mut table = String::from("| slot | provides | file | when |\n| --- | --- | --- | --- |\n");
    for slot in SLOTS {
        for (index, File { name, when, .. }) in slot.files.iter().enumerate() {
            let (slot, provides) = if index == 0 {
                (slot.name, slot.provides)
            } else {
                ("", "")
            };
            _ = writeln!(table, "| {slot} | {provides} | `{name}` | {when} |");
        }
    }
    table.push_str("\n| in every kernel that reaches it | what it holds |\n| --- | --- |\n");
    for File { name, when, .. } in COMMON {
        _ = writeln!(table, "| `{name}` | {when} |");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::{Cow, digest, digest_of};

    fn of(files: &[(&'static str, &'static str)]) -> u64 {
        let files = files.iter();
        digest_of(files.map(|&(name, text)| (name, Cow::Borrowed(text))))
    }

    #[test]
    fn the_digest_changes_with_every_shader() {
        let files = [("a.wgsl", "let x = 1;\n"), ("b.wgsl", "let y = 2;\n")];
        let [a, b] = files;
        let others = [
            vec![("a.wgsl", "let x = 3;\n"), b],
            vec![a, ("b.wgsl", "let y = 2;")],
            vec![("c.wgsl", a.1), b],
            vec![b, a],
            vec![a],
        ];
        let same = of(&files);
        others
            .iter()
            .for_each(|other| assert_ne!(of(other), same, "{other:?}"));
        assert_eq!(of(&[("a.wgsl", "let x = 1;\r\n"), b]), same);
        assert_ne!(digest(), of(&[]));
        // FNV-1a of the bytes ff and ff, by another program: the same on every platform.
        assert_eq!(of(&[("", "")]), 0x0a99_c907_b6f6_4763);
    }
}
