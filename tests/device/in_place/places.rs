//! Rows split into parts, in windows, and at the end of a buffer.

use wgpu_softmax::check::Inputs;
use wgpu_softmax::variant::{Operation, variants};
use wgpu_softmax::wgpu::{Buffer, BufferUsages};
use wgpu_softmax::{
    CrossEntropyBuffers, CrossEntropySpec, DType, Error, Reduction, SoftmaxBuffers, SoftmaxSpec,
};

use crate::common::problem::{Problem, class_of};
use crate::common::{assert_probs, device_with_bindings_of, gpu, upload};

/// Few long rows, which are split, on a device whose bindings hold a few of them: the bits of several windows.
#[test]
fn windows_and_long_rows() -> Result<(), Error> {
    let small = device_with_bindings_of(65_536);
    for (gpu, rows, cols, least) in [(gpu(), 3, 50_257, 2), (&small, 4500, 45, 13)] {
        let logits = Inputs::Peaked.logits(rows, cols, 2);
        // In the first part of a row, and in others.
        let target = |row| i32::try_from((20_011 * row + 1) % cols).expect("a column");
        let ids: Vec<_> = (0..rows).map(target).collect();
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

/// Slices of rows on a strided axis, by ones, twos and fours, whose neighbours others overwrite.
#[test]
fn rows_side_by_side() -> Result<(), Error> {
    for (rows, cols, inner) in [(14, 19, 7), (36, 9, 18), (24, 12, 12)] {
        for dtype in [DType::F32, DType::F16] {
            let ids: Vec<_> = (0..rows)
                .map(|row| class_of((5 * row + 1) % cols))
                .collect();
            let elsewhere = Problem::of_ids(cols, Inputs::Peaked.logits(rows, cols, 6), &ids)
                .inner(inner)
                .dtype(dtype)
                .reduction(Reduction::None);
            let in_place = elsewhere.clone().in_place();
            let problem = in_place.spec.problem(Operation::CrossEntropyFused)?;
            let mut kernels = variants(problem, gpu().planner().abilities());
            kernels.sort_by_key(|variant| variant.family.parts());
            kernels.dedup_by_key(|variant| std::mem::discriminant(&variant.family));
            assert!(kernels.len() >= 2, "{kernels:?}");
            for variant in kernels.into_iter().map(Some) {
                let [found, expected] =
                    [&in_place, &elsewhere].map(|problem| problem.fused(gpu(), variant).bits());
                assert!(found == expected, "{variant:?}, {dtype}");
            }
        }
    }
    Ok(())
}

/// The last row, whose buffer ends with it, has a kernel of its own.
#[test]
fn a_buffer_that_ends_with_the_last_row() -> Result<(), Error> {
    let (rows, cols) = (7, 45);
    let logits = Inputs::Peaked.logits(rows, cols, 4);
    let usage = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
    let exact = crate::common::buffer(gpu(), 4 * logits.len() as u64, usage);
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
    let found = crate::common::download(gpu(), &exact, logits.len());
    assert_probs("probs", &found, &logits, cols);
    Ok(())
}
