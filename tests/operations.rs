//! Every operation against the f64 reference: the check itself, the contract's shapes, and every variant by force.

mod common;

use std::ops::ControlFlow;

use common::{Output, assert_close, forced, gpu, problem, rows_with_targets, upload, wide};
use wgpu_softmax::check::{self, Depth, Group, Inputs, bounds};
use wgpu_softmax::reference::{self, CrossEntropy};
use wgpu_softmax::variant::{Family, Operation, Reduce, Variant, choose, variants};
use wgpu_softmax::{
    CrossEntropyBackwardBuffers, CrossEntropyBuffers, CrossEntropyExtras, CrossEntropySpec,
    CrossEntropyWants, Gpu, Reduction, SoftmaxSpec,
};

/// Many short rows, vocabularies, and one row longer than any other.
const SHAPES: [(usize, usize); 5] = [
    (70_001, 3),
    (20, 1000),
    (3, 50_257),
    (64, 131_072),
    (1, 262_144),
];

/// An unaligned and an aligned shape that every variant runs.
const FORCED_SHAPES: [(usize, usize); 2] = [(37, 45), (19, 128)];

const IGNORED: i32 = -100;

const EVERYTHING: CrossEntropyWants = CrossEntropyWants {
    grad_logits: true,
    lse: true,
};

#[test]
fn the_quick_check_passes() {
    let report = check::run(gpu(), Depth::Quick, &mut |_| ControlFlow::Continue(())).expect("runs");
    let told = |group: &Group| {
        let note = group.note.as_deref().unwrap_or("no note");
        format!("{} {} {}: {note}\n", group.op, group.variant, group.inputs)
    };
    let failures: String = report
        .groups
        .iter()
        .filter(|g| !g.passed)
        .map(told)
        .collect();
    assert!(report.passed() && failures.is_empty(), "{failures}");
    for operation in Operation::ALL {
        let ran = report.groups.iter().filter(|g| g.op == operation.name());
        assert!(
            ran.map(|g| g.elements).sum::<u64>() > 0,
            "{operation} was not checked"
        );
    }
}

#[test]
fn softmax_at_the_contracts_shapes() {
    for (rows, cols) in SHAPES {
        for inputs in inputs_of(rows * cols) {
            let logits = inputs.logits(rows, cols, 7);
            assert_softmax(
                gpu(),
                &logits,
                cols,
                &format!("{inputs:?} of {rows} x {cols}"),
            );
        }
    }
}

#[test]
fn cross_entropy_at_the_contracts_shapes() {
    for (rows, cols) in SHAPES {
        for inputs in inputs_of(rows * cols) {
            let case = Case::new(*inputs, rows, cols);
            case.assert_fused(gpu());
            case.assert_loss_and_backward(gpu());
        }
    }
}

#[test]
fn every_variant_runs_when_forced() {
    for (rows, cols) in FORCED_SHAPES {
        let case = Case::new(Inputs::PlantedOutliers, rows, cols);
        let list = variants(
            problem(Operation::Softmax, rows, cols),
            gpu().planner().abilities(),
        );
        assert_covers_every_kind(&list);
        for variant in list {
            let gpu = forced(gpu(), variant);
            assert_plans_have(&gpu, variant, &case);
            assert_softmax(
                &gpu,
                &case.logits,
                cols,
                &format!("{variant} at {rows} x {cols}"),
            );
            case.assert_fused(&gpu);
        }
    }
}

#[test]
fn plans_say_what_was_chosen() {
    for (rows, cols) in SHAPES {
        let planner = gpu().planner();
        let spec = SoftmaxSpec::new(rows as u64, cols as u64);
        let plan = planner.softmax(spec).expect("a plan");
        let chosen = choose(problem(Operation::Softmax, rows, cols), planner.abilities());
        assert_eq!(Ok(plan.variant()), chosen);
        assert_eq!(plan.kernel(), format!("softmax.{}", plan.variant()));
        assert_eq!(plan.bytes_moved(), 8 * (rows * cols) as u64);
    }
}

/// One distribution for large problems, the ones that differ most for small ones.
fn inputs_of(elements: usize) -> &'static [Inputs] {
    match elements {
        ..1_000_000 => &[Inputs::Flat, Inputs::PlantedOutliers, Inputs::Masked],
        _ => &[Inputs::PlantedOutliers],
    }
}

#[track_caller]
fn assert_softmax(gpu: &Gpu, logits: &[f32], cols: usize, what: &str) {
    let probs = gpu.softmax(logits, logits.len() / cols).expect("softmax");
    let expected = reference::softmax(logits, cols);
    assert_close(
        what,
        &probs,
        &expected,
        &bounds::probability(logits, cols),
        cols,
    );
}

/// Rows with targets, and the reference of their mean.
struct Case {
    name: String,
    rows: usize,
    cols: usize,
    logits: Vec<f32>,
    targets: Vec<i32>,
    spec: CrossEntropySpec,
    reference: CrossEntropy,
    gradient: Vec<f64>,
    gradient_bound: Vec<f64>,
}

