//! Results over what they are made of: bit for bit those that lie elsewhere, by every kernel, and nothing around the rows
//! changed.

mod common;

use std::collections::BTreeMap;

use common::place::{Place, stored};
use common::{Output, assert_close, assert_error, device_with_bindings_of, gpu, upload};
use wgpu_softmax::check::{Inputs, bounds, inputs};
use wgpu_softmax::variant::{Family, Operation, Problem, Variant, variants};
use wgpu_softmax::wgpu::{Buffer, BufferUsages};
use wgpu_softmax::{
    Bound, CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras, CrossEntropySpec,
    DType, Error, Layout, LogSoftmaxBackwardBuffers, LogSoftmaxBuffers, LogSumExpBackwardBuffers,
    Planner, Reduction, ShardSpec, SoftmaxBackwardBuffers, SoftmaxBuffers, SoftmaxFromPairsBuffers,
    SoftmaxSpec, Status, TargetType, reference,
};

const ROWS: usize = 19;

/// Contiguous, padded, amid fours at odd places, and by pairs.
const PLACES: [Place; 4] = [
    place(0, 32, 32),
    place(8, 32, 25),
    place(3, 29, 25),
    place(2, 30, 26),
];

const fn place(offset: usize, stride: usize, cols: usize) -> Place {
    Place {
        offset,
        stride,
        cols,
    }
}

/// An operation with its inputs but the first: binds source and result, and further outputs of its own.
type Bind<'b> = dyn Fn(&Planner, [&Buffer; 2]) -> Result<(Bound, Vec<Output>), Error> + 'b;

/// Where a matrix lies, and how it is stored.
#[derive(Clone, Copy, Debug)]
struct At {
    dtype: DType,
    place: Place,
}

/// The same operation with its result elsewhere and in place.
struct Both<'b> {
    problem: Problem,
    elsewhere: &'b Bind<'b>,
    in_place: &'b Bind<'b>,
}

impl At {
    fn each(mut test: impl FnMut(Self) -> Result<(), Error>) -> Result<(), Error> {
        for place in PLACES {
            let half = match place.offset % 4 {
                0 => DType::F16,
                _ => DType::Bf16,
            };
            test(Self {
                dtype: DType::F32,
                place,
            })?;
            test(Self { dtype: half, place })?;
        }
        Ok(())
    }

    fn upload(self, values: &[f32]) -> Buffer {
        self.place.upload(gpu(), self.dtype, values)
    }

    fn bits(self, buffer: &Buffer) -> Vec<u32> {
        self.place.bits(gpu(), self.dtype, buffer, ROWS)
    }

    fn spec(self) -> SoftmaxSpec {
        let layout = self.place.layout();
        SoftmaxSpec::new(ROWS as u64, self.place.cols as u64)
            .dtype(self.dtype)
            .scale(0.9)
            .input_layout(layout)
            .upstream_layout(layout)
            .output_layout(layout)
    }

    /// Runs both ways by every kind of kernel, and compares every bit that was written, and every one around.
    fn compare(self, first: &[f32], both: &Both<'_>) -> Result<(), Error> {
        let kernels = kinds(both.problem, self);
        assert!(!kernels.is_empty(), "no kernel: {self:?}");
        for variant in kernels {
            let what = format!("{} {variant}, {self:?}", both.problem.operation);
            let planner = gpu().planner().with_variant(variant);
            let (source, result) = (self.upload(first), self.upload(first));
            let before = self.bits(&source);
            let (bound, others) = (both.elsewhere)(&planner, [&source, &result])?;
            gpu().run(&bound, &what)?;
            assert!(self.bits(&source) == before, "{what}: the source changed");
            let expected = self.place.joined(&before, &self.bits(&result));
            assert!(expected != before, "{what}: nothing was written");

            let (bound, others_in_place) = (both.in_place)(&planner, [&source, &source])?;
            gpu().run(&bound, &what)?;
            assert!(
                self.bits(&source) == expected,
                "{what}: other bits in place"
            );
            for (one, other) in others.iter().zip(&others_in_place) {
                assert_eq!(one.words(gpu()), other.words(gpu()), "{what}: row outputs");
            }
        }
        Ok(())
    }

