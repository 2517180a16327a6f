//! The parts of a plan other than the kernels of the rows, and the roles of all buffers.

use wgpu::Buffer;

use super::CrossEntropyExtras;
use super::tally::{RECORD, Tally};
use crate::device::planner::Planner;
use crate::device::rows::RowKernels;
use crate::device::tensor::{F32, Role, Shape};
use crate::error::Error;
use crate::ops::bytes::{bytes_moved, mask_bytes};
use crate::shader::Binding;
use crate::shader::params::Params;
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::loss::Reduction;
use crate::spec::target_type::TargetType;
use crate::variant::problem::Geometry;
use crate::variant::{KernelOptions, Operation, TargetKind};

/// Values of `gathering`, as in `shaders/formula/row_outputs.wgsl`, for the dispatches of the row outputs where logits
/// are overwritten or a row is longer than a binding: `GATHERS` before the pass over the logits, `GATHERED` after it.
pub(super) const GATHERS: u32 = 1;
pub(super) const GATHERED: u32 = 2;

/// Words that are gathered of a row, as in `RowTerms` of `shaders/target.wgsl`.
const ROW_TERMS: u32 = 5;

/// The spec, its plain numbers, and the kernels around those of the rows.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    pub(crate) spec: CrossEntropySpec,
    pub(super) params: Params,
    pub(super) tally: Tally,
    /// Kernels that compute the lse from the pairs; none for the gradient from saved pairs, which gives no losses.
    pub(super) lse: Option<RowKernels>,
    /// Kernels that gather what a binding gives rows, where others read it gathered.
    pub(super) row_terms: RowKernels,
    /// Kernels that compute the row outputs, with lse and pairs.
    pub(super) row_outputs: Option<RowKernels>,
}

/// Buffers of the caller's. Among the extras of a backward pass are the pairs that it reads.
#[derive(Debug)]
pub(super) struct Given<'a> {
    pub(super) logits: &'a Buffer,
    pub(super) targets: &'a Buffer,
    pub(super) losses: Option<&'a Buffer>,
    pub(super) grad_logits: Option<&'a Buffer>,
    pub(super) extras: CrossEntropyExtras<'a>,
}

impl<'a> Given<'a> {
    /// Returns the buffer in a role of [`Base::callers`].
    pub(super) const fn buffer(&self, binding: Binding) -> Option<&'a Buffer> {
        match binding {
            Binding::Source => Some(self.logits),
            Binding::Upstream | Binding::RowInput => Some(self.targets),
            Binding::RowOutput | Binding::ReducedLoss => self.losses,
            Binding::Result => self.grad_logits,
            Binding::Weight => self.extras.weight,
            Binding::RowWeight => self.extras.row_weight,
            Binding::RowScale => self.extras.row_scale,
            Binding::Mask => self.extras.mask,
            Binding::GradLosses => self.extras.grad_losses,
            Binding::Pairs | Binding::CallerPairs => self.extras.pairs,
            Binding::Lse => self.extras.lse,
            Binding::Status => self.extras.status,
            Binding::RowOutputs => self.extras.row_outputs,
            Binding::Candidates => self.extras.candidates,
            _ => None,
        }
    }
}

fn per_row(binding: Binding, name: &'static str, words: impl Into<u64>) -> Role {
    let bytes = words.into() * F32;
    Role::new(binding, name, Shape::PerRow { bytes })
}

/// Plans the kernels that gather what a binding gives rows.
pub(super) fn row_terms(planner: &Planner, spec: &CrossEntropySpec) -> Result<RowKernels, Error> {
    let target_kind = match spec.targets {
        TargetType::Probs => TargetKind::Probabilities,
        _ => TargetKind::OneHot,
    };
    let geometry = Geometry::contiguous(Operation::RowTerms, spec.rows(), 1)?;
    let geometry = geometry.options(KernelOptions::of_kind(target_kind));
    RowKernels::plan(&planner.unforced(), geometry)
}

pub(super) const fn whole(binding: Binding, name: &'static str, bytes: u64) -> Role {
    Role::new(binding, name, Shape::Whole { bytes })
}

impl Base {
    /// Returns true for the loss, with or without its gradient; false for the gradient from saved pairs.
    pub(super) const fn gives_losses(&self) -> bool {
        self.lse.is_some()
    }

    /// Fewest bytes that the passes over the rows must move, with those of the mask.
    pub(crate) fn bytes_moved(&self, rows: &RowKernels) -> u64 {
        let mask = self.spec.mask.as_ref().map_or(0, mask_bytes);
        bytes_moved(&rows.geometry).saturating_add(mask)
    }

    pub(super) fn is_reduced(&self) -> bool {
        self.spec.loss.reduction != Reduction::None
    }

    pub(super) fn is_mean(&self) -> bool {
        self.spec.loss.reduction == Reduction::Mean || self.spec.loss.mean_over.is_some()
    }

