//! Choice of kernels, for every shape and any plausible device, without a GPU.

use proptest::prelude::*;
use wgpu_softmax::DType;
use wgpu_softmax::variant::{
    Abilities, Access, Family, Operation, Problem, Reduce, Variant, Vendor, admit, choose, reason,
    rivals, variants,
};

/// Abilities by WebGPU's default limits.
const DEFAULT: Abilities = Abilities {
    subgroup: None,
    software: false,
    vendor: Vendor::Other,
    int64: false,
    max_invocations: 256,
    max_workgroup_bytes: 16_384,
    max_binding_bytes: 1 << 27,
};

/// Abilities of Mesa's lavapipe.
const SOFTWARE: Abilities = Abilities {
    subgroup: Some(8),
    software: true,
    vendor: Vendor::Other,
    int64: true,
    max_invocations: 1024,
    max_workgroup_bytes: 32_768,
    max_binding_bytes: 1 << 27,
};

/// Abilities of a discrete GPU.
const DISCRETE: Abilities = Abilities {
    subgroup: Some(32),
    software: false,
    vendor: Vendor::Other,
    int64: false,
    max_invocations: 1024,
    max_workgroup_bytes: 49_152,
    max_binding_bytes: 1 << 31,
};

fn abilities() -> impl Strategy<Value = Abilities> {
    (
        prop::option::of(prop::sample::select(vec![4, 8, 16, 32, 64, 128])),
        any::<[bool; 2]>(),
        prop::sample::select(vec![256, 512, 768, 1024, 2048, u32::MAX]),
        prop::sample::select(vec![16_384, 32_768, 65_536, u32::MAX]),
        prop::sample::select(vec![1 << 27, 1 << 30, 1 << 32]),
        prop::sample::select(vec![
            Vendor::Other,
            Vendor::Intel,
            Vendor::Apple,
            Vendor::Mesa22,
        ]),
    )
        .prop_map(
            |(
                subgroup,
                [software, int64],
                max_invocations,
                max_workgroup_bytes,
                max_binding_bytes,
                vendor,
            )| {
                Abilities {
                    subgroup,
                    software,
                    vendor,
                    int64,
                    max_invocations,
                    max_workgroup_bytes,
                    max_binding_bytes,
                }
            },
        )
}

/// Draws numbers from `low` to `2^bits`, each power of two as likely as the next.
fn up_to(low: u32, bits: u32) -> impl Strategy<Value = u32> {
    (0..=bits).prop_flat_map(move |bits| low..=(1 << bits).max(low))
}

fn problem() -> impl Strategy<Value = Problem> {
    let operation = prop::sample::select(Operation::ALL.to_vec());
    (operation, up_to(0, 31), up_to(1, 24))
        .prop_map(|(operation, rows, cols)| of_shape(operation, u64::from(rows), cols))
}

