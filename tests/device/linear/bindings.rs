//! What is refused: specs and buffers.

use wgpu_softmax::wgpu::{Buffer, BufferDescriptor, BufferUsages};
use wgpu_softmax::{
    CrossEntropyExtras, Error, Gpu, LinearCrossEntropyBuffers, LinearCrossEntropyInputs,
    LinearCrossEntropySpec, LinearGradients, LinearWants, TargetType,
};

use crate::common::gpu;

#[test]
fn specs_that_make_no_sense_are_refused() {
    let plan = |spec| gpu().planner().linear_cross_entropy(spec);
    let sound = LinearCrossEntropySpec::new(2, 3, 4);
    assert!(plan(sound).is_ok());
    for (spec, expected) in [
        (
            LinearCrossEntropySpec::new(2, 0, 4),
            "features: expected 1 to 1,073,741,824, found 0",
        ),
        (
            LinearCrossEntropySpec::new(2, 3, 0),
            "classes: expected 1 to 1,073,741,824, found 0",
        ),
        (
            LinearCrossEntropySpec::new(2, 1 << 40, 4),
            "features: expected 1 to 1,073,741,824, found 1099511627776",
        ),
        (
            sound.chunk_rows(0),
            "rows of a chunk: expected at least 1, found 0",
        ),
        (
            sound.targets(TargetType::Probs),
            "targets: expected class ids, found probabilities",
        ),
        (
            sound.label_smoothing(2.0),
            "label smoothing: expected 0 to 1, found 2",
        ),
        (
            LinearCrossEntropySpec::new(1 << 33, 3, 4),
            "rows: expected at most 4,294,967,295, found 8589934592",
        ),
    ] {
        assert_eq!(plan(spec).expect_err(expected).to_string(), expected);
    }
}

struct Buffers {
    all: [Buffer; 8],
}

impl Buffers {
    /// Buffers of the fewest bytes for two rows of three features, and four classes.
    fn new(gpu: &Gpu) -> Self {
        let bytes = [24, 48, 16, 8, 4, 24, 48, 16];
        let buffer = |size| {
            gpu.device().create_buffer(&BufferDescriptor {
                label: None,
                size,
                usage: BufferUsages::STORAGE,
                mapped_at_creation: false,
            })
        };
        Self {
            all: bytes.map(buffer),
        }
    }

    fn given(&self) -> LinearCrossEntropyBuffers<'_> {
        let [
            hidden,
            weight,
            bias,
            targets,
            losses,
            by_hidden,
            by_weight,
            by_bias,
        ] = &self.all;
        LinearCrossEntropyBuffers {
            hidden,
            weight,
            bias: Some(bias),
            targets,
            losses,
            gradients: LinearGradients {
                hidden: Some(by_hidden),
                weight: Some(by_weight),
                bias: Some(by_bias),
            },
        }
    }
}

#[test]
fn buffers_are_checked_each_by_its_name() {
    let plan = gpu()
        .planner()
        .linear_cross_entropy(LinearCrossEntropySpec::new(2, 3, 4));
    let plan = plan.expect("a plan");
    let buffers = Buffers::new(gpu());
    let given = buffers.given();
    assert!(plan.bind(given).is_ok());
    let small = gpu().device().create_buffer(&BufferDescriptor {
        label: None,
        size: 4,
        usage: BufferUsages::STORAGE,
        mapped_at_creation: false,
    });
    let refused = |given| plan.bind(given).expect_err("refused").to_string();
    let named = |name: &str, bytes: u64| {
        format!("buffer `{name}`: expected at least {bytes} bytes, found 4")
    };
    let gradients = |gradients| LinearCrossEntropyBuffers { gradients, ..given };
    let of = given.gradients;
    for (changed, expected) in [
        (
            LinearCrossEntropyBuffers {
                hidden: &small,
                ..given
            },
            named("hidden", 24),
        ),
        (
            LinearCrossEntropyBuffers {
                weight: &small,
                ..given
            },
            named("weight", 48),
        ),
        (
            LinearCrossEntropyBuffers {
                bias: Some(&small),
                ..given
            },
            named("bias", 16),
        ),
        (
            LinearCrossEntropyBuffers {
                targets: &small,
                ..given
            },
            named("targets", 8),
        ),
        (
            gradients(LinearGradients {
                hidden: Some(&small),
                ..of
            }),
            named("grad_hidden", 24),
        ),
        (
            gradients(LinearGradients {
                weight: Some(&small),
                ..of
            }),
            named("grad_weight", 48),
        ),
        (
            gradients(LinearGradients {
                bias: Some(&small),
                ..of
            }),
            named("grad_bias", 16),
        ),
    ] {
        assert_eq!(refused(changed), expected);
    }
    let twice = gradients(LinearGradients {
        weight: Some(given.weight),
        ..of
    });
    assert!(matches!(
        plan.bind(twice),
        Err(Error::Aliased {
            first: "weight",
            second: "grad_weight"
        })
    ));
    let words = CrossEntropyExtras::default().row_outputs(&small);
    assert!(matches!(
        plan.bind_with(2, given, words),
        Err(Error::Value { .. })
    ));
    assert!(matches!(
        plan.bind_rows(3, given),
        Err(Error::Length { .. })
    ));
}

#[test]
fn fewer_rows_than_planned_are_bound() {
    let plan = gpu()
        .planner()
        .linear_cross_entropy(LinearCrossEntropySpec::new(2, 3, 4));
    let plan = plan.expect("a plan");
    let buffers = Buffers::new(gpu());
    let one = plan.bind_rows(1, buffers.given()).expect("bound");
    gpu().run(&one, "a test").expect("a run");
    assert!(one.dispatches() > 0);
}

#[test]
fn slices_of_other_lengths_are_refused() {
    let spec = LinearCrossEntropySpec::new(1, 2, 2);
    let run = |inputs| gpu().linear_cross_entropy(&spec, inputs, LinearWants::default());
    let sound = LinearCrossEntropyInputs::new(&[1.0, 2.0], &[0.5, 0.25, 1.0, 0.0], &[1]);
    let found = run(sound).expect("a loss");
    assert!((found.losses[0] - 2_f32.ln()).abs() < 1e-6);
    assert_eq!(
        (found.grad_hidden, found.grad_weight, found.grad_bias),
        (None, None, None)
    );
    for (inputs, expected) in [
        (sound.bias(&[1.0]), "bias: expected 2 elements, found 1"),
        (
            sound.class_weight(&[1.0; 3]),
            "class_weight: expected 2 elements, found 3",
        ),
        (
            sound.grad_losses(&[1.0; 2]),
            "grad_losses: expected 1 elements, found 2",
        ),
        (
            LinearCrossEntropyInputs::new(&[1.0], &[0.5, 0.25, 1.0, 0.0], &[1]),
            "hidden: expected 2 elements, found 1",
        ),
        (
            LinearCrossEntropyInputs::new(&[1.0, 2.0], &[0.5], &[1]),
            "weight: expected 4 elements, found 1",
        ),
    ] {
        assert_eq!(run(inputs).expect_err(expected).to_string(), expected);
    }
}
