//! What a program binds.

use super::{Program, Stage};
use crate::variant::{Masking, Operation, Shares};

/// What a binding number stands for. The number is the discriminant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u32)]
#[expect(missing_docs, reason = "the names are those of the shaders")]
pub enum Binding {
    Params = 0,
    Source = 1,
    Upstream = 2,
    Result = 3,
    Partials = 4,
    RowInput = 5,
    RowOutput = 6,
    Pairs = 7,
    Tallies = 8,
    Lse = 9,
    Status = 10,
    ReducedLoss = 11,
    Weight = 12,
    GradLosses = 13,
    Tally = 14,
    Mask = 15,
    Candidates = 16,
    RowOutputs = 17,
    CallerPairs = 18,
}

impl Binding {
    /// Whether it is a uniform; else it is storage.
    pub const fn is_uniform(self) -> bool {
        matches!(self, Self::Params | Self::Tally)
    }
}

type Bindings = Vec<(Binding, bool)>;

impl Program {
    /// The bindings that the entry point uses, in ascending order, and whether each may be written.
    pub fn bindings(&self) -> Bindings {
        let mut list = vec![(Binding::Params, false)];
        match self.stage.is_tally() {
            true => list.extend(self.tally_bindings()),
            false => {
                list.extend(self.matrix_bindings());
                list.extend(self.row_bindings());
            }
        }
        list.sort();
        list
    }

    fn matrix_bindings(&self) -> Bindings {
        match self.stage {
            Stage::Merge | Stage::Combine => return vec![(Binding::Partials, true)],
            _ if self.operation == Operation::LseFromPairs => return Vec::new(),
            _ => {}
        }
        let mut list = Vec::new();
        if !self.form.in_place {
            list.push((Binding::Source, false));
        }
        if self.form.matrices_read(self.operation) == 2 {
            list.push((Binding::Upstream, false));
        }
        if self.form.masking != Masking::None {
            list.push((Binding::Mask, false));
        }
        if matches!(self.stage, Stage::Partial | Stage::Finish) {
            list.push((Binding::Partials, true));
        }
        if self.operation.writes_matrix() && self.stage != Stage::Partial {
            list.push((Binding::Result, true));
        }
        list
    }

    fn row_bindings(&self) -> Bindings {
        use Binding::{Lse, Pairs, RowInput, RowOutput};
        if self.stage == Stage::Combine {
            return Vec::new();
        }
        match self.operation {
            Operation::PartialStatistic => Vec::new(),
            Operation::MergeStatistics => vec![(Pairs, true), (Lse, true)],
            Operation::LseFromPairs => vec![(Pairs, false), (Lse, true)],
            Operation::RowOutputs => self.row_output_bindings(),
            Operation::SoftmaxFromPairs | Operation::Jacobian => vec![(Pairs, false)],
            Operation::LogSumExp => vec![(RowOutput, true)],
            Operation::LogSumExpBackward => vec![(RowInput, false)],
            Operation::CrossEntropy
            | Operation::CrossEntropyFused
            | Operation::CrossEntropyBackward
            | Operation::CrossEntropyFromPairs => self.cross_entropy_bindings(),
            _ => Vec::new(),
        }
    }

    fn cross_entropy_bindings(&self) -> Bindings {
        use Binding::{GradLosses, Pairs, RowOutput, Tally};
        let mut list = self.target_bindings();
        if self.stage == Stage::Partial {
            return list;
        }
        list.extend([(GradLosses, false), (Tally, false)]);
        match self.stage {
            Stage::Elementwise | Stage::Unrolled { .. } => list.push((Pairs, false)),
            Stage::Recalled => list.extend([(Pairs, false), (RowOutput, true)]),
            _ => list.extend([(Pairs, true), (RowOutput, true)]),
        }
        list
    }

    fn row_output_bindings(&self) -> Bindings {
        use Binding::{CallerPairs, Candidates, Lse, Pairs, RowOutputs};
        let mut list = match self.form.shares {
            Shares::Probabilities => Vec::new(),
            Shares::Onehot | Shares::Smoothed => self.target_bindings(),
        };
        list.extend([(Pairs, false), (Lse, true), (Candidates, false)]);
        list.extend([(RowOutputs, true), (CallerPairs, true)]);
        list
    }

    fn target_bindings(&self) -> Bindings {
        let weight = (Binding::Weight, false);
        match self.form.shares {
            Shares::Probabilities if self.stage.is_tally() => Vec::new(),
            Shares::Probabilities => vec![weight],
            Shares::Onehot | Shares::Smoothed => vec![(Binding::RowInput, false), weight],
        }
    }

    fn tally_bindings(&self) -> Bindings {
        use Binding::{ReducedLoss, RowOutput, Status, Tallies};
        let mut list = vec![(Tallies, true), (Status, true), (ReducedLoss, true)];
        if self.stage != Stage::MergeTallies {
            list.extend(self.target_bindings());
        }
        if self.stage == Stage::ReduceLosses {
            list.push((RowOutput, false));
        }
        list
    }
}