fn of_shape(operation: Operation, rows: u64, cols: u32) -> Problem {
    Problem::contiguous(operation, rows, cols, DType::F32)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_variant_is_chosen_for_every_shape(problem in problem(), abilities in abilities()) {
        let variant = choose(problem, &abilities).expect("a variant");
        prop_assert_eq!(admit(variant, problem, &abilities), Ok(()));
        keeps_within(variant, problem, &abilities)?;
        prop_assert_eq!(choose(problem, &abilities), Ok(variant));
    }

    #[test]
    fn every_variant_that_can_be_forced_is_sound(problem in problem(), abilities in abilities()) {
        let list = variants(problem, &abilities);
        prop_assert!(!list.is_empty());
        for (place, variant) in list.iter().enumerate() {
            prop_assert!(!list[..place].contains(variant), "{} twice", variant);
            prop_assert_eq!(admit(*variant, problem, &abilities), Ok(()));
            keeps_within(*variant, problem, &abilities)?;
        }
    }

    #[test]
    fn rivals_are_few_and_but_for_the_last_none_moves_more_bytes(problem in problem(), abilities in abilities()) {
        let list = rivals(problem, &abilities).expect("a variant");
        prop_assert_eq!(list[0], choose(problem, &abilities).expect("a variant"));
        prop_assert!(list.len() <= 16);
        let reads_twice = |variant: &Variant| {
            matches!(variant.family, Family::Streamed | Family::Split { .. }) && problem.operation.writes_matrix()
        };
        for (place, variant) in list.iter().enumerate() {
            prop_assert!(!list[..place].contains(variant), "{} twice", variant);
            prop_assert_eq!(admit(*variant, problem, &abilities), Ok(()));
            keeps_within(*variant, problem, &abilities)?;
            let is_last = place + 1 == list.len() && variant.family == Family::Streamed;
            prop_assert!(!reads_twice(variant) || reads_twice(&list[0]) || is_last, "{} of {}", variant, list[0]);
        }
    }

    #[test]
    fn software_adapters_meet_no_barrier_where_they_have_subgroups(
        problem in problem(),
        abilities in abilities(),
    ) {
        let abilities = Abilities { software: true, ..abilities };
        let variant = choose(problem, &abilities).expect("a variant");
        if let Some(lanes) = abilities.subgroup {
            prop_assert!(matches!(variant.reduce, Reduce::Invocation | Reduce::Subgroup));
            prop_assert!(variant.lanes <= lanes);
        }
    }

    #[test]
    fn what_is_elementwise_is_neither_folded_nor_split(problem in problem(), abilities in abilities()) {
        let variant = choose(problem, &abilities).expect("a variant");
        match variant.family {
            Family::Elementwise { .. } => prop_assert!(problem.operation.is_elementwise()),
            Family::Streamed | Family::Split { .. } => prop_assert!(!problem.operation.is_elementwise()),
            _ => {}
        }
    }

    /// The widest accesses that a row allows, and for a row amid fours the widest that pay.
    #[test]
    fn accesses_are_as_wide_as_rows_allow(problem in problem(), abilities in abilities()) {
        let access = choose(problem, &abilities).expect("a variant").access;
        let expected = match (problem.cols % 4, problem.cols < 16 || problem.operation == Operation::Jacobian) {
            (0, _) => Access::Quads,
            (_, false) => Access::Shifted,
            (2, true) => Access::Pairs,
            (_, true) => Access::Words,
        };
        prop_assert_eq!(access, expected);
    }

    /// By 64-bit integers on software adapters that have them, and nowhere else.
    #[test]
    fn software_adapters_move_64_bit_integers(problem in problem(), abilities in abilities()) {
        let chosen = choose(problem, &abilities).expect("a variant");
        let expected = abilities.software && abilities.int64 && chosen.access != Access::Words;
        prop_assert_eq!(chosen.int64, expected);
    }

    #[test]
    fn names_tell_variants_apart(problem in problem(), abilities in abilities()) {
        let list = variants(problem, &abilities);
        for variant in &list {
            prop_assert_eq!(variant.to_string().parse(), Ok(*variant));
        }
        let mut names: Vec<_> = list.iter().map(ToString::to_string).collect();
        names.sort_unstable();
        names.dedup();
        prop_assert_eq!(names.len(), list.len());
    }
}

