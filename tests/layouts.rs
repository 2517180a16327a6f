//! Every storage type, with rows that are contiguous, padded, and at odd offsets: results within their bounds, and not
//! an element outside the rows changed.

mod common;

use common::gpu;
use wgpu_softmax::check::{Inputs, bounds, compare_as, inputs};
use wgpu_softmax::variant::{Access, Family, Operation, Variant};
use wgpu_softmax::wgpu::Buffer;
use wgpu_softmax::{
    CrossEntropyBuffers, CrossEntropySpec, DType, Error, Layout, LogSumExpBuffers, Reduction,
    SoftmaxBackwardBuffers, SoftmaxBuffers, SoftmaxSpec, reference,
};

/// Where a matrix lies: its offset and stride, for rows of so many columns.
#[derive(Clone, Copy, Debug)]
struct Place {
    offset: usize,
    stride: usize,
    cols: usize,
}

const ROWS: usize = 21;

/// Contiguous and odd, contiguous and aligned, padded, padded with an odd stride, at an odd offset.
const PLACES: [Place; 5] = [
    Place {
        offset: 0,
        stride: 37,
        cols: 37,
    },
    Place {
        offset: 0,
        stride: 64,
        cols: 64,
    },
    Place {
        offset: 8,
        stride: 64,
        cols: 57,
    },
    Place {
        offset: 3,
        stride: 61,
        cols: 57,
    },
    Place {
        offset: 1,
        stride: 300,
        cols: 257,
    },
];

/// What lies between the rows: a NaN in every storage type.
const PADDING: f32 = f32::NAN;

impl Place {
    const fn layout(self) -> Layout {
        Layout::CONTIGUOUS
            .offset(self.offset as u64)
            .stride(self.stride as u64)
    }

    const fn len(self) -> usize {
        self.offset + ROWS * self.stride + 5
    }

    /// Values in their places, and padding around them.
    fn spread(self, values: &[f32]) -> Vec<f32> {
        let mut all = vec![PADDING; self.len()];
        for (row, values) in values.chunks(self.cols).enumerate() {
            all[self.offset + row * self.stride..][..self.cols].copy_from_slice(values);
        }
        all
    }

    /// The values, and whether every element around them is padding still.
    fn gather(self, all: &[f32]) -> (Vec<f32>, bool) {
        let mut rest = all.to_vec();
        let mut values = Vec::new();
        for row in 0..ROWS {
            let row = &mut rest[self.offset + row * self.stride..][..self.cols];
            values.extend_from_slice(row);
            row.fill(PADDING);
        }
        (
            values,
            rest.iter()
                .all(|value| value.to_bits() == PADDING.to_bits()),
        )
    }
}

/// A matrix as it is stored, padded to whole words.
fn upload(dtype: DType, values: &[f32]) -> Result<Buffer, Error> {
    match dtype {
        DType::F32 => gpu().upload("matrix", values),
        _ => {
            let encode = |&value| dtype.encode(value) as u16;
            let mut halves: Vec<u16> = values.iter().map(encode).collect();
            halves.resize(halves.len().next_multiple_of(2), encode(&PADDING));
            gpu().upload("matrix", &halves)
        }
    }
}

fn download(dtype: DType, buffer: &Buffer, count: usize) -> Result<Vec<f32>, Error> {
    match dtype {
        DType::F32 => gpu().download(buffer, count),
        _ => {
            let halves: Vec<u16> = gpu().download(buffer, count)?;
            let decode = |half: u16| dtype.decode(half.into());
            Ok(halves.into_iter().map(decode).collect())
        }
    }
}

/// Values as they are read back from storage.
fn stored(dtype: DType, values: Vec<f32>) -> Vec<f32> {
    values.into_iter().map(|value| dtype.round(value)).collect()
}

