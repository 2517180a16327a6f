//! From buffers to dispatches: first the targets are counted, if the gradient is that of a mean; then the rows are
//! computed; then the row outputs, the lse and the reduced loss.

use wgpu::Buffer;

use super::CrossEntropyExtras;
use super::{tally::RECORD, tally::Tally};
use crate::device::kernel::{Bound, Step};
use crate::device::memory::scratch;
use crate::device::rows::RowKernels;
use crate::device::scope::contain;
use crate::device::tensor::{F32, Shape, Tensor, binding, check, without_matrices};
use crate::error::Error;
use crate::shader::Binding;
use crate::shader::options::{
    DIVISORS_GIVEN, HAS_UPSTREAM, HAS_WEIGHT, MEAN, SAVES_LSE, SAVES_PAIR, SKIPS_LOSS,
    UPSTREAM_PER_ROW,
};
use crate::shader::params::Params;
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::loss::Reduction;
use crate::spec::target_type::TargetType;
use crate::variant::geometry::Geometry;

/// Values of `gathering`, as in `shaders/formula/row_outputs.wgsl`, for the dispatches of the row outputs where logits
/// are overwritten or a row is longer than a binding: `GATHERS` before the pass over the logits, `GATHERED` after it.
pub(super) const GATHERS: u32 = 1;
pub(super) const GATHERED: u32 = 2;

/// The kernels of a binding.
#[derive(Debug)]
pub(super) struct Kernels<'p> {
    pub(super) spec: &'p CrossEntropySpec,
    pub(super) rows: &'p RowKernels,
    pub(super) tally: &'p Tally,
    /// Kernels that compute the lse from the pairs.
    pub(super) lse: Option<&'p RowKernels>,
    /// Kernels that compute the row outputs, with lse and pairs.
    pub(super) row_outputs: Option<&'p RowKernels>,
}

/// The buffers to bind, with the plain numbers and the row count of their dispatches.
#[derive(Debug)]
pub(super) struct Request<'a> {
    given: Vec<Tensor<'a>>,
    params: Params,
    rows: u64,
}

impl<'a> Request<'a> {
    /// Makes a request without buffers, for `rows` rows with the plain numbers of the spec.
    pub(super) fn new(params: Params, rows: u64) -> Self {
        let given = Vec::new();
        Self {
            given,
            params,
            rows,
        }
    }

    pub(super) fn read(
        &mut self,
        binding: Binding,
        role: &'static str,
        from: &'a Buffer,
        shape: Shape,
    ) {
        self.given.push(Tensor::read(binding, role, from, shape));
    }

    pub(super) fn write(
        &mut self,
        binding: Binding,
        role: &'static str,
        to: &'a Buffer,
        shape: Shape,
    ) {
        self.given.push(Tensor::written(binding, role, to, shape));
    }

    /// Adds logits and targets.
    pub(super) fn read_rows(
        &mut self,
        spec: &CrossEntropySpec,
        geometry: &Geometry,
        logits: &'a Buffer,
        targets: &'a Buffer,
    ) {
        let matrix = |binding| Shape::matrix(binding, geometry);
        self.read(Binding::Source, "logits", logits, matrix(Binding::Source));
        match spec.targets {
            TargetType::Probs => {
                self.read(
                    Binding::Upstream,
                    "targets",
                    targets,
                    matrix(Binding::Upstream),
                );
            }
            ids => {
                let bytes = ids.bytes();
                self.read(
                    Binding::RowInput,
                    "targets",
                    targets,
                    Shape::PerRow { bytes },
                );
            }
        }
    }