/// Checks the limits that no kernel may exceed, counted here independently.
fn keeps_within(
    variant: Variant,
    problem: Problem,
    abilities: &Abilities,
) -> Result<(), TestCaseError> {
    let Variant {
        family,
        reduce,
        lanes,
        workgroup,
        ..
    } = variant;
    prop_assert!(
        lanes.is_power_of_two() && workgroup % lanes == 0,
        "{}",
        variant
    );
    prop_assert!(workgroup <= abilities.max_invocations, "{}", variant);
    match reduce {
        Reduce::Invocation => prop_assert_eq!(lanes, 1),
        Reduce::Subgroup => prop_assert!(Some(lanes) <= abilities.subgroup, "{}", variant),
        // A maximum, a flag and a sum for each invocation.
        Reduce::Workgroup => prop_assert!(12 * workgroup <= abilities.max_workgroup_bytes),
        // The same for each subgroup, of which a lane adds up sixteen at most in series.
        Reduce::Hybrid { subgroup } => {
            prop_assert!(Some(subgroup) <= abilities.subgroup && lanes > subgroup);
            prop_assert!(lanes <= 16 * subgroup * subgroup);
            prop_assert!(12 * workgroup / subgroup <= abilities.max_workgroup_bytes);
        }
        _ => prop_assert!(false, "{} is new here", variant),
    }
    let cols = u64::from(problem.cols);
    if let Family::Registers { quads } = family {
        prop_assert!(
            4 * u64::from(quads) * u64::from(lanes) >= cols,
            "{}",
            variant
        );
        prop_assert!(quads <= 32, "{}", variant);
    }
    if let Family::Split { parts } = family {
        prop_assert!(
            parts <= 16 * lanes,
            "{} adds more than 16 terms in series",
            variant
        );
    }
    if abilities.software {
        // A trip takes four quads a lane, and there are two loops over a row that is not split; merges and parts come on top.
        let part = cols.div_ceil(u64::from(family.parts())) + 4;
        let loops = if family == Family::Streamed { 2 } else { 1 };
        let trips = loops * part.div_ceil(16 * u64::from(lanes)) + 2 * u64::from(family.parts());
        let in_registers = matches!(family, Family::Registers { .. });
        prop_assert!(
            in_registers || trips < 65_535,
            "{} makes {} trips",
            variant,
            trips
        );
    }
    Ok(())
}

fn assert_choices(abilities: &Abilities, table: &[(Operation, u64, u32, &str)]) {
    for &(operation, rows, cols, expected) in table {
        let chosen = choose(of_shape(operation, rows, cols), abilities).expect("a variant");
        assert_eq!(
            chosen.to_string(),
            expected,
            "{operation} of {rows} x {cols}"
        );
    }
}

#[test]
fn a_few_choices() {
    use Operation::{CrossEntropyBackward, CrossEntropyFused as Fused, Jacobian, Softmax};
    let table = [
        (Softmax, 1000, 1, "registers1.invocation1of64.words"),
        (Softmax, 1000, 10, "registers1.workgroup4of64.pairs"),
        (Softmax, 20, 1000, "registers8.workgroup32of64.quads"),
        (Fused, 4096, 50_257, "streamed.workgroup256of256.shifted"),
        (Softmax, 1, 262_144, "split1024.workgroup64of64.quads"),
    ];
    assert_choices(&DEFAULT, &table);
    let table = [
        (Softmax, 70_001, 3, "registers1.invocation1of64.words"),
        (Softmax, 20, 1000, "registers32.subgroup8of64.quads64"),
        (Fused, 64, 131_072, "streamed.subgroup8of64.quads64"),
        (Fused, 3, 50_257, "split11.subgroup8of64.shifted64"),
        (
            CrossEntropyBackward,
            4,
            1024,
            "elementwise2.subgroup8of64.quads64",
        ),
        (Jacobian, 5, 13, "elementwise1.subgroup8of64.words"),
    ];
    assert_choices(&SOFTWARE, &table);
    let table = [
        (Softmax, 70_001, 3, "registers1.invocation1of64.words"),
        (Softmax, 20_000, 3, "registers1.subgroup4of64.words"),
        (Softmax, 8192, 2048, "registers8.hybrid32x2of64.quads"),
        (Softmax, 8192, 1023, "registers5.hybrid32x2of64.shifted"),
        (Softmax, 8192, 32_768, "registers8.hybrid32x32of1024.quads"),
        (
            Operation::SoftmaxBackward,
            8192,
            4096,
            "registers4.hybrid32x8of256.quads",
        ),
        (Fused, 8192, 131_072, "streamed.hybrid32x8of256.quads"),
        (Fused, 16, 131_072, "split64.hybrid32x2of64.quads"),
        (Softmax, 1, 32_000, "split125.hybrid32x2of64.quads"),
    ];
    assert_choices(&DISCRETE, &table);
    let of = |vendor, subgroup| Abilities {
        vendor,
        subgroup: Some(subgroup),
        ..DISCRETE
    };
    let table = [
        (Softmax, 8192, 64, "registers2.subgroup8of64.quads"),
        (Softmax, 8192, 8192, "registers4.hybrid8x64of512.quads"),
        (Softmax, 8192, 16_384, "streamed.hybrid8x32of256.quads"),
    ];
    assert_choices(&of(Vendor::Intel, 8), &table);
    let table = [
        (Softmax, 8192, 16_384, "registers8.hybrid32x16of512.quads"),
        (Softmax, 8192, 32_768, "streamed.hybrid32x8of256.quads"),
    ];
    assert_choices(&of(Vendor::Apple, 32), &table);
}

