//! From buffers to dispatches: first what rows are given is gathered, and the targets are counted, if the gradient is that of a
//! mean; then the rows are computed; then the row outputs, the lse and the reduced loss.

use super::CrossEntropyExtras;
use super::base::{Base, GATHERED, GATHERS, Given, whole};
use super::numbers::flags;
use super::tally::RECORD;
use crate::device::kernel::{Bound, Step};
use crate::device::memory::{Make, Memory};
use crate::device::rows::RowKernels;
use crate::device::tensor::{F32, Role, Shape, Tensor, check, describe, without_matrices};
use crate::error::Error;
use crate::shader::Binding;
use crate::shader::loss_flags::{
    DIVISORS_GIVEN, HAS_COUNTS, HAS_ROW_SCALE, HAS_ROW_WEIGHT, HAS_UPSTREAM, HAS_WEIGHT, MEAN,
    SAVES_LSE, SAVES_PAIR, SKIPS_LOSS, UPSTREAM_PER_ROW,
};
use crate::shader::params::Params;
use crate::spec::loss::Reduction;
use crate::spec::target_type::TargetType;
use crate::variant::KernelOptions;

/// Flags of which any asks for more than a plain loss has. The backward pass always skips the losses.
const OPTIONS: u32 = HAS_WEIGHT | HAS_UPSTREAM | SAVES_PAIR | SKIPS_LOSS;

fn gives(tensors: &[Tensor<'_>], binding: Binding) -> bool {
    tensors.iter().any(|tensor| tensor.binding == binding)
}

/// Returns true for a tensor that only the dispatches of the row outputs bind.
const fn is_of_row_outputs(tensor: &Tensor<'_>) -> bool {
    matches!(
        tensor.binding,
        Binding::RowOutputs | Binding::Candidates | Binding::CallerPairs
    )
}

/// What the rows are computed with.
pub(super) struct Serving<'s, 'a> {
    pub(super) of_rows: &'s RowKernels,
    /// Tensors of the rows.
    pub(super) tensors: &'s [Tensor<'a>],
    /// Kernels of the row outputs, if there are any.
    pub(super) row_outputs: Option<&'s RowKernels>,
    /// All tensors, those of the row outputs among them.
    pub(super) all: &'s [Tensor<'a>],
    pub(super) params: Params,
}

impl Base {
    /// Binds buffers of the caller's for `rows` rows, which `kernels` compute.
    pub(super) fn bind(
        &self,
        kernels: &RowKernels,
        rows: u64,
        given: &Given<'_>,
    ) -> Result<Bound, Error> {
        self.check_extras(given.extras)?;
        let roles = self.callers(&kernels.geometry).into_iter();
        let given: Vec<_> = roles
            .filter_map(|role| Some((role, Memory::from(given.buffer(role.binding)?))))
            .collect();
        let tensors = self.tensors(&given);
        let at = || describe(&kernels.name(), rows, &tensors);
        let planner = &kernels.planner;
        planner.bind(at, |make| self.steps(kernels, rows, &tensors, make))
    }

    /// Refuses row outputs, candidates and a mask that the spec does not ask for, and none where it does.
    pub(super) fn check_extras(&self, extras: CrossEntropyExtras<'_>) -> Result<(), Error> {
        let (words, count) = (self.params.loss.row_words, self.params.loss.candidates);
        require_asked("row outputs", extras.row_outputs.is_some(), words > 0)?;
        require_asked("candidates", extras.candidates.is_some(), count > 0)?;
        require_asked("mask", extras.mask.is_some(), self.spec.mask.is_some())
    }