    /// Returns true if the targets are counted first, for the gradient of a mean. With probabilities as targets, every row
    /// counts once, unless rows are weighted.
    pub(super) fn counts_targets(&self, rows: &RowKernels, bound: KernelOptions) -> bool {
        let counts_all = self.spec.targets == TargetType::Probs && !bound.row_weighted;
        let is_counted = self.spec.loss.mean_over.is_some() || counts_all;
        self.is_mean() && !is_counted && rows.geometry.problem.operation.writes_matrix()
    }

    /// Returns true if row outputs take single logits before the pass over them.
    pub(super) fn gathers(&self, rows: &RowKernels) -> bool {
        (rows.geometry.problem.options.in_place || rows.has_long_rows())
            && self.spec.row_outputs.reads_logits()
    }

    /// Roles of the caller's buffers, in the order in which they are checked.
    pub(super) fn callers(&self, geometry: &Geometry) -> Vec<Role> {
        let (spec, loss) = (&self.spec, &self.params.loss);
        let matrix = |binding, name| Role::new(binding, name, Shape::matrix(binding, geometry));
        let one_or_per_row = |(reduced, binding), name| match self.is_reduced() {
            true => whole(reduced, name, F32),
            false => per_row(binding, name, 1_u32),
        };
        let grad_losses = (Binding::GradLosses, Binding::GradLosses);
        let losses = (Binding::ReducedLoss, Binding::RowOutput);
        let pairs = match self.row_outputs {
            Some(_) => Binding::CallerPairs,
            None => Binding::Pairs,
        };
        let pairs = per_row(pairs, "pairs", 2_u32);
        let grad_logits = matrix(Binding::Result, "grad_logits");
        let mut roles = vec![
            matrix(Binding::Source, "logits"),
            match spec.targets {
                TargetType::Probs => matrix(Binding::Upstream, "targets"),
                ids => per_row(Binding::RowInput, "targets", ids.words()),
            },
            whole(Binding::Weight, "weight", spec.all_classes * F32).optional(),
            per_row(Binding::RowWeight, "row_weight", 1_u32).optional(),
            per_row(Binding::RowScale, "row_scale", 1_u32).optional(),
            one_or_per_row(grad_losses, "grad_losses").optional(),
        ];
        let bytes = spec.mask.as_ref().map(mask_bytes);
        roles.extend(bytes.map(|bytes| whole(Binding::Mask, "mask", bytes)));
        if !self.gives_losses() {
            roles.extend([pairs, grad_logits]);
            return roles;
        }
        let words = u64::from(loss.candidates) * u64::from(spec.targets.words());
        for (binding, name, words) in [
            (Binding::RowOutputs, "row_outputs", loss.row_words.into()),
            (Binding::Candidates, "candidates", words),
        ] {
            roles.extend((words > 0).then(|| per_row(binding, name, words)));
        }
        roles.extend([
            one_or_per_row(losses, "losses"),
            grad_logits,
            pairs.optional(),
            per_row(Binding::Lse, "lse", 1_u32).optional(),
            whole(Binding::Status, "status", RECORD).optional(),
        ]);
        roles
    }

    /// Returns true if a buffer of the caller's is written.
    pub(super) const fn writes(&self, binding: Binding) -> bool {
        match binding {
            Binding::Pairs => self.gives_losses(),
            Binding::Source | Binding::Upstream | Binding::RowInput => false,
            Binding::Weight | Binding::RowWeight | Binding::RowScale => false,
            Binding::GradLosses | Binding::Candidates | Binding::Mask => false,
            _ => true,
        }
    }

    /// Returns true for a role that no kernel binds: with a dense target distribution the statistic is computed again, and
    /// the saved pairs are not read.
    pub(super) fn ignores(&self, binding: Binding) -> bool {
        let is_saved = binding == Binding::Pairs && !self.gives_losses();
        is_saved && self.spec.options().is_dense()
    }

    /// Role of the losses of the rows, in memory of the library's, if they are reduced. They have a second word where
    /// their z-loss is stored separately, since a mean may divide it by another number.
    pub(super) fn row_losses(&self) -> Option<Role> {
        let words = 1 + u32::from(self.spec.loss.z_loss != 0.0);
        let role = || per_row(Binding::RowOutput, "row losses", words);
        (self.gives_losses() && self.is_reduced()).then(role)
    }

    /// Role of what a binding gives rows, gathered in memory of the library's.
    pub(super) fn gathered() -> Role {
        per_row(Binding::RowTerms, "row terms", ROW_TERMS)
    }

    /// Role of the pairs in memory of the library's, together with the auxiliary outputs saved of each row.
    pub(super) fn saved_pairs(&self) -> Role {
        per_row(Binding::Pairs, "pairs", self.spec.row_outputs.saved_words())
    }
}