    /// Adds the class weights and the upstream gradient, if given.
    pub(super) fn read_extras(&mut self, spec: &CrossEntropySpec, extras: &CrossEntropyExtras<'a>) {
        if let Some(weight) = extras.weight {
            let bytes = spec.all_classes * F32;
            self.read(Binding::Weight, "weight", weight, Shape::Whole { bytes });
            self.params.loss.flags |= HAS_WEIGHT;
        }
        if let Some(grad_losses) = extras.grad_losses {
            let (shape, flags) = match spec.loss.reduction {
                Reduction::None => (Shape::VALUE_PER_ROW, HAS_UPSTREAM | UPSTREAM_PER_ROW),
                _ => (Shape::Whole { bytes: F32 }, HAS_UPSTREAM),
            };
            self.read(Binding::GradLosses, "grad_losses", grad_losses, shape);
            self.params.loss.flags |= flags;
        }
    }

    /// Adds the row outputs that the spec asks for, and the candidates that some of them need.
    pub(super) fn give_row_outputs(
        &mut self,
        spec: &CrossEntropySpec,
        extras: &CrossEntropyExtras<'a>,
    ) -> Result<(), Error> {
        let (words, count) = (self.params.loss.row_words, self.params.loss.candidates);
        for (what, buffer, is_wanted) in [
            ("row outputs", extras.row_outputs, words > 0),
            ("candidates", extras.candidates, count > 0),
        ] {
            if buffer.is_some() != is_wanted {
                return Err(unasked(what, is_wanted));
            }
        }
        let bytes = u64::from(words) * F32;
        if let Some(buffer) = extras.row_outputs {
            let shape = Shape::PerRow { bytes };
            self.write(Binding::RowOutputs, "row_outputs", buffer, shape);
        }
        let bytes = u64::from(count) * spec.targets.bytes();
        if let Some(buffer) = extras.candidates {
            let shape = Shape::PerRow { bytes };
            self.read(Binding::Candidates, "candidates", buffer, shape);
        }
        Ok(())
    }

    pub(super) fn skip_losses(&mut self) {
        self.params.loss.flags |= SKIPS_LOSS;
    }

    fn gives(&self, binding: Binding) -> bool {
        self.given.iter().any(|tensor| tensor.binding == binding)
    }
}

fn unasked(what: &'static str, is_wanted: bool) -> Error {
    let (expected, found) = match is_wanted {
        true => ("a buffer, as the spec asks for them", "none"),
        false => ("no buffer, as the spec asks for none", "one"),
    };
    Error::Value {
        what,
        expected,
        found: found.into(),
    }
}

/// Returns true if the buffers ask for more than a plain loss has. The backward pass never gives losses, so there a
/// True if buffers ask for more than a plain loss has.
const fn has_options(params: &Params) -> bool {
    params.loss.flags & (HAS_WEIGHT | HAS_UPSTREAM | SAVES_PAIR | SKIPS_LOSS) != 0
}

/// Returns true for a tensor that only the dispatch of the row outputs binds.
const fn is_of_row_outputs(tensor: &Tensor<'_>) -> bool {
    matches!(
        tensor.binding,
        Binding::RowOutputs | Binding::Candidates | Binding::CallerPairs
    )
}

