//! No option costs anything where it is off, without a GPU: a kernel of the default form has no code of another one, and
//! what it does for each element reads no number of an option, so that those are paid per row.

mod code;
mod numbers;
mod reads;

use naga::Module;
use wgpu_softmax::DType;
use wgpu_softmax::shader::{Program, Stage};
use wgpu_softmax::variant::{Access, Form, Operation, Reduce};

/// The operations that have other forms.
const OPERATIONS: [Operation; 5] = [
    Operation::CrossEntropy,
    Operation::CrossEntropyFused,
    Operation::CrossEntropyBackward,
    Operation::CrossEntropyFromPairs,
    Operation::PartialStatistic,
];

/// Every program of an operation in a form, by a few storages and ways to merge.
fn programs(operation: Operation, form: Form) -> Vec<Program> {
    let mut list = Vec::new();
    for stage in stages(operation, form) {
        for (reduce, access, dtype) in [
            (Reduce::Invocation, Access::Words, DType::F32),
            (Reduce::Subgroup, Access::Quads, DType::F16),
            (Reduce::Workgroup, Access::Quads, DType::F32),
        ] {
            let lanes = if reduce == Reduce::Invocation { 1 } else { 8 };
            list.push(Program {
                operation,
                form,
                stage,
                reduce,
                lanes,
                workgroup: 64,
                access,
                int64: false,
                dtype,
                beside: None,
            });
        }
    }
    list
}

fn stages(operation: Operation, form: Form) -> Vec<Stage> {
    let mut of_rows = vec![
        Stage::Registers {
            quads: 3,
            whole: false,
            counted: 0,
        },
        Stage::Streamed,
        Stage::Finish,
    ];
    // Parts without shares to sum are folded for all operations alike, and parts are wherever the result lies.
    of_rows.extend((form.is_dense() && !form.in_place).then_some(Stage::Partial));
    match operation {
        Operation::PartialStatistic => vec![Stage::Partial],
        Operation::CrossEntropyBackward => vec![
            Stage::Elementwise,
            Stage::Unrolled {
                quads: 3,
                whole: false,
            },
        ],
        Operation::CrossEntropyFromPairs => vec![Stage::Recalled],
        _ => of_rows,
    }
}

fn parse(text: &str) -> Module {
    naga::front::wgsl::parse_str(text)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(text)))
}