    /// An operation that writes one matrix.
    fn compare_rows(
        self,
        operation: Operation,
        first: &[f32],
        bind: impl Fn(&Planner, SoftmaxSpec, [&Buffer; 2]) -> Result<Bound, Error>,
    ) -> Result<(), Error> {
        let spec = self.spec();
        let alone = |bound| (bound, Vec::new());
        let both = Both {
            problem: spec.in_place().problem(operation)?,
            elsewhere: &|planner, buffers| bind(planner, spec, buffers).map(alone),
            in_place: &|planner, buffers| bind(planner, spec.in_place(), buffers).map(alone),
        };
        self.compare(first, &both)
    }
}

/// One variant of each family and access, with one or another way to merge; of 16-bit storage one family or another.
fn kinds(problem: Problem, at: At) -> Vec<Variant> {
    let mut kinds = BTreeMap::<_, Vec<_>>::new();
    for variant in variants(problem, gpu().planner().abilities()) {
        let family = match variant.family {
            Family::Registers { .. } => 0,
            Family::Streamed | Family::Elementwise { parts: 1 } => 1,
            _ => 2,
        };
        kinds
            .entry((family, variant.access))
            .or_default()
            .push(variant);
    }
    let turn = at.place.offset + at.dtype as usize;
    let (skip, step) = match at.dtype {
        DType::F32 => (0, 1),
        _ => (turn % 3, 3),
    };
    let one_of = |(kind, list): (usize, Vec<Variant>)| list[(kind + turn) % list.len()];
    let kinds = kinds.into_values().enumerate().skip(skip).step_by(step);
    kinds.map(one_of).collect()
}

#[test]
fn softmax_and_log_softmax() -> Result<(), Error> {
    At::each(|at| {
        let logits = stored(at.dtype, Inputs::Peaked.logits(ROWS, at.place.cols, 3));
        at.compare_rows(
            Operation::Softmax,
            &logits,
            |planner, spec, [logits, probs]| {
                planner
                    .softmax(spec)?
                    .bind(SoftmaxBuffers { logits, probs })
            },
        )?;
        at.compare_rows(
            Operation::LogSoftmax,
            &logits,
            |planner, spec, [logits, log_probs]| {
                let buffers = LogSoftmaxBuffers { logits, log_probs };
                planner.log_softmax(spec)?.bind(buffers)
            },
        )
    })
}

#[test]
fn softmax_from_pairs() -> Result<(), Error> {
    At::each(|at| {
        let logits = stored(at.dtype, Inputs::Flat.logits(ROWS, at.place.cols, 4));
        let pairs = upload(gpu(), &[[3.5_f32, 0.01]; ROWS]);
        let pairs = &pairs;
        at.compare_rows(
            Operation::SoftmaxFromPairs,
            &logits,
            |planner, spec, [logits, probs]| {
                let buffers = SoftmaxFromPairsBuffers {
                    logits,
                    pairs,
                    probs,
                };
                planner.softmax_from_pairs(spec)?.bind(buffers)
            },
        )
    })
}

#[test]
fn backward_passes_over_what_the_forward_pass_gave() -> Result<(), Error> {
    At::each(|at| {
        let cols = at.place.cols;
        let logits = stored(at.dtype, Inputs::Flat.logits(ROWS, cols, 5));
        let grad = at.upload(&stored(at.dtype, inputs::upstream(ROWS * cols, 5)));
        let grad_lse = upload(gpu(), &inputs::upstream(ROWS, 6));
        let (grad, grad_lse) = (&grad, &grad_lse);
        let probs = stored(at.dtype, inputs::probs(&logits, cols));
        at.compare_rows(
            Operation::SoftmaxBackward,
            &probs,
            |planner, spec, [probs, grad_logits]| {
                let buffers = SoftmaxBackwardBuffers {
                    probs,
                    grad_probs: grad,
                    grad_logits,
                };
                planner.softmax_backward(spec)?.bind(buffers)
            },
        )?;
        let log_probs = stored(at.dtype, inputs::log_probs(&logits, cols));
        at.compare_rows(
            Operation::LogSoftmaxBackward,
            &log_probs,
            |planner, spec, [log_probs, grad_logits]| {
                let buffers = LogSoftmaxBackwardBuffers {
                    log_probs,
                    grad_log_probs: grad,
                    grad_logits,
                };
                planner.log_softmax_backward(spec)?.bind(buffers)
            },
        )?;
        at.compare_rows(
            Operation::LogSumExpBackward,
            &logits,
            |planner, spec, [logits, grad_logits]| {
                let buffers = LogSumExpBackwardBuffers {
                    logits,
                    grad_lse,
                    grad_logits,
                };
                planner.logsumexp_backward(spec)?.bind(buffers)
            },
        )
    })
}