impl Kernels<'_> {
    pub(super) fn bind(&self, request: Request<'_>) -> Result<Bound, Error> {
        let rows = request.rows;
        self.rows.check_rows(rows)?;
        check(&request.given, rows, self.rows.geometry.options.in_place)?;
        let given = request.given.clone();
        let at = || binding(&self.rows.name(), rows, &given);
        contain(self.rows.planner.device(), at, || {
            self.bind_checked(request)
        })
    }

    fn bind_checked(&self, mut request: Request<'_>) -> Result<Bound, Error> {
        let (rows, spec) = (request.rows, self.spec);
        self.settle_mean(&mut request);
        if spec.options().is_dense() {
            // The statistic is computed again, so the saved pairs are not bound.
            let is_read = |tensor: &Tensor<'_>| tensor.binding == Binding::Pairs && !tensor.written;
            request.given.retain(|tensor| !is_read(tensor));
        }
        let mut params = request.params;
        let reduces = params.loss.flags & SKIPS_LOSS == 0
            && (spec.loss.reduction != Reduction::None || request.gives(Binding::Status));
        let counts = params.loss.flags & (MEAN | DIVISORS_GIVEN) == MEAN;
        let own = Own::new(self, &request, reduces || counts)?;
        let writes_pairs = |tensor: &Tensor<'_>| tensor.binding == Binding::Pairs && tensor.written;
        if own.pairs.is_some() || request.given.iter().any(writes_pairs) {
            params.loss.flags |= SAVES_PAIR;
        }
        params.loss.loss_words = own.loss_words;
        let every = own.with(request.given, rows);
        let (given, tensors): (Vec<_>, Vec<_>) = every.iter().copied().partition(is_of_row_outputs);

        let gathers = (self.rows.geometry.options.in_place || self.rows.has_long_rows())
            && spec.row_outputs.reads_logits();
        let kernels = self.rows.for_loss(has_options(&params))?;
        let scratch = kernels.scratch(&tensors, rows)?;
        let mut steps = Vec::new();
        if counts {
            steps.extend(
                self.tally
                    .count(&tensors, self.rows.geometry.cols, rows, params)?,
            );
        }
        if let Some(kernels) = self.row_outputs.filter(|_| gathers) {
            params.loss.gathering = GATHERS;
            steps.extend(self.row_outputs(kernels, &given, &tensors, rows, params)?);
            params.loss.gathering = GATHERED;
        }
        steps.extend(kernels.steps(&tensors, rows, params, scratch.as_ref())?);
        if let Some(kernels) = self.row_outputs {
            steps.extend(self.row_outputs(kernels, &given, &tensors, rows, params)?);
        } else if let Some(lse) = self.lse.filter(|_| own.writes_lse) {
            let per_row = without_matrices(&tensors);
            steps.extend(lse.steps(&per_row, rows, params, None)?);
        }
        if reduces {
            let mean = if spec.loss.reduction == Reduction::Mean {
                MEAN
            } else {
                0
            };
            params.loss.flags = params.loss.flags & !MEAN | mean;
            steps.extend(
                self.tally
                    .reduce(&tensors, self.rows.geometry.cols, rows, params)?,
            );
        }
        Bound::new(self.rows.planner.device(), &steps)
    }

    /// Returns the dispatches that give the row outputs, and with them lse and pairs.
    fn row_outputs<'a>(
        &self,
        kernels: &RowKernels,
        given: &[Tensor<'a>],
        tensors: &[Tensor<'a>],
        rows: u64,
        mut params: Params,
    ) -> Result<Vec<Step<'a>>, Error> {
        let reads_logits =
            self.spec.row_outputs.reads_logits() && params.loss.gathering != GATHERED;
        let is_read = |tensor: &&Tensor<'_>| {
            use Binding::{Lse, Pairs, RowInput, Source, Weight};
            match tensor.binding {
                Source => reads_logits,
                binding => matches!(binding, RowInput | Weight | Pairs | Lse),
            }
        };
        let bound: Vec<_> = given
            .iter()
            .chain(tensors.iter().filter(is_read))
            .copied()
            .collect();
        let gives = |binding| bound.iter().any(|tensor| tensor.binding == binding);
        let flag = |binding, bit| if gives(binding) { bit } else { 0 };
        params.loss.flags = params.loss.flags & !SAVES_PAIR
            | flag(Binding::CallerPairs, SAVES_PAIR)
            | flag(Binding::Lse, SAVES_LSE);
        kernels.steps(&bound, rows, params, None)
    }

    /// Sets the divisors of a mean and of its gradient. With probabilities as targets, every row counts once.
    fn settle_mean(&self, request: &mut Request<'_>) {
        let loss = &mut request.params.loss;
        let (spec, rows) = (self.spec, request.rows);
        let mean = spec.loss.reduction == Reduction::Mean || spec.loss.mean_over.is_some();
        if mean
            && request
                .given
                .iter()
                .any(|tensor| tensor.binding == Binding::Result)
        {
            loss.flags |= MEAN;
        }
        if mean && spec.targets == TargetType::Probs && spec.loss.mean_over.is_none() {
            loss.flags |= DIVISORS_GIVEN;
            loss.weight_sum = (rows as f32).to_bits();
            loss.valid_rows = loss.weight_sum;
        }
    }
}

