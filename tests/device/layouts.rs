//! Every storage type, with rows that are contiguous, padded, and at odd offsets: results are within their bounds, and no element
//! outside the rows is changed.

use crate::common::expected::Expected;
use crate::common::gpu;
use crate::common::place::{Place, stored};
use crate::common::problem::Problem;
use wgpu_softmax::check::{Inputs, bounds, compare_as, inputs};
use wgpu_softmax::variant::{Access, Family, Operation, Variant};
use wgpu_softmax::wgpu::Buffer;
use wgpu_softmax::{
    DType, Error, Layout, LogSumExpBuffers, Reduction, SoftmaxBackwardBuffers, SoftmaxBuffers,
    SoftmaxSpec, reference,
};

const ROWS: usize = 21;

/// Contiguous and odd, contiguous and aligned, padded, padded with an odd stride, at an odd offset.
const PLACES: [Place; 5] = [
    Place::new(0, 37, 37),
    Place::new(0, 64, 64),
    Place::new(8, 64, 57),
    Place::new(3, 61, 57),
    Place::new(1, 300, 257),
];

#[track_caller]
fn assert_close(
    what: &str,
    (dtype, place): (DType, Place),
    output: &Buffer,
    expected: &[f64],
    allowed: &[f64],
) {
    let found = place.written(gpu(), dtype, output, ROWS);
    let allowed = bounds::stored(dtype, allowed, expected);
    let comparison = compare_as(dtype, &found, expected, &allowed, place.cols);
    assert!(
        comparison.elements > 0 && comparison.passed(),
        "{what}, {dtype}, {place:?}: {comparison}"
    );
}

fn each(mut test: impl FnMut(DType, Place) -> Result<(), Error>) -> Result<(), Error> {
    for dtype in DType::ALL {
        for place in PLACES {
            test(dtype, place)?;
        }
    }
    Ok(())
}

fn spec(dtype: DType, place: Place) -> SoftmaxSpec {
    SoftmaxSpec::new(ROWS as u64, place.cols as u64)
        .dtype(dtype)
        .input_layout(place.layout())
        .upstream_layout(place.layout())
        .output_layout(place.layout())
}

/// Returns planners for the preferred variant, and for those that force each family at the widest access and at the narrowest.
fn planners(dtype: DType, place: Place) -> Vec<wgpu_softmax::Planner> {
    let planner = gpu().planner();
    let widest = if place.offset.is_multiple_of(4) && place.stride.is_multiple_of(4) {
        Access::Quads
    } else if dtype == DType::F32 {
        Access::Shifted
    } else {
        Access::Words
    };
    let problem = crate::common::problem(Operation::Softmax, ROWS, place.cols);
    let chosen = wgpu_softmax::variant::choose(problem, planner.abilities()).expect("a variant");
    let forced = |family, access| {
        planner.with_variant(Variant {
            family,
            access,
            int64: chosen.int64 && access != Access::Words,
            ..chosen
        })
    };
    vec![
        planner.clone(),
        forced(Family::Streamed, widest),
        forced(Family::Streamed, Access::Words),
        forced(Family::Split { parts: 3 }, widest),
        forced(Family::Split { parts: 3 }, Access::Words),
    ]
}

#[test]
fn softmax() -> Result<(), Error> {
    each(|dtype, place| {
        let logits = stored(dtype, Inputs::Peaked.logits(ROWS, place.cols, 3));
        let expected = reference::softmax(&logits, place.cols);
        let allowed = bounds::probability(&logits, place.cols);
        let input = place.upload(gpu(), dtype, &logits);
        for planner in planners(dtype, place) {
            let output = place.output(gpu(), dtype, ROWS);
            let buffers = SoftmaxBuffers {
                logits: &input,
                probs: &output,
            };
            gpu().run(
                &planner.softmax(spec(dtype, place))?.bind(buffers)?,
                "softmax",
            )?;
            assert_close("softmax", (dtype, place), &output, &expected, &allowed);
        }
        Ok(())
    })
}

#[test]
fn softmax_backward() -> Result<(), Error> {
    each(|dtype, place| {
        let logits = Inputs::Flat.logits(ROWS, place.cols, 4);
        let probs = stored(dtype, inputs::probs(&logits, place.cols));
        let upstream = stored(dtype, inputs::upstream(probs.len(), 4));
        let expected = reference::softmax_backward(&probs, &upstream, place.cols);
        let allowed = bounds::softmax_backward(&probs, &upstream, place.cols);
        let output = place.output(gpu(), dtype, ROWS);
        let buffers = SoftmaxBackwardBuffers {
            probs: &place.upload(gpu(), dtype, &probs),
            grad_probs: &place.upload(gpu(), dtype, &upstream),
            grad_logits: &output,
        };
        let plan = gpu().planner().softmax_backward(spec(dtype, place))?;
        gpu().run(&plan.bind(buffers)?, "softmax backward")?;
        assert_close(
            "softmax backward",
            (dtype, place),
            &output,
            &expected,
            &allowed,
        );
        Ok(())
    })
}

#[test]
fn cross_entropy_and_its_gradient() -> Result<(), Error> {
    each(|dtype, place| {
        let problem = Problem::drawn(Inputs::Masked, (ROWS, place.cols), [5, 5])
            .reduction(Reduction::None)
            .dtype(dtype)
            .places([place; 3]);
        Expected::of(&problem).assert(&problem.fused(gpu(), None), "in one call");
        Ok(())
    })
}

#[test]
fn scale_and_rows_that_overflow_f32_by_it() -> Result<(), Error> {
    let cols = 24;
    let mut logits = Inputs::Flat.logits(ROWS, cols, 6);
    logits[cols] = 1e38; // times 10 it is beyond f32
    logits[2 * cols] = -1e38; // and so is this
    for scale in [0.125, 1.0, 10.0] {
        let columns = reference::Columns::new(cols).scale(scale);
        let lse = gpu().allocate("lse", ROWS as u64 * 4)?;
        let spec = SoftmaxSpec::new(ROWS as u64, cols as u64).scale(scale);
        let buffers = LogSumExpBuffers {
            logits: &gpu().upload("logits", &logits)?,
            lse: &lse,
        };
        gpu().run(
            &gpu().planner().logsumexp(spec)?.bind(buffers)?,
            "logsumexp",
        )?;
        let (expected, allowed) = (
            reference::logsumexp(&logits, columns),
            bounds::lse(&logits, columns),
        );
        crate::common::assert_close("lse", &gpu().download(&lse, ROWS)?, &expected, &allowed, 1);
    }
    let error = gpu()
        .planner()
        .softmax(SoftmaxSpec::new(2, 2).scale(0.0))
        .expect_err("no scale");
    assert_eq!(
        error.to_string(),
        "scale: expected finite and above 0, found 0"
    );
    Ok(())
}

#[test]
fn a_stride_below_the_columns_is_refused() {
    let spec = SoftmaxSpec::new(2, 8).input_layout(Layout::CONTIGUOUS.stride(7));
    let error = gpu().planner().softmax(spec).expect_err("7 for 8");
    assert!(
        error.to_string().contains("found 7 for 8 columns"),
        "{error}"
    );
}
