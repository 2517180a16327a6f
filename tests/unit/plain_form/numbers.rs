//! Which numbers a kernel reads for each element.

use std::collections::BTreeSet;

use naga::{Function, Module};
use wgpu_softmax::shader::{Program, Stage};
use wgpu_softmax::variant::{Form, Operation, Shares};

use crate::plain_form::reads::Reads;
use crate::plain_form::{OPERATIONS, parse, programs};

/// Fields that say where data lies, and how a logit is scaled: they alone may be read for each element.
const PER_ELEMENT: [&str; 19] = [
    "cols",
    "source_offset",
    "source_stride",
    "upstream_offset",
    "upstream_stride",
    "result_offset",
    "result_stride",
    "part_cols",
    "first_record",
    "records",
    "record_row_stride",
    "record_part_stride",
    "scale",
    "prescale",
    "postscale",
    "lowest_shifted",
    "negligible_shifted",
    "exp2_hi",
    "exp2_lo",
];

/// What is called for each element of a row that is folded, and of one that is written.
const OF_FOLDING: [&str; 5] = ["load", "survey", "weigh", "terms_of", "take"];
const OF_WRITING: [&str; 4] = ["load", "weigh", "keep", "outcome"];

/// What the code that runs for each element reads: all loops, and the functions that are called for elements, which a
/// kernel may call from unrolled code too.
fn per_element<'m>(program: &Program, module: &'m Module) -> Reads<'m> {
    let mut reads = Reads::of(module);
    let entry_point = &module.entry_points[0].function;
    let functions = module.functions.iter().map(|(_, function)| function);
    functions
        .chain([entry_point])
        .for_each(|function| reads.loops(function, &function.body));
    for name in called_for_elements(program) {
        let named = |function: &Function| function.name.as_deref() == Some(name);
        let found = module
            .functions
            .iter()
            .find(|(_, function)| named(function));
        reads.function(
            found
                .unwrap_or_else(|| panic!("no {name} in {program:?}"))
                .0,
        );
    }
    reads
}

fn called_for_elements(program: &Program) -> Vec<&'static str> {
    let folds = matches!(
        program.stage,
        Stage::Registers { .. } | Stage::Streamed | Stage::Partial
    );
    let writes = program.operation.writes_matrix();
    let mut names = Vec::new();
    names.extend(OF_FOLDING.iter().filter(|_| folds));
    names.extend(OF_WRITING.iter().filter(|_| writes));
    names
}

fn read_per_element(operation: Operation, form: Form) -> BTreeSet<String> {
    let of_program = |program: Program| {
        let module = parse(&program.wgsl());
        per_element(&program, &module).fields
    };
    programs(operation, form)
        .into_iter()
        .flat_map(of_program)
        .collect()
}

#[test]
fn numbers_of_options_are_read_per_row() {
    let allowed = BTreeSet::from(PER_ELEMENT.map(str::to_owned));
    for operation in OPERATIONS
        .into_iter()
        .filter(|operation| !operation.is_per_row())
    {
        let fields = read_per_element(operation, Form::default());
        let others: Vec<_> = fields.difference(&allowed).collect();
        assert!(
            others.is_empty(),
            "{operation} reads {others:?} for each element"
        );
        assert!(
            fields.contains("exp2_hi"),
            "{operation} reads {fields:?} alone"
        );
    }
}

/// The walk does see what is read: by rows of the default form, and by elements of the others.
#[test]
fn what_is_read_is_seen() {
    for program in programs(Operation::CrossEntropyFused, Form::default()) {
        let module = parse(&program.wgsl());
        let mut reads = Reads::of(&module);
        let entry_point = &module.entry_points[0].function;
        reads.block(entry_point, &entry_point.body);
        for field in ["flags", "z_loss", "slope", "ignored_high", "valid_rows"] {
            assert!(
                reads.fields.contains(field),
                "{field} is not read by {program:?}"
            );
        }
    }
    let form = |shares, capped| Form {
        shares,
        capped,
        ..Form::default()
    };
    for (form, field) in [
        (form(Shares::Smoothed, false), "uniform_share"),
        (form(Shares::Probabilities, false), "flags"),
        (form(Shares::Onehot, true), "inverse_softcap"),
    ] {
        let fields = read_per_element(Operation::CrossEntropyFused, form);
        assert!(fields.contains(field), "{field} is not among {fields:?}");
    }
}
