//! Problems of every operation, storage type, axis and option, each as an export and as a binding.

use wgpu_softmax::export::{Export, Optional};
use wgpu_softmax::variant::Operation;
use wgpu_softmax::wgpu::Buffer;
use wgpu_softmax::{
    Bound, CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras, CrossEntropySpec,
    DType, EmptyRows, Error, JacobianBuffers, LinearCrossEntropyBuffers, LinearCrossEntropySpec,
    LinearGradients, LogSoftmaxBackwardBuffers, LogSoftmaxBuffers, LogSumExpBackwardBuffers,
    LogSumExpBuffers, Mask, MaskKind, Planner, Reduction, RowOutputs, SoftmaxBackwardBuffers,
    SoftmaxBuffers, SoftmaxExtras, SoftmaxSpec, TargetType, ZeroValid,
};

pub(super) struct Problem {
    pub(super) name: String,
    operation: Operation,
    spec: Spec,
}

enum Spec {
    Rows(SoftmaxSpec),
    Losses(CrossEntropySpec, Vec<Optional>),
    /// With gradients, or without.
    Linear(LinearCrossEntropySpec, bool, Vec<Optional>),
}

impl Problem {
    /// Exports the plan of this planner.
    pub(super) fn export(&self, planner: &Planner) -> Result<Export, Error> {
        match (&self.spec, self.operation) {
            (Spec::Rows(spec), Operation::Softmax) => planner.softmax(*spec)?.export(),
            (Spec::Rows(spec), Operation::LogSoftmax) => planner.log_softmax(*spec)?.export(),
            (Spec::Rows(spec), Operation::LogSumExp) => planner.logsumexp(*spec)?.export(),
            (Spec::Rows(spec), Operation::SoftmaxBackward) => {
                planner.softmax_backward(*spec)?.export()
            }
            (Spec::Rows(spec), Operation::LogSoftmaxBackward) => {
                planner.log_softmax_backward(*spec)?.export()
            }
            (Spec::Rows(spec), Operation::LogSumExpBackward) => {
                planner.logsumexp_backward(*spec)?.export()
            }
            (Spec::Rows(spec), _) => planner.jacobian(*spec)?.export(),
            (Spec::Losses(spec, with), Operation::CrossEntropy) => {
                planner.cross_entropy(*spec)?.export(with)
            }
            (Spec::Losses(spec, with), Operation::CrossEntropyFused) => {
                planner.cross_entropy(*spec)?.export_fused(with)
            }
            (Spec::Losses(spec, with), _) => planner.cross_entropy_backward(*spec)?.export(with),
            (Spec::Linear(spec, true, with), _) => {
                planner.linear_cross_entropy(*spec)?.export_fused(with)
            }
            (Spec::Linear(spec, false, with), _) => {
                planner.linear_cross_entropy(*spec)?.export(with)
            }
        }
    }

