//! What the plans of a cross-entropy say of their kernels: as data, and as text.

use super::base::{Base, GATHERED, GATHERS, whole};
use super::numbers::flags;
use super::tally::RECORD;
use super::{CrossEntropyBackwardPlan, CrossEntropyPlan};
use crate::device::kernel_text::KernelText;
use crate::device::rows::RowKernels;
use crate::device::tensor::{Role, check_roles, shapes_of};
use crate::error::Error;
use crate::shader::Binding;
use crate::shader::loss_flags::HAS_COUNTS;
use crate::shader::params::Params;
use crate::variant::{KernelOptions, Variant};

impl CrossEntropyPlan {
    /// Returns the kernels for the loss without its gradient, as readable text, in the order of their dispatches: those of
    /// [`bind`](Self::bind). Weights, an upstream gradient or pairs among the extras of a binding ask for others.
    ///
    /// # Errors
    ///
    /// A device limit that more dispatches cannot avoid.
    pub fn wgsl(&self) -> Result<Vec<KernelText>, Error> {
        self.base.texts(&self.loss_only)
    }

    /// Returns the kernels for loss and gradient, as readable text.
    ///
    /// # Errors
    ///
    /// As [`wgsl`](Self::wgsl).
    pub fn fused_wgsl(&self) -> Result<Vec<KernelText>, Error> {
        self.base.texts(&self.fused)
    }

    /// The kernel for the loss without its gradient, as data.
    pub const fn variant(&self) -> Variant {
        self.loss_only.variant
    }

    /// The kernel for loss and gradient, as data.
    pub const fn fused_variant(&self) -> Variant {
        self.fused.variant
    }
}

impl CrossEntropyBackwardPlan {
    /// Returns the kernels that serve all rows of the plan, as readable text, in the order of their dispatches.
    ///
    /// # Errors
    ///
    /// A device limit that more dispatches cannot avoid.
    pub fn wgsl(&self) -> Result<Vec<KernelText>, Error> {
        self.base.texts(&self.kernels)
    }

    /// The chosen kernel as data.
    pub const fn variant(&self) -> Variant {
        self.kernels.variant
    }
}

impl Base {
    /// Returns the kernels that serve all rows, which `kernels` compute, in the order of their dispatches.
    pub(super) fn texts(&self, kernels: &RowKernels) -> Result<Vec<KernelText>, Error> {
        let roles = self.roles(kernels, self.callers(&kernels.geometry))?;
        let gathers = self.gathers(kernels);
        self.texts_around(kernels, &roles, gathers, |mut params| {
            let mut list = Vec::new();
            if let Some(row_outputs) = self.row_outputs.as_ref().filter(|_| gathers) {
                params.loss.gathering = GATHERS;
                list.extend(row_outputs.texts(&of_row_outputs(&roles, true), params)?);
                params.loss.gathering = GATHERED;
            }
            list.extend(kernels.texts(&roles, params)?);
            Ok(list)
        })
    }

    /// Returns the kernels around those of the rows, which `of_rows` returns, with these roles for buffers. `of_rows` gathers what row
    /// outputs take of the logits, if it `gathers`.
    pub(super) fn texts_around(
        &self,
        kernels: &RowKernels,
        roles: &[Role],
        gathers: bool,
        of_rows: impl FnOnce(Params) -> Result<Vec<KernelText>, Error>,
    ) -> Result<Vec<KernelText>, Error> {
        let rows = kernels.geometry.problem.rows;
        let mut params = self.params;
        let mut list = Vec::new();
        if kernels.binds(Binding::RowTerms) {
            list.extend(
                self.row_terms
                    .texts(&of_row_outputs(roles, false), params)?,
            );
        }
        if self.counts_targets(kernels, KernelOptions::default()) {
            let why =
                "The gradient of a mean divides by the rows that count, so they are counted first.";
            let count = &self.tally.count;
            list.extend(self.tally.texts(count, roles, rows, params, (why, None))?);
        }
        list.extend(of_rows(params)?);
        if gathers {
            params.loss.gathering = GATHERED;
        }
        if let Some(row_outputs) = &self.row_outputs {
            let reads_logits = self.spec.row_outputs.reads_logits() && !gathers;
            list.extend(row_outputs.texts(&of_row_outputs(roles, reads_logits), params)?);
        } else if let Some(lse) = &self.lse {
            // Where the lse kernel is dispatched, both buffers are bound.
            let given = of_row_outputs(roles, false)
                .into_iter()
                .map(|role| match role.binding {
                    Binding::Pairs | Binding::Lse => role.given(),
                    _ => role,
                });
            let texts = lse.texts(&given.collect::<Vec<_>>(), params)?.into_iter();
            list.extend(texts.map(|text| text.only("if a buffer for the lse is given")));
        }
        if self.gives_losses() {
            let why =
                "The losses of all rows become one, in an order that is the same in every run.";
            let when = (!self.is_reduced()).then_some("if a buffer for the status is given");
            let is_counted = self.counts_targets(kernels, KernelOptions::default());
            params.loss.flags |= flags([(is_counted, HAS_COUNTS)]);
            let reduce = self.tally.reduce(is_counted);
            list.extend(self.tally.texts(reduce, roles, rows, params, (why, when))?);
        }
        Ok(list)
    }

    /// Roles of the buffers that the kernels bind: the caller's buffers, and the library's own memory.
    pub(super) fn roles(
        &self,
        kernels: &RowKernels,
        callers: Vec<Role>,
    ) -> Result<Vec<Role>, Error> {
        let rows = kernels.geometry.problem.rows;
        let mut roles = callers;
        roles.retain(|role| !self.ignores(role.binding));
        roles.extend(self.row_losses());
        roles.extend(kernels.binds(Binding::RowTerms).then(Self::gathered));
        roles.extend(self.row_outputs.as_ref().map(|_| self.saved_pairs()));
        roles.push(whole(Binding::Tally, "tally", RECORD));
        check_roles(&roles, rows, kernels.planner.limits().max_buffer_size)?;
        let bytes = self.tally.bytes(shapes_of(&roles), rows)?;
        roles.push(whole(Binding::Tallies, "tallies", bytes));
        Ok(roles)
    }
}

/// Returns the roles of the buffers that the kernels of the row outputs bind, that of the logits among them if they are read.
pub(super) fn of_row_outputs(roles: &[Role], reads_logits: bool) -> Vec<Role> {
    let is_bound = |role: &&Role| match role.binding {
        Binding::Source => reads_logits,
        _ => !role.shape.is_matrix(),
    };
    roles.iter().filter(is_bound).copied().collect()
}
