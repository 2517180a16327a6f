//! Slices by a spec: every operation with a scale, in every type, of odd and even numbers of values.

use crate::common::{assert_error, gpu};
use wgpu_softmax::check::{Inputs, bounds, compare_as, inputs};
use wgpu_softmax::reference::{self, Columns};
use wgpu_softmax::{
    CrossEntropyInputs, CrossEntropySpec, CrossEntropyWants, DType, Error, Reduction, SoftmaxSpec,
    Targets,
};

const SHAPES: [(usize, usize); 3] = [(5, 7), (4, 8), (1, 1)];
const SCALES: [f32; 2] = [0.375, 2.5];

/// Case of the tests: a type, a scale and a shape.
#[derive(Clone, Copy, Debug)]
struct Case {
    dtype: DType,
    scale: f32,
    rows: usize,
    cols: usize,
}

impl Case {
    fn spec(self) -> SoftmaxSpec {
        SoftmaxSpec::new(self.rows as u64, self.cols as u64)
            .scale(self.scale)
            .dtype(self.dtype)
    }

    fn columns(self) -> Columns {
        Columns::new(self.cols).scale(self.scale)
    }

    /// Rounds values to those that the type holds.
    fn stored(self, values: Vec<f32>) -> Vec<f32> {
        let round = |value| self.dtype.round(value);
        values.into_iter().map(round).collect()
    }

    fn logits(self) -> Vec<f32> {
        self.stored(Inputs::Peaked.logits(self.rows, self.cols, 1))
    }

    fn upstream(self) -> Vec<f32> {
        self.stored(inputs::upstream(self.rows * self.cols, 2))
    }

    #[track_caller]
    fn assert_close(self, what: &str, found: &[f32], expected: &[f64], allowed: &[f64]) {
        self.assert_close_as(self.dtype, what, found, expected, allowed);
    }

    #[track_caller]
    fn assert_close_as(
        self,
        dtype: DType,
        what: &str,
        found: &[f32],
        expected: &[f64],
        allowed: &[f64],
    ) {
        let allowed = bounds::stored(dtype, allowed, expected);
        let comparison = compare_as(dtype, found, expected, &allowed, 1);
        assert!(comparison.elements > 0, "{what} of {self:?}");
        assert!(comparison.passed(), "{what} of {self:?}: {comparison}");
    }
}

fn each(mut test: impl FnMut(Case) -> Result<(), Error>) -> Result<(), Error> {
    for dtype in DType::ALL {
        for scale in SCALES {
            for (rows, cols) in SHAPES {
                test(Case {
                    dtype,
                    scale,
                    rows,
                    cols,
                })?;
            }
        }
    }
    Ok(())
}

fn halves(dtype: DType, values: &[f32]) -> Vec<u16> {
    let encode = |&value| dtype.encode(value) as u16;
    values.iter().map(encode).collect()
}

fn floats(dtype: DType, halves: Vec<u16>) -> Vec<f32> {
    let decode = |half: u16| dtype.decode(half.into());
    halves.into_iter().map(decode).collect()
}

/// Runs an operation on matrices in the type of the case.
macro_rules! run {
    ($case:expr, $operation:ident, $($matrix:expr),+) => {
        match $case.dtype {
            DType::F32 => gpu().$operation(&$case.spec(), $($matrix),+)?,
            dtype => {
                floats(dtype, gpu().$operation(&$case.spec(), $(&halves(dtype, $matrix)),+)?)
            }
        }
    };
}

#[test]
fn forward_passes_and_the_jacobian() -> Result<(), Error> {
    each(|case| {
        let (x, columns) = (&case.logits(), case.columns());
        let probs = run!(case, softmax_with, x);
        let allowed = bounds::probability(x, columns);
        case.assert_close("softmax", &probs, &reference::softmax(x, columns), &allowed);
        let logs = run!(case, log_softmax_with, x);
        let allowed = bounds::log_probability(x, columns);
        let expected = reference::log_softmax(x, columns);
        case.assert_close("log-softmax", &logs, &expected, &allowed);
        let jacobian = run!(case, jacobian_with, x);
        let allowed = bounds::jacobian(x, columns);
        let expected = reference::jacobian(x, columns);
        case.assert_close("jacobian", &jacobian, &expected, &allowed);
        Ok(())
    })
}