/// Memory that the library allocates for one binding.
#[derive(Debug)]
struct Own {
    /// Losses of the rows, if they are reduced; otherwise they go to the caller.
    row_losses: Option<Buffer>,
    /// Words of a row's loss: two where its z-loss is stored separately, since a mean may divide it by another number.
    loss_words: u32,
    /// Pairs, where kernels need them and no buffer of the caller's is bound as them, together with the auxiliary outputs
    /// saved of each row.
    pairs: Option<Buffer>,
    saved_bytes: u64,
    tallies: Option<Buffer>,
    writes_lse: bool,
}

impl Own {
    /// Allocates for tensors that have been checked: no more than a fraction of their size.
    fn new(kernels: &Kernels<'_>, request: &Request<'_>, counts: bool) -> Result<Self, Error> {
        let (rows, params) = (request.rows, &request.params);
        let make = |label, size| scratch(kernels.rows.planner.device(), label, size);
        let reduced =
            kernels.spec.loss.reduction != Reduction::None && params.loss.flags & SKIPS_LOSS == 0;
        let loss_words = if reduced && params.loss.z_loss != 0.0 {
            2
        } else {
            1
        };
        let losses = || {
            let bytes = rows * u64::from(loss_words) * F32;
            make("wgpu-softmax row losses", bytes)
        };
        let writes_lse = kernels.lse.is_some() && request.gives(Binding::Lse) && rows > 0;
        let saved_bytes = u64::from(kernels.spec.row_outputs.saved_words()) * F32;
        let pairs = || make("wgpu-softmax pairs", rows * saved_bytes);
        let needs_pairs = kernels.row_outputs.is_some() || writes_lse;
        let tallies = || {
            let given = request.given.iter().map(Tensor::role_and_shape);
            let bytes = kernels.tally.bytes(given, rows)?;
            make("wgpu-softmax tally", bytes)
        };
        Ok(Self {
            row_losses: reduced.then(losses).transpose()?,
            loss_words,
            pairs: (needs_pairs && !request.gives(Binding::Pairs))
                .then(pairs)
                .transpose()?,
            saved_bytes,
            tallies: counts.then(tallies).transpose()?,
            writes_lse,
        })
    }

    /// The caller's tensors together with these. Without rows, per-row tensors and matrices are dropped: they may be
    /// empty, and nothing empty can be bound.
    fn with<'a>(&'a self, given: Vec<Tensor<'a>>, rows: u64) -> Vec<Tensor<'a>> {
        let losses = Shape::PerRow {
            bytes: u64::from(self.loss_words) * F32,
        };
        let mut tensors = given;
        let mut own = |binding, role, buffer: &'a Option<Buffer>, shape| {
            tensors.extend(
                buffer
                    .as_ref()
                    .map(|buffer| Tensor::written(binding, role, buffer, shape)),
            );
        };
        own(Binding::RowOutput, "row losses", &self.row_losses, losses);
        let pairs = Shape::PerRow {
            bytes: self.saved_bytes,
        };
        own(Binding::Pairs, "pairs", &self.pairs, pairs);
        let bytes = self.tallies.as_ref().map_or(0, Buffer::size);
        own(
            Binding::Tallies,
            "tally",
            &self.tallies,
            Shape::Whole { bytes },
        );
        own(
            Binding::Tally,
            "tally",
            &self.tallies,
            Shape::Whole { bytes: RECORD },
        );
        tensors.retain(|tensor| rows > 0 || matches!(tensor.shape, Shape::Whole { .. }));
        tensors
    }
}