/// Where the code of an access is short, 64 quads of two matrices are held; else 32.
#[test]
fn mesa_22_holds_longer_rows_of_two_matrices() {
    use Operation::{Softmax, SoftmaxBackward};
    let held = "registers32.subgroup8of64.quads64";
    let both = |longest: &'static str| {
        [
            (Softmax, 8192, 1024, held),
            (
                SoftmaxBackward,
                8192,
                512,
                "registers16.subgroup8of64.quads64",
            ),
            (SoftmaxBackward, 8192, 1024, longest),
        ]
    };
    assert_choices(&SOFTWARE, &both("streamed.subgroup8of64.quads64"));
    let vendor = Vendor::Mesa22;
    assert_choices(&Abilities { vendor, ..SOFTWARE }, &both(held));
    let of_gpu = "registers8.subgroup32of64.quads";
    assert_choices(
        &Abilities { vendor, ..DISCRETE },
        &[(Softmax, 8192, 1024, of_gpu)],
    );
}

#[test]
fn rows_at_an_odd_offset_are_not_moved_by_quads() {
    let shifted = Problem {
        alignment: 1,
        congruent: false,
        ..of_shape(Operation::Softmax, 100, 64)
    };
    assert_eq!(
        choose(shifted, &DISCRETE).expect("a variant").access,
        Access::Words
    );
    assert!(
        variants(shifted, &DISCRETE)
            .iter()
            .all(|v| v.access == Access::Words)
    );
}

#[test]
fn the_longest_rows_are_split_among_workgroups_where_loops_are_limited() {
    let alone = Abilities {
        subgroup: None,
        ..SOFTWARE
    };
    let longest = |operation| of_shape(operation, 1, 1 << 30);
    for (abilities, operation, expected) in [
        (
            &alone,
            Operation::Softmax,
            "split4096.workgroup256of256.quads64",
        ),
        (
            &alone,
            Operation::CrossEntropyBackward,
            "elementwise16384.invocation1of64.quads64",
        ),
        (
            &SOFTWARE,
            Operation::Softmax,
            "split4096.hybrid8x32of256.quads64",
        ),
    ] {
        let chosen = choose(longest(operation), abilities).expect("a variant");
        assert_eq!(chosen.to_string(), expected);
    }
}

/// A binding of 4 KiB holds no more than 896 columns of f32, wherever they begin.
#[test]
fn rows_longer_than_a_binding_have_parts_that_it_holds() {
    let small = Abilities {
        max_binding_bytes: 4096,
        ..DEFAULT
    };
    let parts = |operation, rows, cols, inner| {
        let problem = of_shape(operation, rows, cols).strided(inner);
        choose(problem, &small).expect("a variant").family.parts()
    };
    assert_eq!(parts(Operation::Softmax, 5000, 896, 1), 1);
    assert_eq!(parts(Operation::Softmax, 5000, 9000, 1), 11);
    assert_eq!(parts(Operation::CrossEntropyBackward, 50_000, 9000, 1), 11);
    assert_eq!(parts(Operation::LogSumExp, 64_000, 9000, 8), 81);
    let wide = of_shape(Operation::Softmax, 2048, 3).strided(2048);
    let refused = choose(wide, &small).expect_err("no column fits");
    assert!(
        refused
            .to_string()
            .contains("max_storage_buffer_binding_size"),
        "{refused}"
    );
}