#[test]
fn logsumexp_is_f32_and_so_is_its_gradient() -> Result<(), Error> {
    each(|case| {
        let (x, columns, spec) = (&case.logits(), case.columns(), case.spec());
        let lse = match case.dtype {
            DType::F32 => gpu().logsumexp_with(&spec, x)?,
            dtype => gpu().logsumexp_with(&spec, &halves(dtype, x))?,
        };
        let expected = reference::logsumexp(x, columns);
        let allowed = bounds::lse(x, columns);
        case.assert_close_as(DType::F32, "logsumexp", &lse, &expected, &allowed);
        // None of them is a 16-bit float.
        let g: Vec<f32> = (0..case.rows).map(|row| 0.1 + row as f32 / 3.0).collect();
        let gradient = match case.dtype {
            DType::F32 => gpu().logsumexp_backward_with(&spec, x, &g)?,
            dtype => {
                let found = gpu().logsumexp_backward_with(&spec, &halves(dtype, x), &g)?;
                floats(dtype, found)
            }
        };
        let expected = reference::logsumexp_backward(x, &g, columns);
        let allowed = bounds::logsumexp_backward(x, &g, columns);
        case.assert_close("logsumexp backward", &gradient, &expected, &allowed);
        Ok(())
    })
}

#[test]
fn backward_passes() -> Result<(), Error> {
    each(|case| {
        let (x, g, columns) = (case.logits(), &case.upstream(), case.columns());
        let p = &case.stored(inputs::probs(&x, case.cols));
        let of_probs = run!(case, softmax_backward_with, p, g);
        let expected = reference::softmax_backward(p, g, columns);
        let allowed = bounds::softmax_backward(p, g, columns);
        case.assert_close("softmax backward", &of_probs, &expected, &allowed);
        let w = &case.stored(p.iter().map(|p| p.ln()).collect());
        let of_logs = run!(case, log_softmax_backward_with, w, g);
        let expected = reference::log_softmax_backward(w, g, columns);
        let allowed = bounds::log_softmax_backward(w, g, columns);
        case.assert_close("log-softmax backward", &of_logs, &expected, &allowed);
        Ok(())
    })
}

/// Losses of the rows and their gradient, with class ids of each type, and with probabilities.
#[test]
fn cross_entropy_of_any_type() -> Result<(), Error> {
    each(|case| {
        let x = &case.logits();
        let q = &case.stored(inputs::probs(&case.upstream(), case.cols));
        let ids = inputs::targets(case.rows, case.cols, 3, None);
        let wide: Vec<i64> = ids.iter().map(|&id| id.into()).collect();
        let unsigned: Vec<u32> = ids.iter().map(|&id| id.cast_unsigned()).collect();
        let of_ids: [(&str, Targets<'_>, Targets<'_, u16>); 3] = [
            ("i32", (&ids).into(), (&ids).into()),
            ("i64", (&wide).into(), (&wide).into()),
            ("u32", (&unsigned).into(), (&unsigned).into()),
        ];
        for (what, targets, with_halves) in of_ids {
            case.assert_cross_entropy(what, x, targets, with_halves, &wide)?;
        }
        let halves = halves(case.dtype, q);
        case.assert_cross_entropy("probabilities", x, q.into(), (&halves).into(), q)
    })
}

