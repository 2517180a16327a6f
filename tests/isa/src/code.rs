//! Counts of AMD machine code, as LLVM's disassembler writes it.

/// Counts of a stretch of code.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    /// All instructions.
    pub(crate) all: u32,
    /// Those that multiply and add.
    pub(crate) fused: u32,
    /// Vector instructions that are neither loads nor stores.
    pub(crate) vector: u32,
    pub(crate) barriers: u32,
    /// Accesses to workgroup memory.
    pub(crate) shared: u32,
    /// Bytes that a lane loads.
    pub(crate) loaded: u32,
    /// Bytes of the widest load of a lane.
    pub(crate) widest_load: u32,
    /// Bytes that a lane has asked for, at most, before it waits, in program order.
    pub(crate) in_flight: u32,
}

/// Counts of a kernel, and of those of its innermost loops that load.
#[derive(Debug, Default)]
pub(crate) struct Kernel {
    pub(crate) all: Counts,
    pub(crate) loops: Vec<Counts>,
    /// Share of instructions that multiply and add, in the innermost loop with most of them.
    pub(crate) fused_share: f64,
}

pub(crate) fn counts_of(assembly: &str) -> Kernel {
    let lines = assembly
        .lines()
        .map(|line| line.split(';').next().unwrap_or_default().trim());
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    let label = |line: &str| line.strip_suffix(':').map(str::to_owned);
    // A branch back to a label that stands before it ends a loop.
    let mut spans = Vec::new();
    for (end, line) in lines.iter().enumerate() {
        if let Some((operation, target)) = line.split_once(' ')
            && (operation.starts_with("s_branch") || operation.starts_with("s_cbranch"))
            && let Some(start) = lines[..end]
                .iter()
                .position(|line| label(line).as_deref() == Some(target.trim()))
        {
            spans.push((start, end));
        }
    }
    let is_inner = |&&(start, end): &&(usize, usize)| {
        !spans
            .iter()
            .any(|&(s, e)| (s, e) != (start, end) && start <= s && e <= end)
    };
    let loops = spans
        .iter()
        .filter(is_inner)
        .map(|&(start, end)| counts(&lines[start..=end]));
    let loops: Vec<_> = loops.collect();
    let all = counts(&lines);
    let most = loops.iter().max_by_key(|counts| counts.fused);
    let Counts { fused, all: of, .. } = *most.unwrap_or(&all);
    Kernel {
        all,
        fused_share: f64::from(fused) / f64::from(of.max(1)),
        loops: loops
            .into_iter()
            .filter(|counts| counts.loaded > 0)
            .collect(),
    }
}

fn counts(lines: &[&str]) -> Counts {
    let mut counts = Counts::default();
    let mut asked: Vec<u32> = Vec::new();
    for line in lines {
        // Two instructions that are issued as one.
        for part in line.split("::") {
            let operation = part.split_whitespace().next().unwrap_or_default();
            counts.all += u32::from(!operation.ends_with(':'));
            counts.fused += u32::from(multiplies_and_adds(operation));
            if operation.starts_with("s_barrier") {
                counts.barriers += 1;
            } else if operation.starts_with("ds_") {
                counts.shared += 1;
            } else if operation.starts_with("v_") {
                counts.vector += 1;
            } else if let Some(bytes) = loaded_by(operation) {
                counts.loaded += bytes;
                counts.widest_load = counts.widest_load.max(bytes);
                asked.push(bytes);
                counts.in_flight = counts.in_flight.max(asked.iter().sum());
            } else if let Some(left) = waits_for(operation, part) {
                asked.drain(..asked.len().saturating_sub(left));
            }
        }
    }
    counts
}

fn multiplies_and_adds(operation: &str) -> bool {
    let kinds = ["v_fma_", "v_fmac_", "v_fmaak_", "v_fmamk_", "v_pk_fma_", "v_dual_fma"];
    kinds.iter().any(|kind| operation.starts_with(kind))
}

/// Bytes that a load from memory gives a lane.
fn loaded_by(operation: &str) -> Option<u32> {
    let (space, width) = operation.split_once("_load_")?;
    let is_memory = ["buffer", "global", "flat"].contains(&space);
    let bytes = match width.trim_start_matches("format_").split('_').next()? {
        "ubyte" | "sbyte" | "u8" | "i8" => 1,
        "ushort" | "sshort" | "short" | "u16" | "i16" | "b16" => 2,
        "dword" | "b32" => 4,
        "dwordx2" | "b64" => 8,
        "dwordx3" | "b96" => 12,
        "dwordx4" | "b128" => 16,
        _ => return None,
    };
    is_memory.then_some(bytes)
}

/// Number of loads that may still be on their way after an instruction that waits.
fn waits_for(operation: &str, line: &str) -> Option<usize> {
    if operation != "s_waitcnt" {
        return None;
    }
    let (_, after) = line.split_once("vmcnt(")?;
    after.split(')').next()?.parse().ok()
}