/// One invocation takes rows on a strided axis, of any length: the parts have no more than 131,072 columns.
#[test]
fn the_longest_rows_side_by_side_are_split() {
    for (cols, parts) in [(2_000_000, 16), (4_000_000, 31), (1 << 29, 4096)] {
        let problem = of_shape(Operation::Softmax, 2, cols).strided(2);
        let chosen = choose(problem, &SOFTWARE).expect("a variant");
        assert_eq!(chosen.family, Family::Split { parts }, "{cols} columns");
    }
}

/// Small workgroups serve whole rows, as large ones do.
#[test]
fn small_workgroups_do_not_split_short_rows() {
    for max_invocations in [1, 8, 16, 32] {
        let small = Abilities {
            max_invocations,
            ..DEFAULT
        };
        for (abilities, rows) in [
            (small, 20_000),
            (
                Abilities {
                    software: true,
                    ..small
                },
                4,
            ),
        ] {
            let problem = of_shape(Operation::Softmax, rows, 5);
            let chosen = choose(problem, &abilities).expect("a variant");
            assert_eq!(chosen.family.parts(), 1, "{chosen}");
            assert!(chosen.workgroup <= max_invocations, "{chosen}");
        }
    }
    let none = Abilities {
        max_invocations: 0,
        ..DEFAULT
    };
    let refused = choose(of_shape(Operation::Softmax, 4, 5), &none).expect_err("no compute");
    assert!(refused.to_string().contains("compute shaders"), "{refused}");
}

#[test]
fn what_is_no_name_of_a_variant_is_refused() {
    for name in [
        "",
        "registers4",
        "registers.subgroup8of64.quads",
        "registers4.subgroup8of64",
        "registers4.subgroup8of64.quad",
        "registers04.subgroup8of64.quads",
        "registers4.subgroup8of64.quads32",
        "registers4.subgroup8of64.quads.5rows",
        "registers4.subgroup8of64.quads.4rows.4rows",
        "streamed1.subgroup8of64.quads",
        "split99999999999.subgroup8of64.quads",
        "registers4.subgroup8.quads",
        "registers4.hybrid8of64.quads",
        "registers4.hybrid8x08of64.quads",
        "registers4.hybrid0x4of64.quads",
        "registers4.hybrid4294967295x2of64.quads",
    ] {
        let error = name.parse::<Variant>().expect_err(name).to_string();
        let found = format!("found {name}");
        assert!(
            error.contains("registers4.subgroup8of64.quads") && error.contains(&found),
            "{error}"
        );
    }
}

