//! A matrix of some type at some place, on which an operation runs with its result elsewhere and in place.

use std::collections::BTreeMap;

use wgpu_softmax::variant::{Family, Operation, Problem, Variant, variants};
use wgpu_softmax::wgpu::Buffer;
use wgpu_softmax::{Bound, DType, Error, Planner, SoftmaxSpec};

use crate::common::place::Place;
use crate::common::sweep::{covering, some};
use crate::common::{Output, gpu};

pub(crate) const ROWS: usize = 19;

/// Contiguous, padded, amid fours at odd places, and by pairs.
const PLACES: [Place; 4] = [
    Place::new(0, 32, 32),
    Place::new(8, 32, 25),
    Place::new(3, 29, 25),
    Place::new(2, 30, 26),
];

/// Function that binds an operation, with its inputs except the first: to source and result, and to further outputs of its own.
pub(crate) type Bind<'b> =
    dyn Fn(&Planner, [&Buffer; 2]) -> Result<(Bound, Vec<Output>), Error> + 'b;

/// Place and storage type of a matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    pub(crate) dtype: DType,
    pub(crate) place: Place,
}

/// The same operation with its result elsewhere and in place.
pub(crate) struct Both<'b> {
    pub(crate) problem: Problem,
    pub(crate) elsewhere: &'b Bind<'b>,
    pub(crate) in_place: &'b Bind<'b>,
}

impl At {
    pub(crate) fn each(mut test: impl FnMut(Self) -> Result<(), Error>) -> Result<(), Error> {
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

    pub(crate) fn upload(self, values: &[f32]) -> Buffer {
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

    /// Runs both ways by every kind of kernel, and compares every bit that was written, and every bit around.
    pub(crate) fn compare(self, first: &[f32], both: &Both<'_>) -> Result<(), Error> {
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

    /// Compares an operation that writes one matrix.
    pub(crate) fn compare_rows(
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

/// Lists variants of each family and access, each with one of the ways to merge; some of them.
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
    let step = match at.dtype {
        DType::F32 => 2,
        _ => 4,
    };
    let one_of = |(kind, list): (usize, Vec<Variant>)| list[(kind + turn) % list.len()];
    let kinds = some(kinds.into_values().enumerate().collect(), turn, step);
    covering(kinds.into_iter().map(one_of).collect())
}