impl Case {
    fn assert_cross_entropy<'a>(
        self,
        what: &str,
        x: &[f32],
        targets: Targets<'_>,
        with_halves: Targets<'_, u16>,
        expected: impl Into<reference::Targets<'a>>,
    ) -> Result<(), Error> {
        let wants = CrossEntropyWants {
            grad_logits: true,
            lse: true,
        };
        let (rows, cols) = (self.rows as u64, self.cols as u64);
        let spec = CrossEntropySpec::new(rows, cols)
            .reduction(Reduction::None)
            .scale(self.scale)
            .dtype(self.dtype);
        let (losses, grad, lse) = if self.dtype == DType::F32 {
            let found = gpu().cross_entropy(&spec, CrossEntropyInputs::new(x, targets), wants)?;
            (found.losses, found.grad_logits, found.lse)
        } else {
            let x = halves(self.dtype, x);
            let inputs = CrossEntropyInputs::new(&x, with_halves);
            let found = gpu().cross_entropy(&spec, inputs, wants)?;
            let grad = found.grad_logits.map(|grad| floats(self.dtype, grad));
            (found.losses, grad, found.lse)
        };
        let of = reference::CrossEntropy::new(self.cols)
            .reduction(Reduction::None)
            .scale(self.scale);
        let targets = expected.into();
        let expected = of.losses(x, targets);
        let allowed = bounds::row_loss(&of, x, targets);
        self.assert_close_as(DType::F32, what, &losses, &expected.row_losses, &allowed);
        let lse = lse.expect("it was wanted");
        let allowed = bounds::lse(x, self.columns());
        self.assert_close_as(DType::F32, what, &lse, &expected.lse, &allowed);
        let grad = grad.expect("it was wanted");
        let allowed = bounds::loss_gradient(&of, x, targets);
        self.assert_close(what, &grad, &of.gradient(x, targets), &allowed);
        Ok(())
    }
}

#[test]
fn rows_are_a_spec_of_plain_f32() -> Result<(), Error> {
    let x = Inputs::Flat.logits(3, 5, 3);
    let spec = SoftmaxSpec::new(3, 5);
    assert_eq!(gpu().softmax(&x, 3)?, gpu().softmax_with(&spec, &x)?);
    let none = SoftmaxSpec::new(0, 5).dtype(DType::F16);
    assert!(gpu().softmax_with::<u16>(&none, &[])?.is_empty());
    assert!(gpu().jacobian_with::<u16>(&none, &[])?.is_empty());
    Ok(())
}

#[test]
fn what_a_spec_does_not_describe_is_refused() {
    let (gpu, spec) = (gpu(), SoftmaxSpec::new(2, 3));
    let wide = "dtype: expected f16 or bf16 for slices of u16, found f32";
    assert_error(gpu.softmax_with(&spec, &[0_u16; 6]), wide);
    let narrow = "dtype: expected f32 for slices of f32, found bf16";
    let stored = spec.dtype(DType::Bf16);
    assert_error(gpu.logsumexp_with(&stored, &[0.0; 6]), narrow);
    let losses = CrossEntropySpec::new(2, 3).dtype(DType::F16);
    let inputs = CrossEntropyInputs::new(&[0.0; 6], &[0, 1]);
    let narrow = "dtype: expected f32 for slices of f32, found f16";
    assert_error(
        gpu.cross_entropy(&losses, inputs, Default::default()),
        narrow,
    );
    let short = "logits: expected 6 elements, found 5";
    assert_error(gpu.jacobian_with(&spec, &[0.0; 5]), short);
    let short = "grad_lse: expected 2 elements, found 3";
    let found = gpu.logsumexp_backward_with(&stored, &[0_u16; 6], &[0.0; 3]);
    assert_error(found, short);
    for (scale, found) in [
        (0.0, "0"),
        (-1.0, "-1"),
        (f32::NAN, "NaN"),
        (f32::INFINITY, "inf"),
    ] {
        let expected = format!("scale: expected finite and above 0, found {found}");
        assert_error(gpu.softmax_with(&spec.scale(scale), &[0.0; 6]), &expected);
    }
}