/// One form of a cross-entropy or another.
fn spec_of(at: At) -> CrossEntropySpec {
    let layout = at.place.layout();
    let spec = CrossEntropySpec::new(ROWS as u64, at.place.cols as u64)
        .dtype(at.dtype)
        .logits_layout(layout)
        .targets_layout(layout)
        .grad_layout(layout);
    match at.place.offset {
        0 => spec.softcap(9.0).reduction(Reduction::Sum),
        8 => spec.label_smoothing(0.1).z_loss(0.01),
        2 => spec.targets(TargetType::Probs),
        _ => spec.ignore_index(-100).reduction(Reduction::None),
    }
}

/// The class ids of some rows, one of them out of range, or probabilities.
fn targets(at: At) -> Result<Buffer, Error> {
    let cols = at.place.cols;
    if at.place.offset == 2 {
        return Ok(at.upload(&stored(at.dtype, inputs::sparse_probs(ROWS, cols, 8))));
    }
    let mut ids = inputs::targets(ROWS, cols, 8, Some(-100));
    ids[ROWS - 1] = 1000;
    ids[0] = i32::try_from(cols - 1).expect("a column");
    gpu().upload("targets", &ids)
}

#[test]
fn cross_entropy_with_its_gradient() -> Result<(), Error> {
    At::each(|at| {
        let logits = stored(at.dtype, Inputs::Peaked.logits(ROWS, at.place.cols, 7));
        let (spec, targets) = (spec_of(at), &targets(at)?);
        let bind = |planner: &Planner, spec: CrossEntropySpec, [logits, grad]: [&Buffer; 2]| {
            let losses = usize::try_from(spec.losses()).expect("a count");
            let status = size_of::<Status>() / 4;
            let others = [losses, 2 * ROWS, ROWS, status].map(|len| Output::new(gpu(), len));
            let [losses, pairs, lse, status] = &others;
            let buffers = CrossEntropyBuffers {
                logits,
                targets,
                losses: &losses.buffer,
                grad_logits: Some(grad),
            };
            let extras = CrossEntropyExtras::default()
                .pairs(&pairs.buffer)
                .lse(&lse.buffer)
                .status(&status.buffer);
            let plan = planner.cross_entropy(spec)?;
            let bound = plan.bind_with(ROWS as u64, buffers, extras)?;
            Ok((bound, Vec::from(others)))
        };
        let both = Both {
            problem: spec.in_place().problem(Operation::CrossEntropyFused)?,
            elsewhere: &|planner, buffers| bind(planner, spec, buffers),
            in_place: &|planner, buffers| bind(planner, spec.in_place(), buffers),
        };
        at.compare(&logits, &both)
    })
}

#[test]
fn the_gradient_from_pairs() -> Result<(), Error> {
    At::each(|at| {
        let logits = stored(at.dtype, Inputs::Peaked.logits(ROWS, at.place.cols, 9));
        let (spec, targets) = (spec_of(at), &targets(at)?);
        let operation = match at.place.offset {
            2 | 8 => Operation::CrossEntropyFused,
            _ => Operation::CrossEntropyBackward,
        };
        let pairs = &upload(gpu(), &[[7.5_f32, 0.125]; ROWS]);
        let bind = |planner: &Planner, spec, [logits, grad_logits]: [&Buffer; 2]| {
            let buffers = CrossEntropyBackwardBuffers {
                logits,
                targets,
                pairs,
                grad_logits,
            };
            let bound = planner.cross_entropy_backward(spec)?.bind(buffers)?;
            Ok((bound, Vec::new()))
        };
        let both = Both {
            problem: spec.in_place().problem(operation)?,
            elsewhere: &|planner, buffers| bind(planner, spec, buffers),
            in_place: &|planner, buffers| bind(planner, spec.in_place(), buffers),
        };
        at.compare(&logits, &both)
    })
}

