//! Cases of an export: inputs that are drawn by name and seed, and the results of the reference.

use super::{Buffer, Case, Export, MadeFrom, Role, Values, Words};
use crate::check::{Inputs, bounds};
use crate::error::Error;
use crate::export::drawn::Drawn;
use crate::reference::rows_to_axis;
use crate::variant::Operation;

/// Elements of a buffer that cases are made for, at most: they make large files.
const MOST_ELEMENTS: u64 = 1 << 16;

/// Distributions of the logits, in turns.
const DISTRIBUTIONS: [Inputs; 4] = [
    Inputs::PlantedOutliers,
    Inputs::Special,
    Inputs::Peaked,
    Inputs::Masked,
];

impl Export {
    /// The same export with `count` cases, which are the same in every run. Their logits are of different distributions, some
    /// with NaN and infinities.
    ///
    /// # Errors
    ///
    /// A buffer of more than 65,536 elements, rows apart from each other, or an operation on shards.
    pub fn with_cases(mut self, count: usize) -> Result<Self, Error> {
        if count > 0 {
            self.check_cases()?;
        }
        self.cases = (0..count).map(|seed| self.case(seed)).collect();
        Ok(self)
    }

    fn check_cases(&self) -> Result<(), Error> {
        let refuse =
            |expected, found: String| Err(Error::value("export with cases", expected, found));
        for Buffer {
            name,
            shape,
            offset,
            stride,
            ..
        } in &self.buffers
        {
            let (elements, slice): (u64, u64) =
                (shape.iter().product(), shape[1..].iter().product());
            if elements > MOST_ELEMENTS {
                let expected = "buffers of at most 65,536 elements";
                return refuse(expected, format!("{elements} in `{name}`"));
            }
            if (*offset, *stride) != (0, slice) {
                return refuse("rows one after the other", format!("`{name}`"));
            }
        }
        let of_shard = match self.made_from {
            MadeFrom::Rows(_) => !Operation::ALL.contains(&self.op),
            MadeFrom::Losses(spec) => spec.all_classes != spec.classes,
            MadeFrom::Linear(_) => false,
            MadeFrom::Shards => true,
        };
        match of_shard {
            true => refuse("an operation on whole rows", self.op.to_string()),
            false => Ok(()),
        }
    }

    fn case(&self, seed: usize) -> Case {
        let logits = DISTRIBUTIONS[seed % DISTRIBUTIONS.len()];
        let is_bound = |name| self.buffers.iter().any(|buffer| buffer.name == name);
        let drawn = match &self.made_from {
            MadeFrom::Losses(spec) => Drawn::of_loss(spec, is_bound, logits, seed as u64),
            MadeFrom::Linear(spec) => Drawn::of_linear(spec, is_bound, logits, seed as u64),
            MadeFrom::Rows(spec) => Drawn::of_rows(self.op, spec, logits, seed as u64),
            MadeFrom::Shards => Drawn::default(),
        };
        let buffers = self.buffers.iter().enumerate();
        let filled = buffers.filter(|(_, of)| matches!(of.role, Role::Input | Role::Inout));
        let inputs = filled.map(|(buffer, of)| Words {
            buffer,
            words: drawn.words(of.name, of.dtype, |values| self.in_order(of, values)),
        });
        let results = drawn.results.iter().filter_map(|(name, values, allowed)| {
            let bound = self.bounds.iter().find(|bound| bound.name == *name)?;
            let of = &self.buffers[bound.buffer];
            let stored = match of.dtype.floats() {
                Some(dtype) => bounds::stored(dtype, allowed, values),
                None => allowed.clone(),
            };
            Some(Values {
                name,
                buffer: bound.buffer,
                values: self.in_order(of, values),
                tolerances: self.in_order(of, &stored),
            })
        });
        Case {
            name: logits.name(),
            inputs: inputs.collect(),
            expected: results.collect(),
        }
    }

    /// Returns values of rows in the order in which they lie: on a strided axis, rows are next to each other.
    fn in_order<T: Copy>(&self, of: &Buffer, values: &[T]) -> Vec<T> {
        match of.shape[..] {
            [outer, cols, inner] if self.op != Operation::Jacobian => {
                rows_to_axis(values, [outer, cols, inner].map(|extent| extent as usize))
            }
            _ => values.to_vec(),
        }
    }
}
