//! Numbers that were computed elsewhere, and the layout of the row outputs.

use wgpu_softmax::check::compare;
use wgpu_softmax::{CrossEntropySpec, RowOutputs};

use crate::common::gpu;
use crate::row_outputs::problem::{everything, of_ids};

const LOGITS: [f32; 12] = [2., 1., 0., -1., 0., 0., 3., 1., -2., 4., 1., 0.];

fn close(found: &[f32], expected: &[f64]) {
    let allowed: Vec<f64> = expected
        .iter()
        .map(|value| 5e-7 * value.abs().max(1.0))
        .collect();
    let comparison = compare(found, expected, &allowed, 1);
    assert!(comparison.passed(), "{comparison}");
}

/// Numbers computed in decimal arithmetic.
#[test]
fn golden() {
    let mut problem = of_ids(4, LOGITS.to_vec(), &[0, -100, 0])
        .ignore_index(-100)
        .z_loss(0.01);
    problem.candidates = vec![3, 0, 9, 2, 2, -1, 2, 4, 2];
    let found = problem.by(None, true);
    let layout = &found.layout;
    let at = |place: Option<u32>| found.floats(place.expect("asked for"));
    close(
        &at(layout.target_log_prob),
        &[-0.440_189_698_561_195_3, 0.0, -6.068_201_920_905_707],
    );
    close(
        &at(layout.entropy),
        &[
            0.947_536_963_975_425_5,
            0.672_078_385_496_157_6,
            0.290_040_503_692_532_3,
        ],
    );
    close(
        &at(layout.max_prob),
        &[
            0.643_914_259_887_972_4,
            0.809_775_991_523_652,
            0.934_071_845_900_798_3,
        ],
    );
    close(
        &at(layout.z_loss),
        &[0.059_545_257_649_641_77, 0.0, 0.165_502_668_692_608_9],
    );
    assert_eq!(found.argmax(), [0, 2, 1]);
    assert_eq!(found.column(layout.hit.expect("asked for")), [1, 0, 0]);
    let [first, second, third] = [0, 1, 2].map(|k| found.floats(layout.log_probs.start + k));
    close(
        &first,
        &[
            -3.440_189_698_561_195_3,
            -0.210_997_623_238_175_72,
            -3.068_201_920_905_708,
        ],
    );
    close(
        &second[..2],
        &[-0.440_189_698_561_195_3, -0.210_997_623_238_175_72],
    );
    assert!(second[2].is_nan() && third[0].is_nan() && third[1].is_nan());
    close(&third[2..], &[-3.068_201_920_905_708]);
}

/// The outputs are in order, each with a place if it is requested.
#[test]
fn the_layout_is_as_asked() {
    let layout = |outputs: RowOutputs| {
        let spec = CrossEntropySpec::new(3, 4).row_outputs(outputs);
        let plan = gpu().planner().cross_entropy(spec).expect("a plan");
        plan.row_layout()
    };
    let none = layout(RowOutputs::default());
    assert_eq!((none.words, none.log_probs.len(), none.hit), (0, 0, None));
    let all = layout(everything());
    assert_eq!((all.words, all.target_log_prob), (9, Some(0)));
    assert_eq!(all.log_probs, 1..4);
    let rest = [all.entropy, all.argmax, all.hit, all.max_prob, all.z_loss];
    assert_eq!(rest, [4, 5, 6, 7, 8].map(Some));
    let some = layout(RowOutputs::default().z_loss().hit());
    assert_eq!((some.words, some.hit, some.z_loss), (2, Some(0), Some(1)));
    assert_eq!((some.argmax, some.log_probs.len()), (None, 0));
}