#[track_caller]
fn assert_close(
    what: &str,
    (dtype, place): (DType, Place),
    output: &Buffer,
    expected: &[f64],
    allowed: &[f64],
) -> Result<(), Error> {
    let (found, kept) = place.gather(&download(dtype, output, place.len())?);
    let allowed = bounds::stored(dtype, allowed, expected);
    let comparison = compare_as(dtype, &found, expected, &allowed, place.cols);
    assert!(
        comparison.elements > 0 && comparison.passed(),
        "{what}, {dtype}, {place:?}: {comparison}"
    );
    assert!(kept, "{what}, {dtype}, {place:?}: padding has changed");
    Ok(())
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

/// The preferred variant, and those that force each family at the same access.
fn planners(place: Place) -> Vec<wgpu_softmax::Planner> {
    let planner = gpu().planner();
    let access = if place.offset.is_multiple_of(4) && place.stride.is_multiple_of(4) {
        Access::Quads
    } else {
        Access::Words
    };
    let problem = common::problem(Operation::Softmax, ROWS, place.cols);
    let chosen = wgpu_softmax::variant::choose(problem, planner.abilities()).expect("a variant");
    let forced = |family| {
        planner.with_variant(Variant {
            family,
            access,
            ..chosen
        })
    };
    vec![
        planner.clone(),
        forced(Family::Streamed),
        forced(Family::Split { parts: 3 }),
    ]
}

#[test]
fn softmax() -> Result<(), Error> {
    each(|dtype, place| {
        let logits = stored(dtype, Inputs::Peaked.logits(ROWS, place.cols, 3));
        let expected = reference::softmax(&logits, place.cols);
        let allowed = bounds::probability(&logits, place.cols);
        let input = upload(dtype, &place.spread(&logits))?;
        for planner in planners(place) {
            let output = upload(dtype, &vec![PADDING; place.len()])?;
            let buffers = SoftmaxBuffers {
                logits: &input,
                probs: &output,
            };
            gpu().run(
                &planner.softmax(spec(dtype, place))?.bind(buffers)?,
                "softmax",
            )?;
            assert_close("softmax", (dtype, place), &output, &expected, &allowed)?;
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
        let output = upload(dtype, &vec![PADDING; place.len()])?;
        let buffers = SoftmaxBackwardBuffers {
            probs: &upload(dtype, &place.spread(&probs))?,
            grad_probs: &upload(dtype, &place.spread(&upstream))?,
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
        )
    })
}

#[test]
fn cross_entropy_and_its_gradient() -> Result<(), Error> {
    each(|dtype, place| {
        let logits = stored(dtype, Inputs::Masked.logits(ROWS, place.cols, 5));
        let targets = inputs::targets(ROWS, place.cols, 5, Some(-100));
        let ids = common::wide(&targets);
        let of = reference::CrossEntropy::new(place.cols)
            .ignore_index(-100)
            .reduction(Reduction::None);
        let (output, losses) = (
            upload(dtype, &vec![PADDING; place.len()])?,
            gpu().allocate("losses", ROWS as u64 * 4)?,
        );
        let spec = CrossEntropySpec::new(ROWS as u64, place.cols as u64)
            .ignore_index(-100)
            .reduction(Reduction::None)
            .dtype(dtype)
            .logits_layout(place.layout())
            .grad_layout(place.layout());
        let buffers = CrossEntropyBuffers {
            logits: &upload(dtype, &place.spread(&logits))?,
            targets: &gpu().upload("targets", &targets)?,
            losses: &losses,
            grad_logits: Some(&output),
        };
        gpu().run(
            &gpu().planner().cross_entropy(spec)?.bind(buffers)?,
            "cross-entropy",
        )?;
        let (expected, allowed) = (
            of.gradient(&logits, &ids),
            bounds::loss_gradient(&of, &logits, &ids),
        );
        assert_close("gradient", (dtype, place), &output, &expected, &allowed)?;
        let found = gpu().download(&losses, ROWS)?;
        let (expected, allowed) = (
            of.losses(&logits, &ids).row_losses,
            bounds::row_loss(&of, &logits, &ids),
        );
        common::assert_close("losses", &found, &expected, &allowed, 1);
        Ok(())
    })
}

#[test]
fn scale_and_rows_that_overflow_by_it() -> Result<(), Error> {
    let cols = 24;
    let mut logits = Inputs::Flat.logits(ROWS, cols, 6);
    logits[cols] = 1e38; // times 10 it is infinite
    logits[2 * cols] = -1e38; // and so it is excluded
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
        common::assert_close("lse", &gpu().download(&lse, ROWS)?, &expected, &allowed, 1);
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
