use super::{Grid, check, fold};
use crate::error::Error;
use crate::shader::{Program, Stage};
use crate::variant::KernelOptions;
use wgpu::Limits;

#[test]
fn workgroups_fold_into_three_dimensions() {
    let folds: [(u64, u32, Option<Grid>); 8] = [
        (0, 65_535, Some([0, 1, 1])),
        (65_535, 65_535, Some([65_535, 1, 1])),
        (65_536, 65_535, Some([32_768, 2, 1])),
        (313, 64, Some([63, 5, 1])),
        (5000, 64, Some([63, 40, 2])),
        (64 * 64 * 64, 64, Some([64, 64, 64])),
        (64 * 64 * 64 + 1, 64, None),
        (1, 0, None),
    ];
    for (groups, most, expected) in folds {
        assert_eq!(fold(groups, most), expected, "{groups} of {most}");
    }
    for groups in 1..=1000_u64 {
        let grid = fold(groups, 10).expect("a grid");
        let folded: u64 = grid.iter().map(|&n| u64::from(n)).product();
        assert!(folded >= groups && grid.iter().all(|n| (1..=10).contains(n)));
        assert!(folded - groups < 110, "{grid:?} for {groups}");
    }
}

#[test]
fn a_limit_that_a_program_exceeds_is_named() {
    let program = Program::tally(Stage::ReduceLosses, KernelOptions::default(), 256);
    let found = |lower: fn(&mut Limits)| {
        let mut limits = Limits::default();
        lower(&mut limits);
        match check(&program, &limits) {
            Err(Error::Limit {
                limit,
                needed,
                available,
                ..
            }) => (limit, needed, available),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(check(&program, &Limits::default()), Ok(()));
    assert_eq!(
        found(|l| l.max_bindings_per_bind_group = 12),
        ("max_bindings_per_bind_group", 13, 12)
    );
    assert_eq!(
        found(|l| l.max_storage_buffers_per_shader_stage = 5),
        ("max_storage_buffers_per_shader_stage", 6, 5)
    );
    assert_eq!(
        found(|l| l.max_compute_workgroup_size_x = 128),
        ("max_compute_workgroup_size_x", 256, 128)
    );
    assert_eq!(
        found(|l| l.max_compute_workgroup_storage_size = 8192),
        ("max_compute_workgroup_storage_size", 11_264, 8192)
    );
    assert_eq!(
        found(|l| l.max_uniform_buffer_binding_size = 287),
        ("max_uniform_buffer_binding_size", 288, 287)
    );
    assert_eq!(
        found(|l| l.max_dynamic_uniform_buffers_per_pipeline_layout = 0),
        ("max_dynamic_uniform_buffers_per_pipeline_layout", 1, 0)
    );
    assert_eq!(
        found(|l| l.min_uniform_buffer_offset_alignment = 512),
        ("min_uniform_buffer_offset_alignment", 256, 512)
    );
}