    /// Binds the buffers of these names.
    pub(super) fn bind<'b>(
        &self,
        planner: &Planner,
        named: impl Fn(&str) -> Option<&'b Buffer>,
    ) -> Result<Bound, Error> {
        let get = |name: &str| named(name).expect("a buffer of this name");
        match &self.spec {
            Spec::Rows(spec) => self.bind_rows(planner, *spec, named),
            Spec::Linear(spec, ..) => Self::bind_linear(planner, *spec, named),
            Spec::Losses(spec, _) if self.operation == Operation::CrossEntropyBackward => {
                let buffers = CrossEntropyBackwardBuffers {
                    logits: get("logits"),
                    targets: get("targets"),
                    // With dense targets they are not read.
                    pairs: named("pairs").unwrap_or_else(|| get("logits")),
                    grad_logits: get("grad_logits"),
                };
                let mut extras = CrossEntropyExtras::default();
                for (field, name) in [
                    (&mut extras.weight, "weight"),
                    (&mut extras.grad_losses, "grad_losses"),
                    (&mut extras.mask, "mask"),
                ] {
                    *field = named(name);
                }
                let plan = planner.cross_entropy_backward(*spec)?;
                plan.bind_with(spec.rows(), buffers, extras)
            }
            Spec::Losses(spec, _) => {
                let fused = self.operation == Operation::CrossEntropyFused;
                let buffers = CrossEntropyBuffers {
                    logits: get("logits"),
                    targets: get("targets"),
                    losses: get("losses"),
                    grad_logits: fused.then(|| get("grad_logits")),
                };
                let mut extras = CrossEntropyExtras::default();
                for (field, name) in [
                    (&mut extras.weight, "weight"),
                    (&mut extras.grad_losses, "grad_losses"),
                    (&mut extras.pairs, "pairs"),
                    (&mut extras.lse, "lse"),
                    (&mut extras.status, "status"),
                    (&mut extras.row_outputs, "row_outputs"),
                    (&mut extras.candidates, "candidates"),
                    (&mut extras.mask, "mask"),
                ] {
                    *field = named(name);
                }
                let plan = planner.cross_entropy(*spec)?;
                plan.bind_with(spec.rows(), buffers, extras)
            }
        }
    }

    fn bind_linear<'b>(
        planner: &Planner,
        spec: LinearCrossEntropySpec,
        named: impl Fn(&str) -> Option<&'b Buffer>,
    ) -> Result<Bound, Error> {
        let get = |name: &str| named(name).expect("a buffer of this name");
        let buffers = LinearCrossEntropyBuffers {
            hidden: get("hidden"),
            weight: get("weight"),
            bias: named("bias"),
            targets: get("targets"),
            losses: get("losses"),
            gradients: LinearGradients {
                hidden: named("grad_hidden"),
                weight: named("grad_weight"),
                bias: named("grad_bias"),
            },
        };
        let mut extras = CrossEntropyExtras::default();
        for (field, name) in [
            (&mut extras.weight, "class_weight"),
            (&mut extras.row_weight, "row_weight"),
            (&mut extras.grad_losses, "grad_losses"),
            (&mut extras.pairs, "pairs"),
            (&mut extras.lse, "lse"),
            (&mut extras.status, "status"),
            (&mut extras.mask, "mask"),
        ] {
            *field = named(name);
        }
        let plan = planner.linear_cross_entropy(spec)?;
        plan.bind_with(spec.rows(), buffers, extras)
    }

    fn bind_rows<'b>(
        &self,
        planner: &Planner,
        spec: SoftmaxSpec,
        named: impl Fn(&str) -> Option<&'b Buffer>,
    ) -> Result<Bound, Error> {
        let get = |name: &str| named(name).expect("a buffer of this name");
        let mut extras = SoftmaxExtras::default();
        for (field, name) in [
            (&mut extras.mask, "mask"),
            (&mut extras.sinks, "sinks"),
            (&mut extras.sink_probs, "sink_probs"),
            (&mut extras.grad_sinks, "grad_sinks"),
        ] {
            *field = named(name);
        }
        macro_rules! bind {
            ($method:ident, $buffers:ident: $($field:ident)*) => {{
                let plan = planner.$method(spec)?;
                let buffers = $buffers { $($field: get(stringify!($field)),)* };
                plan.bind_with(spec.rows(), buffers, extras)
            }};
        }
        match self.operation {
            Operation::Softmax => bind!(softmax, SoftmaxBuffers: logits probs),
            Operation::LogSoftmax => bind!(log_softmax, LogSoftmaxBuffers: logits log_probs),
            Operation::LogSumExp => bind!(logsumexp, LogSumExpBuffers: logits lse),
            Operation::SoftmaxBackward => {
                bind!(softmax_backward, SoftmaxBackwardBuffers: probs grad_probs grad_logits)
            }
            Operation::LogSoftmaxBackward => {
                bind!(log_softmax_backward, LogSoftmaxBackwardBuffers: log_probs grad_log_probs grad_logits)
            }
            Operation::LogSumExpBackward => {
                bind!(logsumexp_backward, LogSumExpBackwardBuffers: logits grad_lse grad_logits)
            }
            _ => bind!(jacobian, JacobianBuffers: logits jacobian),
        }
    }
}

