//! The kernels of a cross-entropy as readable text.

use super::tally::RECORD;
use super::{bind::GATHERED, bind::GATHERS, bind::Kernels};
use crate::device::kernel_text::KernelText;
use crate::device::tensor::{F32, Role, Shape, check_roles, shapes_of};
use crate::error::Error;
use crate::shader::Binding;
use crate::shader::params::Params;
use crate::spec::loss::Reduction;
use crate::spec::target_type::TargetType;
use crate::variant::Operation;

impl Kernels<'_> {
    /// Returns the kernels that serve all rows, in the order of their dispatches. `params` are the plain numbers of the
    /// spec.
    pub(super) fn texts(&self, mut params: Params) -> Result<Vec<KernelText>, Error> {
        let (spec, rows) = (self.spec, self.rows.geometry.rows);
        let roles = self.roles(params)?;
        let is_mean = spec.loss.reduction == Reduction::Mean || spec.loss.mean_over.is_some();
        // With probabilities as targets, every row counts once.
        let is_counted = spec.loss.mean_over.is_some() || spec.targets == TargetType::Probs;
        let mut list = Vec::new();
        if is_mean && !is_counted && self.rows.geometry.operation.writes_matrix() {
            list.extend(self.tally.count_texts(&roles, rows, params)?);
        }
        let in_place = self.rows.geometry.options.in_place;
        let reads_logits = spec.row_outputs.reads_logits();
        let gathers = (in_place || self.rows.has_long_rows()) && reads_logits;
        let per_row = |reads: bool| -> Vec<_> {
            let is_bound = |role: &&Role| match role.binding {
                Binding::Source => reads,
                _ => !role.shape.is_matrix(),
            };
            roles.iter().filter(is_bound).copied().collect()
        };
        if let Some(kernels) = self.row_outputs.filter(|_| gathers) {
            params.loss.gathering = GATHERS;
            list.extend(kernels.texts(&per_row(true), params)?);
            params.loss.gathering = GATHERED;
        }
        list.extend(self.rows.texts(&roles, params)?);
        if let Some(kernels) = self.row_outputs {
            list.extend(kernels.texts(&per_row(reads_logits && !gathers), params)?);
        } else if let Some(kernels) = self.lse {
            // Where the lse kernel is dispatched, both buffers are bound.
            let given = per_row(false).into_iter().map(|role| match role.binding {
                Binding::Pairs | Binding::Lse => role.given(),
                _ => role,
            });
            let texts = kernels
                .texts(&given.collect::<Vec<_>>(), params)?
                .into_iter();
            list.extend(texts.map(|text| text.only("if a buffer for the lse is given")));
        }
        if self.gives_losses() {
            let when = match spec.loss.reduction {
                Reduction::None => Some("if a buffer for the status is given"),
                _ => None,
            };
            list.extend(self.tally.reduce_texts(&roles, rows, params, when)?);
        }
        Ok(list)
    }

    /// Returns true for the loss, with or without its gradient; false for the gradient from saved pairs.
    const fn gives_losses(&self) -> bool {
        self.lse.is_some()
    }

    /// Roles of the buffers that the kernels bind: the caller's buffers, and the library's own memory.
    fn roles(&self, params: Params) -> Result<Vec<Role>, Error> {
        let (spec, geometry) = (self.spec, &self.rows.geometry);
        let matrix = |binding, name| Role::new(binding, name, Shape::matrix(binding, geometry));
        let per_row = |binding, name, words: u32| {
            let bytes = u64::from(words) * F32;
            Role::new(binding, name, Shape::PerRow { bytes })
        };
        let whole = |binding, name, bytes| Role::new(binding, name, Shape::Whole { bytes });
        let is_reduced = spec.loss.reduction != Reduction::None;
        let mut roles = vec![
            matrix(Binding::Source, "logits"),
            match spec.targets {
                TargetType::Probs => matrix(Binding::Upstream, "targets"),
                ids => per_row(Binding::RowInput, "targets", ids.words()),
            },
            whole(Binding::Weight, "weight", spec.all_classes * F32).optional(),
            match is_reduced {
                true => whole(Binding::GradLosses, "grad_losses", F32).optional(),
                false => per_row(Binding::GradLosses, "grad_losses", 1).optional(),
            },
            matrix(Binding::Result, "grad_logits"),
            whole(Binding::Tally, "tally", RECORD),
        ];
        let pairs = per_row(Binding::Pairs, "pairs", spec.row_outputs.saved_words());
        if !self.gives_losses() {
            // With a dense target distribution, the statistic is computed again, and the pairs are not read.
            let reads = geometry.operation == Operation::CrossEntropyBackward;
            roles.extend(reads.then_some(pairs));
        } else {
            let words = if is_reduced && params.loss.z_loss != 0.0 {
                2
            } else {
                1
            };
            let name = if is_reduced { "row losses" } else { "losses" };
            roles.extend([
                per_row(Binding::RowOutput, name, words),
                if self.row_outputs.is_some() {
                    pairs
                } else {
                    pairs.optional()
                },
                per_row(Binding::Lse, "lse", 1).optional(),
                per_row(Binding::CallerPairs, "pairs", 2).optional(),
                whole(Binding::Status, "status", RECORD).optional(),
            ]);
            roles.extend(is_reduced.then_some(whole(Binding::ReducedLoss, "losses", F32)));
            let asked = self.row_outputs.is_some();
            roles.extend(asked.then_some(per_row(
                Binding::RowOutputs,
                "row_outputs",
                params.loss.row_words,
            )));
            let words = params.loss.candidates * spec.targets.words();
            roles.extend((words > 0).then_some(per_row(Binding::Candidates, "candidates", words)));
        }
        check_roles(&roles, geometry.rows, self.rows.planner.device())?;
        let bytes = self.tally.bytes(shapes_of(&roles), geometry.rows)?;
        roles.push(whole(Binding::Tallies, "tallies", bytes));
        Ok(roles)
    }
}