/// A problem, the words of the reason for the choice, and the abilities of the device.
type Chosen<'a> = (Problem, &'a [&'a str], Abilities);

#[test]
fn the_reason_for_a_choice_is_that_of_its_branch() {
    let of = |operation, rows, cols| of_shape(operation, rows, cols);
    let softmax = |rows, cols| of(Operation::Softmax, rows, cols);
    let list: [Chosen<'_>; 16] = [
        (
            softmax(8192, 1024),
            &[
                "1024 columns fit the registers of 8 lanes, 32 quads each.",
                "starts on a multiple of four",
            ],
            SOFTWARE,
        ),
        (
            softmax(8192, 1024),
            &["1024 columns fit the registers of 32 lanes, 8 quads each."],
            DISCRETE,
        ),
        (
            softmax(8192, 33),
            &[
                "33 columns are few enough for one invocation, in 9 quads.",
                "equally far from multiples of four",
            ],
            SOFTWARE,
        ),
        (
            softmax(8192, 10),
            &["start and end on multiples of two"],
            DISCRETE,
        ),
        (
            softmax(8192, 11),
            &["where no wider access suits"],
            DISCRETE,
        ),
        (
            softmax(64, 8192),
            &[
                "8192 columns are 256 quads for each of 8 lanes, which hold 32, and 64 rows are enough",
            ],
            SOFTWARE,
        ),
        (
            softmax(4, 100_000),
            &["4 rows are fewer than 16: each is folded in 8 parts"],
            SOFTWARE,
        ),
        (
            softmax(4, 100_000_000),
            &["A row is longer than a binding of 134217728 bytes: it is folded in "],
            DEFAULT,
        ),
        (
            of(Operation::LogSumExp, 4096, 1000),
            &["4096 rows of 1000 columns are read, and no matrix is written: one invocation"],
            SOFTWARE,
        ),
        (
            of(Operation::PartialStatistic, 64, 1000),
            &["The columns of a shard are folded"],
            SOFTWARE,
        ),
        (
            of(Operation::MergeStatistics, 64, 11),
            &["11 records of a row are merged by"],
            SOFTWARE,
        ),
        (
            of(Operation::SoftmaxFromPairs, 8, 100_000),
            &["8 rows of 100000 columns are written in 32 parts each"],
            SOFTWARE,
        ),
        (
            of(Operation::LseFromPairs, 64, 1),
            &[
                "one invocation reads single elements",
                "No access is wider than one.",
            ],
            SOFTWARE,
        ),
        (
            softmax(8192, 20).strided(64),
            &[
                "20 columns of four rows side by side fit the registers of one invocation, 32 at most.",
                "group of four rows",
            ],
            SOFTWARE,
        ),
        (
            softmax(32_768, 100).strided(4096),
            &["100 columns of rows side by side are more than the 32"],
            SOFTWARE,
        ),
        (
            softmax(32_768, 1000).strided(4096),
            &["32768 rows of 1000 columns are folded in 4 parts of 250 columns"],
            SOFTWARE,
        ),
    ];
    for (problem, words, abilities) in list {
        let variant = choose(problem, &abilities).expect("a variant");
        let reason = reason(problem, variant, &abilities);
        for word in words {
            assert!(
                reason.contains(word),
                "no {word:?} in {reason:?} of {variant}"
            );
        }
    }
}

#[test]
fn words_tell_what_a_variant_is() {
    let words = |name: &str| name.parse::<Variant>().expect("a variant").in_words();
    assert_eq!(
        words("registers4.subgroup8of64.quads64"),
        "a row in registers, 4 quads of values a lane: one read, one write; 8 lanes that merge by shuffles; four values an access, by 64-bit integers"
    );
    assert_eq!(
        words("split5.invocation1of8.words.16rows"),
        "four rows side by side folded in 5 parts, which a later dispatch merges and writes; one invocation, 4 such groups each; one word an access"
    );
    assert_eq!(
        words("elementwise1.workgroup256of256.pairs"),
        "a row written from what is known of it; 256 lanes that merge through workgroup memory; two values an access"
    );
}

#[test]
fn rivals_differ_in_lanes_workgroups_and_treatment() {
    let names = |operation, rows, cols, abilities| -> Vec<String> {
        let list = rivals(of_shape(operation, rows, cols), abilities).expect("a variant");
        list.iter().map(Variant::to_string).collect()
    };
    let has = |list: &[String], name: &str| {
        assert!(list.iter().any(|one| one == name), "no {name} in {list:?}")
    };
    let list = names(Operation::CrossEntropyFused, 16_384, 128, &SOFTWARE);
    [
        "registers32.invocation1of64.quads64",
        "registers8.subgroup4of64.quads64",
        "registers4.subgroup8of64.quads64",
    ]
    .iter()
    .for_each(|name| has(&list, name));
    // A device may hold rows badly.
    assert_eq!(
        list.last().map(String::as_str),
        Some("streamed.subgroup8of64.quads64")
    );
    let list = names(Operation::Softmax, 8192, 1024, &DISCRETE);
    assert!(
        list.last()
            .is_some_and(|name| name.starts_with("streamed.")),
        "{list:?}"
    );
    // A row that is only read may be streamed.
    has(
        &names(Operation::LogSumExp, 16_384, 128, &SOFTWARE),
        "streamed.invocation1of64.quads64",
    );
    // What is read twice in any case may be split, too.
    let list = names(Operation::Softmax, 1024, 262_144, &DISCRETE);
    assert!(
        list.iter().any(|name| name.starts_with("split")),
        "{list:?}"
    );
    // A row that the preferred kernel reads twice may be read once, by many lanes.
    let list = names(Operation::Softmax, 1024, 32_768, &SOFTWARE);
    assert!(list[0].starts_with("streamed."), "{list:?}");
    has(&list, "registers8.hybrid8x128of1024.quads64");
}
