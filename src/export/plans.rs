//! The exports of plans.

use super::{Export, MadeFrom, Optional};
use crate::device::described::Described;
use crate::error::Error;
use crate::ops::cross_entropy::{
    CrossEntropyBackwardPlan, CrossEntropyPlan, LinearCrossEntropyPlan,
};
use crate::ops::plan::{Plan, RowOperation};
use crate::variant::Operation;

impl<O: RowOperation> Plan<O> {
    /// Returns the plan as data, for all its rows and buffers of exactly the bytes that it needs.
    ///
    /// # Errors
    ///
    /// No rows, or a device limit that more dispatches cannot avoid.
    pub fn export(&self) -> Result<Export, Error> {
        let abilities = self.rows.kernels.planner.abilities();
        let made_from = self.rows.spec.map_or(MadeFrom::Shards, MadeFrom::Rows);
        let described = self.rows.described()?;
        Export::new(
            (O::OPERATION, made_from),
            abilities,
            self.bytes_moved(),
            &described,
        )
    }
}

impl CrossEntropyPlan {
    /// Returns the loss without its gradient as data, as a binding `with` these buffers records it.
    ///
    /// # Errors
    ///
    /// As [`Plan::export`].
    pub fn export(&self, with: &[Optional]) -> Result<Export, Error> {
        let op = Operation::CrossEntropy;
        let bytes_moved = self.base.bytes_moved(&self.loss_only);
        self.exported(op, bytes_moved, &self.described(false, with)?)
    }

    /// Returns loss and gradient as data, as a binding `with` these buffers records them.
    ///
    /// # Errors
    ///
    /// As [`Plan::export`].
    pub fn export_fused(&self, with: &[Optional]) -> Result<Export, Error> {
        let op = Operation::CrossEntropyFused;
        self.exported(op, self.bytes_moved(), &self.described(true, with)?)
    }

    fn exported(&self, op: Operation, bytes: u64, described: &Described) -> Result<Export, Error> {
        let abilities = self.fused.planner.abilities();
        let made_from = MadeFrom::Losses(self.base.spec);
        Export::new((op, made_from), abilities, bytes, described)
    }
}

impl CrossEntropyBackwardPlan {
    /// Returns the gradient as data, as a binding `with` these buffers records it: weights and an upstream gradient at
    /// most.
    ///
    /// # Errors
    ///
    /// As [`Plan::export`], and an output among the buffers.
    pub fn export(&self, with: &[Optional]) -> Result<Export, Error> {
        let made_from = MadeFrom::Losses(self.base.spec);
        let (op, bytes) = (Operation::CrossEntropyBackward, self.bytes_moved());
        let abilities = self.kernels.planner.abilities();
        Export::new((op, made_from), abilities, bytes, &self.described(with)?)
    }
}

impl LinearCrossEntropyPlan {
    /// Returns the loss without its gradients as data, as a binding `with` these buffers records it.
    ///
    /// # Errors
    ///
    /// As [`Plan::export`].
    pub fn export(&self, with: &[Optional]) -> Result<Export, Error> {
        self.exported(self.loss_bytes_moved(), &self.described(false, with)?)
    }

    /// Returns the loss and the gradients by hidden, the weight and, with [`Optional::Bias`], the bias as data, as a binding `with`
    /// these buffers records them.
    ///
    /// # Errors
    ///
    /// As [`Plan::export`].
    pub fn export_fused(&self, with: &[Optional]) -> Result<Export, Error> {
        self.exported(self.bytes_moved(), &self.described(true, with)?)
    }

    fn exported(&self, bytes: u64, described: &Described) -> Result<Export, Error> {
        let of = Operation::LinearCrossEntropy;
        let made_from = MadeFrom::Linear(self.chosen_spec());
        Export::new(
            (of, made_from),
            self.planner().abilities(),
            bytes,
            described,
        )
    }
}