pub(super) fn problems() -> Vec<Problem> {
    let mut list = of_rows();
    list.extend(of_losses());
    list.extend(of_layers());
    list
}

fn of_rows() -> Vec<Problem> {
    use DType::{Bf16, F16};
    use Operation::{
        Jacobian, LogSoftmax, LogSoftmaxBackward, LogSumExp, LogSumExpBackward, Softmax,
        SoftmaxBackward,
    };
    let mut list = Vec::new();
    let mut add = |name: &str, operation: Operation, spec: SoftmaxSpec| {
        list.push(Problem {
            name: format!("{operation}.{name}"),
            operation,
            spec: Spec::Rows(spec),
        });
    };
    let of = SoftmaxSpec::new;
    for operation in [
        Softmax,
        LogSoftmax,
        LogSumExp,
        SoftmaxBackward,
        LogSoftmaxBackward,
        LogSumExpBackward,
    ] {
        add("f32", operation, of(5, 37).scale(0.75));
        add("f16.odd", operation, of(5, 37).dtype(F16));
        add("bf16", operation, of(4, 40).dtype(Bf16));
        add("strided", operation, of(12, 9).inner(6));
        add("strided.bf16", operation, of(16, 9).inner(8).dtype(Bf16));
        add("sinks", operation, of(12, 20).scale(0.75).sinks(2, 3));
    }
    for operation in [Softmax, LogSoftmax, LogSumExp] {
        let mask = |kind, of: &[u64]| Mask::new(kind, &[2, 6, 20], 2, of).expect("a mask");
        let rows = of(12, 20).empty_rows(EmptyRows::Zero);
        add("causal", operation, of(12, 20).causal(6));
        add(
            "kept",
            operation,
            rows.mask(mask(MaskKind::Boolean, &[2, 1, 20])),
        );
        add(
            "added",
            operation,
            rows.mask(mask(MaskKind::Additive, &[6, 1])).scale(0.5),
        );
        add(
            "causal.kept",
            operation,
            rows.mask(mask(MaskKind::Boolean, &[1])).causal(6),
        );
    }
    add("quads", Softmax, of(40, 64));
    add("in_place", Softmax, of(5, 37).in_place());
    add("split", Softmax, of(1, 20_000));
    add("split.strided", LogSoftmax, of(8, 2000).inner(8));
    add(
        "in_place.bf16",
        LogSoftmaxBackward,
        of(4, 40).dtype(Bf16).in_place(),
    );
    add("f32", Jacobian, of(3, 9).scale(2.0));
    add("bf16", Jacobian, of(2, 8).dtype(Bf16));
    list
}