impl Case {
    fn new(inputs: Inputs, rows: usize, cols: usize) -> Self {
        let (logits, targets) = rows_with_targets(inputs, (rows, cols), 9, IGNORED);
        let reference = CrossEntropy::new(cols).ignore_index(i64::from(IGNORED));
        Self {
            name: format!("{inputs:?} of {rows} x {cols}"),
            gradient: reference.gradient(&logits, &wide(&targets)),
            gradient_bound: bounds::loss_gradient(&reference, &logits, &wide(&targets)),
            spec: CrossEntropySpec::new(rows as u64, cols as u64).ignore_index(IGNORED),
            rows,
            cols,
            logits,
            targets,
            reference,
        }
    }

    #[track_caller]
    fn assert_gradient(&self, found: &[f32], what: &str) {
        let what = format!("{what} of {}", self.name);
        assert_close(
            &what,
            found,
            &self.gradient,
            &self.gradient_bound,
            self.cols,
        );
    }

    /// Loss and gradient in one call.
    #[track_caller]
    fn assert_fused(&self, gpu: &Gpu) {
        let targets = wide(&self.targets);
        let found = gpu
            .cross_entropy(&self.spec, &self.logits, &self.targets, EVERYTHING)
            .expect("cross-entropy");
        let expected = self.reference.losses(&self.logits, &targets);
        let loss = expected.loss.expect("a mean");
        let bound = bounds::loss(&self.reference, &self.logits, &targets).expect("a mean's bound");
        let lse_bound = bounds::lse(&self.logits, self.cols);
        assert_close(
            &format!("mean of {}", self.name),
            &found.losses,
            &[loss],
            &[bound],
            1,
        );
        assert_close(
            &self.name,
            &found.lse.expect("lse"),
            &expected.lse,
            &lse_bound,
            1,
        );
        self.assert_gradient(&found.grad_logits.expect("a gradient"), "fused gradient");
        assert_eq!(
            found.status.valid_rows as usize, expected.valid_rows,
            "{}",
            self.name
        );
    }

    /// The losses alone, with the pairs from which a second call makes the gradient.
    #[track_caller]
    fn assert_loss_and_backward(&self, gpu: &Gpu) {
        let (logits, targets) = (upload(gpu, &self.logits), upload(gpu, &self.targets));
        let (losses, pairs) = (Output::new(gpu, self.rows), Output::new(gpu, 2 * self.rows));
        let buffers = CrossEntropyBuffers {
            logits: &logits,
            targets: &targets,
            losses: &losses.buffer,
            grad_logits: None,
        };
        let extras = CrossEntropyExtras::default().pairs(&pairs.buffer);
        let plan = gpu
            .planner()
            .cross_entropy(self.spec.reduction(Reduction::None));
        let bound = plan.and_then(|plan| plan.bind_with(self.rows as u64, buffers, extras));
        gpu.run(&bound.expect("bound"), "forward").expect("forward");
        self.assert_row_losses(&losses.floats(gpu));

        let grad = Output::new(gpu, self.logits.len());
        let buffers = CrossEntropyBackwardBuffers {
            logits: &logits,
            targets: &targets,
            pairs: &pairs.buffer,
            grad_logits: &grad.buffer,
        };
        let plan = gpu.planner().cross_entropy_backward(self.spec);
        let bound = plan.and_then(|plan| plan.bind(buffers));
        gpu.run(&bound.expect("bound"), "backward")
            .expect("backward");
        self.assert_gradient(&grad.floats(gpu), "gradient from pairs");
    }

    #[track_caller]
    fn assert_row_losses(&self, found: &[f32]) {
        let targets = wide(&self.targets);
        let expected = self.reference.losses(&self.logits, &targets).row_losses;
        let bound = bounds::row_loss(&self.reference, &self.logits, &targets);
        assert_close(
            &format!("losses of {}", self.name),
            found,
            &expected,
            &bound,
            1,
        );
    }
}

/// Every family with every way to merge that the device has.
fn assert_covers_every_kind(list: &[Variant]) {
    let mut ways = vec![Reduce::Invocation, Reduce::Workgroup];
    ways.extend(
        gpu()
            .planner()
            .abilities()
            .subgroup
            .map(|_| Reduce::Subgroup),
    );
    let families: [fn(Family) -> bool; 3] = [
        |family| matches!(family, Family::Registers { .. }),
        |family| matches!(family, Family::Streamed),
        |family| matches!(family, Family::Split { .. }),
    ];
    for reduce in ways {
        for of_family in families {
            let found = list
                .iter()
                .any(|v| v.reduce == reduce && of_family(v.family));
            assert!(found, "a family by {reduce:?} is missing from {list:?}");
        }
    }
}

fn assert_plans_have(gpu: &Gpu, variant: Variant, case: &Case) {
    let planner = gpu.planner();
    let spec = SoftmaxSpec::new(case.rows as u64, case.cols as u64);
    assert_eq!(planner.softmax(spec).expect("a plan").variant(), variant);
    let plan = planner.cross_entropy(case.spec).expect("a plan");
    assert_eq!(plan.variant(), variant);
    assert_eq!(plan.kernel(), format!("cross-entropy.{variant}"));
    assert_eq!(
        plan.fused_kernel(),
        format!("cross-entropy-fused.{variant}")
    );
}
