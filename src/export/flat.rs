//! Exports for hosts that have one kind of binding.

use super::{Access, Dispatch, Export};

/// Address space of storage that is only read. Control flow around barriers depends on the numbers of a dispatch, and
/// compilers take only what nobody writes for the same in all invocations.
const READ: &str = "<storage, read>";
const WRITE: &str = "<storage, read_write>";

impl Export {
    /// The same kernels for frameworks that pool memory: bindings are numbered from 0 without gaps, and all are storage that
    /// is read and written, so that parts of one buffer may be an input and an output of a dispatch. Only `params`, a uniform
    /// before, are storage that is read, in a buffer of their own.
    #[must_use]
    pub fn flat(mut self) -> Self {
        if !self.flat {
            self.dispatches.iter_mut().for_each(flatten);
            self.flat = true;
            self.required_limits = self.limits();
        }
        self
    }
}

fn flatten(dispatch: &mut Dispatch) {
    let mut numbers = Vec::new();
    for (dense, binding) in (0..).zip(&mut dispatch.bindings) {
        numbers.push((binding.binding, dense));
        binding.binding = dense;
        binding.access = match binding.buffer {
            Some(_) => Access::Storage,
            None => Access::ReadOnlyStorage,
        };
    }
    let lines = dispatch.wgsl.lines().map(|line| declared(line, &numbers));
    dispatch.wgsl = lines.collect::<Vec<_>>().join("\n") + "\n";
}

/// Returns a line, with its binding renumbered if it declares one.
fn declared(line: &str, numbers: &[(u32, u32)]) -> String {
    let rest = line.strip_prefix("@group(0) @binding(");
    let parts = rest.and_then(|rest| rest.split_once(')'));
    let Some((number, rest)) = parts.and_then(|(number, rest)| Some((number.parse().ok()?, rest)))
    else {
        return line.into();
    };
    let dense = numbers.iter().find(|(sparse, _)| *sparse == number);
    let Some((_, dense)) = dense else {
        return line.into();
    };
    let rest = match number {
        0 => rest.replace("<uniform>", READ),
        _ => rest.replace("<uniform>", WRITE).replace(READ, WRITE),
    };
    format!("@group(0) @binding({dense}){rest}")
}