fn of_losses() -> Vec<Problem> {
    use Operation::{CrossEntropy, CrossEntropyBackward, CrossEntropyFused};
    use Optional::{GradLosses, Lse, Pairs, Status, Weight};
    let mut list = Vec::new();
    let of = || CrossEntropySpec::new(10, 37);
    // Of every logit.
    let mask = |of: [u64; 2]| Mask::new(MaskKind::Boolean, &of, 1, &of).expect("a mask");
    let more = RowOutputs::default()
        .entropy()
        .argmax()
        .hit()
        .log_probs_of(2);
    let specs: [(&str, CrossEntropySpec, &[Optional]); 19] = [
        ("mean", of(), &[]),
        (
            "ignored",
            of().ignore_index(-100).zero_valid(ZeroValid::Zero),
            &[Status],
        ),
        (
            "sum.u32",
            of().targets(TargetType::U32).reduction(Reduction::Sum),
            &[],
        ),
        (
            "rows.i64",
            of().targets(TargetType::I64).reduction(Reduction::None),
            &[GradLosses],
        ),
        ("saved", of(), &[Pairs, Lse, Status]),
        ("weight", of().ignore_index(3), &[Weight, GradLosses]),
        ("smoothed", of().label_smoothing(0.1), &[Weight]),
        ("z_loss", of().z_loss(1e-3).scale(0.5), &[Lse]),
        ("softcap", of().softcap(30.0).label_smoothing(0.2), &[]),
        ("probs", of().targets(TargetType::Probs), &[]),
        (
            "probs.bf16",
            of().targets(TargetType::Probs)
                .dtype(DType::Bf16)
                .softcap(20.0),
            &[Weight],
        ),
        ("row_outputs", of().row_outputs(more), &[Lse, Pairs]),
        (
            "row_outputs.in_place",
            of().row_outputs(more).in_place(),
            &[],
        ),
        (
            "f16.odd",
            of().dtype(DType::F16).reduction(Reduction::None),
            &[],
        ),
        ("bf16", CrossEntropySpec::new(8, 64).dtype(DType::Bf16), &[]),
        ("strided", CrossEntropySpec::new(12, 9).inner(6), &[Weight]),
        ("split", CrossEntropySpec::new(1, 20_000), &[]),
        (
            "masked",
            of().mask(mask([10, 37])).row_outputs(more),
            &[Lse],
        ),
        (
            "masked.split",
            CrossEntropySpec::new(1, 20_000).mask(mask([1, 20_000])),
            &[Weight],
        ),
    ];
    for operation in [CrossEntropy, CrossEntropyFused, CrossEntropyBackward] {
        for (name, spec, with) in &specs {
            let with = with.iter().copied();
            let is_read = |of: &Optional| matches!(of, Weight | GradLosses);
            list.push(Problem {
                name: format!("{operation}.{name}"),
                operation,
                spec: match operation {
                    CrossEntropyBackward => Spec::Losses(*spec, with.filter(is_read).collect()),
                    _ => Spec::Losses(*spec, with.collect()),
                },
            });
        }
    }
    list
}

/// Losses of linear layers: of several chunks of rows, and of more terms than the sums of one level have.
fn of_layers() -> Vec<Problem> {
    use Optional::{Bias, GradLosses, Lse, Pairs, RowWeight, Status, Weight};
    let of = |rows| LinearCrossEntropySpec::new(rows, 19, 37).chunk_rows(4);
    let specs: [(&str, LinearCrossEntropySpec, &[Optional]); 7] = [
        ("f32", of(10), &[]),
        ("one_row", of(1), &[Bias]),
        ("bias", of(10).scale(0.5).z_loss(1e-3), &[Bias, Lse, Pairs]),
        (
            "ignored",
            of(10).ignore_index(-100).zero_valid(ZeroValid::Zero),
            &[Weight, RowWeight, Status, GradLosses],
        ),
        (
            "bf16",
            of(9).dtype(DType::Bf16).targets(TargetType::I64),
            &[Bias],
        ),
        (
            "f16.rows",
            of(7).dtype(DType::F16).reduction(Reduction::None),
            &[Bias, GradLosses],
        ),
        ("long", LinearCrossEntropySpec::new(3, 600, 21), &[Weight]),
    ];
    let both = specs.into_iter().flat_map(|of| [(of, true), (of, false)]);
    let problem = |((name, spec, with), has_gradients): ((&str, _, &[Optional]), bool)| Problem {
        name: match has_gradients {
            true => format!("linear-cross-entropy.{name}"),
            false => format!("linear-cross-entropy.{name}.loss"),
        },
        operation: Operation::LinearCrossEntropy,
        spec: Spec::Linear(spec, has_gradients, with.to_vec()),
    };
    both.map(problem).collect()
}