    /// Returns memory of the caller's as tensors.
    pub(crate) fn tensors<'a>(&self, given: &'a [(Role, Memory)]) -> Vec<Tensor<'a>> {
        given
            .iter()
            .map(|(role, memory)| role.tensor(self.writes(role.binding), memory))
            .collect()
    }

    /// Returns the dispatches for `rows` rows, which `kernels` compute.
    pub(crate) fn steps(
        &self,
        kernels: &RowKernels,
        rows: u64,
        given: &[Tensor<'_>],
        make: Make<'_>,
    ) -> Result<Vec<Step>, Error> {
        kernels.check_rows(rows)?;
        check(given, rows, kernels.geometry.problem.options.in_place)?;
        let given = given.iter().filter(|tensor| !self.ignores(tensor.binding));
        let given: Vec<_> = given.copied().collect();
        let gathers = self.gathers(kernels);
        self.steps_around(kernels, rows, &given, make, gathers, |serving| {
            let Serving {
                of_rows,
                tensors,
                row_outputs,
                all,
                params,
            } = serving;
            let mut steps = match row_outputs {
                Some(row_outputs) if gathers => {
                    let (bound, params) = self.bound_by_row_outputs(all, params, GATHERS);
                    row_outputs.steps(&bound, rows, params, None)?
                }
                _ => Vec::new(),
            };
            let scratch = of_rows.scratch(tensors, rows, make)?;
            steps.extend(of_rows.steps(tensors, rows, params, scratch.as_ref())?);
            Ok(steps)
        })
    }

    /// Returns the dispatches for `rows` rows of checked tensors, among them those by which `serve` computes the rows, and `gathers`
    /// what row outputs take of the logits.
    pub(super) fn steps_around(
        &self,
        kernels: &RowKernels,
        rows: u64,
        given: &[Tensor<'_>],
        make: Make<'_>,
        gathers: bool,
        serve: impl FnOnce(Serving<'_, '_>) -> Result<Vec<Step>, Error>,
    ) -> Result<Vec<Step>, Error> {
        let mut bound = self.asked_of_rows(given)?;
        let is_counted = self.counts_targets(kernels, bound);
        let is_tally = is_counted || self.reduces(given);
        let own = self.own(given, rows, is_tally, make)?;
        let own = own.iter().map(|(role, memory)| role.tensor(true, memory));
        let mut all: Vec<_> = given.iter().copied().chain(own).collect();

        let mut params = self.params_of(&all, rows);
        params.grid.cols = kernels.geometry.problem.cols;
        bound.loss_options |= params.loss.flags & OPTIONS != 0;
        let of_rows = kernels.with(bound)?;
        let terms = Self::gathered_for(&of_rows, rows, make)?;
        let terms = terms.as_ref();
        all.extend(terms.map(|(role, memory)| role.tensor(true, memory)));
        // Without rows, per-row tensors and matrices may be empty, and nothing empty can be bound.
        all.retain(|tensor| rows > 0 || matches!(tensor.shape, Shape::Whole { .. }));
        let mut tensors = all.clone();
        tensors.retain(|tensor| !is_of_row_outputs(tensor));
        let has_weight = params.loss.flags & HAS_WEIGHT != 0;
        let tally = self.tally.with(has_weight, bound.row_weighted)?;
        let row_outputs = self.row_outputs.as_ref();
        let row_outputs = row_outputs.map(|outputs| outputs.with(bound)).transpose()?;
        let mut steps = Vec::new();
        if terms.is_some() {
            steps.extend(
                self.row_terms
                    .steps(&without_matrices(&tensors), rows, params, None)?,
            );
        }
        if is_counted {
            steps.extend(tally.steps(&tally.count, &tensors, rows, params)?);
        }
        let row_outputs = row_outputs.as_deref();
        steps.extend(serve(Serving {
            of_rows: &of_rows,
            tensors: &tensors,
            row_outputs,
            all: &all,
            params,
        })?);
        if let Some(row_outputs) = row_outputs {
            let gathering = if gathers { GATHERED } else { 0 };
            let (bound, params) = self.bound_by_row_outputs(&all, params, gathering);
            steps.extend(row_outputs.steps(&bound, rows, params, None)?);
        } else if let Some(lse) = self.lse.as_ref().filter(|_| gives(&tensors, Binding::Lse)) {
            // Where logits are capped, their lse has no scale.
            let row_scaled = bound.row_scaled && self.spec.loss.softcap.is_none();
            let lse = lse.with(KernelOptions {
                row_scaled,
                ..bound
            })?;
            steps.extend(lse.steps(&without_matrices(&tensors), rows, params, None)?);
        }
        if self.reduces(given) {
            let mean = flags([(self.spec.loss.reduction == Reduction::Mean, MEAN)]);
            params.loss.flags =
                params.loss.flags & !MEAN | mean | flags([(is_counted, HAS_COUNTS)]);
            let reduce = tally.reduce(is_counted);
            steps.extend(tally.steps(reduce, &tensors, rows, params)?);
        }
        Ok(steps)
    }

    /// Returns the code options that rows ask for by their weights and scales.
    fn asked_of_rows(&self, given: &[Tensor<'_>]) -> Result<KernelOptions, Error> {
        let (row_weighted, row_scaled) = (
            gives(given, Binding::RowWeight),
            gives(given, Binding::RowScale),
        );
        if row_scaled && (self.spec.inner != 1 || self.spec.is_shard()) {
            let expected = "none on a strided axis or in a shard of the classes";
            return Err(Error::value("row_scale", expected, "a buffer"));
        }
        Ok(KernelOptions {
            row_weighted,
            row_scaled,
            loss_options: row_weighted || row_scaled,
            ..KernelOptions::default()
        })
    }

    /// Returns true if the losses of the rows are summed up.
    fn reduces(&self, given: &[Tensor<'_>]) -> bool {
        self.gives_losses() && (self.is_reduced() || gives(given, Binding::Status))
    }

    /// Makes memory of the library's, no more than a fraction of the size of the tensors, which have been checked: the
    /// losses of the rows if they are reduced; the pairs where kernels need them and no buffer of the caller's is bound as them; the
    /// records of the tally if there `is_tally`.
    fn own(
        &self,
        given: &[Tensor<'_>],
        rows: u64,
        is_tally: bool,
        make: Make<'_>,
    ) -> Result<Vec<(Role, Memory)>, Error> {
        let writes_lse = gives(given, Binding::Lse) && rows > 0;
        let needs_pairs = self.row_outputs.is_some() || writes_lse;
        let pairs = (needs_pairs && !gives(given, Binding::Pairs)).then(|| self.saved_pairs());
        let mut own = Vec::new();
        for role in self.row_losses().into_iter().chain(pairs) {
            own.push((role, make(role.name, rows * role.shape.bytes_of_row())?));
        }
        if is_tally {
            let shapes = given.iter().map(Tensor::role_and_shape);
            let records = make("tally", self.tally.bytes(shapes, rows)?)?;
            let all = whole(Binding::Tallies, "tallies", records.size());
            own.push((all, records.clone()));
            own.push((whole(Binding::Tally, "tally", RECORD), records));
        }
        Ok(own)
    }

    /// Makes memory for what is gathered of rows, if the kernels of the rows read it.
    fn gathered_for(
        of_rows: &RowKernels,
        rows: u64,
        make: Make<'_>,
    ) -> Result<Option<(Role, Memory)>, Error> {
        let role = of_rows.binds(Binding::RowTerms).then(Self::gathered);
        let memory = |role: Role| Ok((role, make(role.name, rows * role.shape.bytes_of_row())?));
        role.map(memory).transpose()
    }

    /// Returns the tensors and the numbers of the dispatches that give the row outputs, and with them lse and pairs.
    pub(super) fn bound_by_row_outputs<'a>(
        &self,
        tensors: &[Tensor<'a>],
        mut params: Params,
        gathering: u32,
    ) -> (Vec<Tensor<'a>>, Params) {
        use Binding::{CallerPairs, Lse, Mask, Pairs, RowInput, RowTerms, Source, Weight};
        let reads_logits = self.spec.row_outputs.reads_logits() && gathering != GATHERED;
        let is_bound = |tensor: &&Tensor<'_>| match tensor.binding {
            Source => reads_logits,
            RowInput | Weight | RowTerms | Pairs | Lse | Mask => true,
            _ => is_of_row_outputs(tensor),
        };
        let bound: Vec<_> = tensors.iter().filter(is_bound).copied().collect();
        params.loss.gathering = gathering;
        params.loss.flags = params.loss.flags & !SAVES_PAIR
            | flags([
                (gives(&bound, CallerPairs), SAVES_PAIR),
                (gives(&bound, Lse), SAVES_LSE),
            ]);
        (bound, params)
    }

    /// Plain numbers of a binding: what is bound, and the divisors of a mean and of its gradient. With probabilities as
    /// targets, every row counts once.
    fn params_of(&self, tensors: &[Tensor<'_>], rows: u64) -> Params {
        let (mut params, spec) = (self.params, &self.spec);
        let has_upstream = gives(tensors, Binding::GradLosses);
        let saves_pairs = self.gives_losses() && gives(tensors, Binding::Pairs);
        let counts_all = self.is_mean()
            && spec.targets == TargetType::Probs
            && spec.loss.mean_over.is_none()
            && !gives(tensors, Binding::RowWeight);
        params.loss.flags |= flags([
            (gives(tensors, Binding::Weight), HAS_WEIGHT),
            (gives(tensors, Binding::RowWeight), HAS_ROW_WEIGHT),
            (gives(tensors, Binding::RowScale), HAS_ROW_SCALE),
            (has_upstream, HAS_UPSTREAM),
            (has_upstream && !self.is_reduced(), UPSTREAM_PER_ROW),
            (!self.gives_losses(), SKIPS_LOSS),
            (saves_pairs, SAVES_PAIR),
            (self.is_mean() && gives(tensors, Binding::Result), MEAN),
            (counts_all, DIVISORS_GIVEN),
        ]);
        if let Some(losses) = self.row_losses() {
            params.loss.loss_words = (losses.shape.bytes_of_row() / F32) as u32;
        }
        if counts_all {
            params.loss.weight_sum = (rows as f32).to_bits();
            params.loss.valid_rows = params.loss.weight_sum;
        }
        params
    }
}

/// Refuses buffers that the spec does not ask for, and none where it does.
fn require_asked(what: &'static str, is_given: bool, is_asked: bool) -> Result<(), Error> {
    let (expected, found) = match (is_asked, is_given) {
        (true, false) => ("a buffer, as the spec asks for one", "none"),
        (false, true) => ("no buffer, as the spec asks for none", "one"),
        _ => return Ok(()),
    };
    Err(Error::value(what, expected, found))
}