/// Few long rows, which are split, on a device whose bindings hold some of them: bits of several windows.
#[test]
fn windows_and_long_rows() -> Result<(), Error> {
    let small = device_with_bindings_of(65_536);
    for (gpu, rows, cols, least) in [(gpu(), 3, 50_257, 2), (&small, 4500, 45, 13)] {
        let logits = Inputs::Peaked.logits(rows, cols, 2);
        // The first lane of a row writes none of these.
        let ids = vec![i32::try_from(cols - 2).expect("a column"); rows];
        let targets = &upload(gpu, &ids);
        let spec = CrossEntropySpec::new(rows as u64, cols as u64).reduction(Reduction::None);
        let run = |spec, logits: &Buffer, grad_logits: &Buffer| {
            let losses = upload(gpu, &vec![0_u32; rows]);
            let buffers = CrossEntropyBuffers {
                logits,
                targets,
                losses: &losses,
                grad_logits: Some(grad_logits),
            };
            let bound = gpu.planner().cross_entropy(spec)?.bind(buffers)?;
            assert!(bound.dispatches() >= least, "{rows} x {cols}");
            gpu.run(&bound, "cross-entropy")?;
            let gradient: Vec<u32> = gpu.download(grad_logits, rows * cols)?;
            Ok::<_, Error>((gradient, gpu.download::<u32>(&losses, rows)?))
        };
        let (source, result) = (upload(gpu, &logits), upload(gpu, &logits));
        let expected = run(spec, &source, &result)?;
        assert!(run(spec.in_place(), &source, &source)? == expected);
    }
    Ok(())
}

/// The last row, whose buffer ends with it, has a kernel of its own.
#[test]
fn a_buffer_that_ends_with_the_last_row() -> Result<(), Error> {
    let (rows, cols) = (7, 45);
    let logits = Inputs::Peaked.logits(rows, cols, 4);
    let usage = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
    let exact = common::buffer(gpu(), 4 * logits.len() as u64, usage);
    let contents = bytemuck::cast_slice(&logits);
    gpu().queue().write_buffer(&exact, 0, contents);
    let buffers = SoftmaxBuffers {
        logits: &exact,
        probs: &exact,
    };
    let spec = SoftmaxSpec::new(rows as u64, cols as u64).in_place();
    let bound = gpu().planner().softmax(spec)?.bind(buffers)?;
    assert_eq!(bound.dispatches(), 2);
    gpu().run(&bound, "softmax")?;
    let expected = reference::softmax(&logits, cols);
    let allowed = bounds::probability(&logits, cols);
    let found = common::download(gpu(), &exact, logits.len());
    assert_close("probs", &found, &expected, &allowed, cols);
    Ok(())
}

#[test]
fn what_in_place_refuses() -> Result<(), Error> {
    let planner = gpu().planner();
    let spec = SoftmaxSpec::new(4, 8).in_place();
    let moved = planner.softmax(spec.output_layout(Layout::CONTIGUOUS.offset(4)));
    let expected = "in place: expected one layout of what is read and what is written, \
                    found offset 0 and stride 8, offset 4 and stride 8";
    assert_error(moved, expected);
    let no_matrix = |name| {
        format!(
            "in place: expected an operation whose result is a matrix of the logits' shape, found {name}"
        )
    };
    assert_error(planner.logsumexp(spec), &no_matrix("logsumexp"));
    assert_error(planner.jacobian(spec), &no_matrix("jacobian"));
    let shard = planner.partial_statistic(ShardSpec::new(spec, 0, 1));
    assert_error(shard, &no_matrix("partial-statistic"));
    let of_classes = CrossEntropySpec::new(4, 8).in_place();
    let losses = planner.cross_entropy_from_pairs(of_classes);
    assert_error(losses, &no_matrix("cross-entropy-from-pairs"));

    let (one, other, ids) = (
        upload(gpu(), &[0.0_f32; 32]),
        upload(gpu(), &[0.0_f32; 32]),
        upload(gpu(), &[0; 4]),
    );
    let two = planner.softmax(spec)?.bind(SoftmaxBuffers {
        logits: &one,
        probs: &other,
    });
    let expected = "buffers `logits` and `probs`: expected the same one twice, in place, found two";
    assert_error(two, expected);
    let upstream = planner
        .softmax_backward(spec)?
        .bind(SoftmaxBackwardBuffers {
            probs: &one,
            grad_probs: &one,
            grad_logits: &one,
        });
    let is_aliased = matches!(
        upstream,
        Err(Error::Aliased {
            first: "grad_probs",
            ..
        })
    ) || matches!(
        upstream,
        Err(Error::Aliased {
            second: "grad_probs",
            ..
        })
    );
    assert!(is_aliased, "{upstream:?}");
    let plan = planner.cross_entropy(of_classes)?;
    let bind = |grad_logits| {
        plan.bind(CrossEntropyBuffers {
            logits: &one,
            targets: &ids,
            losses: &upload(gpu(), &[0.0_f32]),
            grad_logits,
        })
    };
    assert!(matches!(bind(Some(&other)), Err(Error::Apart { .. })));
    assert!(bind(Some(&one)).is_ok());
    assert!(bind(None).is_ok(), "a loss alone overwrites nothing");
    Ok(())
}
